//! `seaworthy resume`: lets the healer act again, within its policies.

use clap::Args;
use model::brake::BrakeSpec;

use super::Outcome;
use crate::arguments::Cluster;
use crate::exit::Exit;
use crate::{connect, output, own_hand, runtime};

/// Where
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let connection = connect::to(&arguments.cluster).await?;
        let brake = BrakeSpec { paused: false, reason: String::new(), until: None };
        own_hand::set_brake(connection.client, &brake).await?;
        output::print(&format!("resumed: the healer acts within its policies on {}", connection.server_url))?;
        Ok(Exit::Fine)
    })
}

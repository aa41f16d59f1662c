//! `seaworthy resume`: lets the healer act again, within its policies.

use clap::Args;
use model::brake::BrakeSpec;

use super::Outcome;
use crate::arguments::Cluster;
use crate::exit::Exit;
use crate::{connect, output, runtime};

/// Where
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let records = connect::records(&arguments.cluster).await?;
        let brake = BrakeSpec { paused: false, reason: String::new(), until: None };
        records.set_brake(&brake).await?;
        output::print(&format!("resumed: the healer acts within its policies on {}", records.server()))?;
        Ok(Exit::Fine)
    })
}

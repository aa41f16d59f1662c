//! `seaworthy pause`: the Brake. It wins within one action.

use clap::Args;
use model::DurationText;
use model::brake::BrakeSpec;

use super::Outcome;
use crate::arguments::Cluster;
use crate::exit::{Exit, Failure};
use crate::{connect, output, own_hand, runtime};

/// Why, and for how long
#[derive(Args)]
pub(crate) struct Arguments {
    /// Why, for those who wonder
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// End by itself after this long: 30m, 2h; without it, until somebody resumes
    #[arg(long = "for", value_name = "DURATION")]
    lasting: Option<DurationText>,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let connection = connect::to(&arguments.cluster).await?;
        let now = runtime::environment()?.now();
        let until = arguments.lasting.map(|lasting| now.checked_add(lasting.signed())).transpose();
        let until = until.map_err(Failure::usage)?;
        let brake = BrakeSpec { paused: true, reason: arguments.reason.clone(), until };
        own_hand::set_brake(connection.client, &brake).await?;
        let ends =
            until.map_or_else(|| "until `seaworthy resume`".to_owned(), |until| format!("until {until:.0}"));
        output::print(&format!(
            "paused {ends}: the healer begins no further action on {}",
            connection.server_url
        ))?;
        Ok(Exit::Fine)
    })
}

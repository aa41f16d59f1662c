//! `seaworthy pause`: the Brake. It wins within one action.

use clap::Args;
use jiff::Unit;
use model::DurationText;
use model::brake::BrakeSpec;

use super::Outcome;
use crate::arguments::{Cluster, lasting};
use crate::exit::{Exit, Failure};
use crate::{connect, output, runtime};

/// Why, and for how long
#[derive(Args)]
pub(crate) struct Arguments {
    /// Why, for those who wonder
    #[arg(long, value_name = "TEXT", default_value = "")]
    reason: String,
    /// End by itself after this long: 30m, 2h; without it, until somebody resumes
    #[arg(long = "for", value_name = "DURATION", value_parser = lasting)]
    lasting: Option<DurationText>,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let records = connect::records(&arguments.cluster).await?;
        // Whole seconds: people read them.
        let now = runtime::environment()?.now().round(Unit::Second).map_err(Failure::usage)?;
        let until = arguments.lasting.map(|lasting| now.checked_add(lasting.signed())).transpose();
        let until = until.map_err(Failure::usage)?;
        let brake = BrakeSpec { paused: true, reason: arguments.reason.clone(), until };
        records.set_brake(&brake).await?;
        let ends =
            until.map_or_else(|| "until `seaworthy resume`".to_owned(), |until| format!("until {until}"));
        output::print(&format!(
            "paused {ends}: the healer begins no further action on {}",
            records.server()
        ))?;
        Ok(Exit::Fine)
    })
}

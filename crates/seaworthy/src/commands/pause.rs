//! `seaworthy pause`: the Brake. It wins within one action.

use clap::Args;
use jiff::{Timestamp, Unit};
use model::DurationText;
use model::brake::BrakeSpec;

use super::Outcome;
use crate::arguments::{Cluster, lasting};
use crate::exit::{Exit, Failure};
use crate::records::Records;
use crate::{clock, connect, output, runtime};

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

/// So long from now, in whole seconds: people read them.
async fn after(lasting: DurationText, records: &Records) -> Result<Timestamp, Failure> {
    let now = clock::of_cluster(&records.connection().client).await?.now();
    let end = now.checked_add(lasting.signed()).and_then(|end| end.round(Unit::Second));
    end.map_err(Failure::usage)
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let records = connect::records(&arguments.cluster).await?;
        let until = match arguments.lasting {
            Some(lasting) => Some(after(lasting, &records).await?),
            None => None,
        };
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

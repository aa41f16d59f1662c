//! `seaworthy version`

use clap::Args;
use serde::Serialize;

use super::Outcome;
use crate::exit::Exit;
use crate::output::{Output, Table, Tone};

/// How to print it
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(flatten)]
    output: Output,
}

/// What this binary is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Build {
    version: &'static str,
    platform: String,
    custom_resources: String,
    configuration: &'static str,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let build = Build {
        version: env!("CARGO_PKG_VERSION"),
        platform: format!("{}/{}", std::env::consts::OS, std::env::consts::ARCH),
        custom_resources: format!("{}/{}", model::GROUP, model::VERSION),
        configuration: model::config::API_VERSION,
    };
    arguments.output.write(&build, |_| {
        let mut table = Table::new(&["VERSION", "PLATFORM", "CUSTOM RESOURCES", "CONFIGURATION"], "");
        table.row(
            build.version.to_owned(),
            [build.version, &build.platform, &build.custom_resources, build.configuration]
                .map(|text| (text.to_owned(), Tone::Plain))
                .into(),
        );
        table
    })?;
    Ok(Exit::Fine)
}

//! `seaworthy check`: one look over a cluster, with the monitor's own engine.

mod progress;
mod table;

use std::path::PathBuf;

use clap::Args;
use monitor::{PassOptions, Report};

use super::Outcome;
use crate::arguments::{Cluster, Scope};
use crate::exit::Exit;
use crate::output::{self, Form, Output};
use crate::{configuration, connect, runtime};
use progress::Bar;

/// What to look at
#[derive(Args)]
pub(crate) struct Arguments {
    /// A monitor's configuration file, for its thresholds; without it, the defaults
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    cluster: Cluster,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let config = configuration::monitor(arguments.config.as_deref())?;
    runtime::block_on(async {
        let environment = runtime::environment()?;
        let client = connect::to(&arguments.cluster).await?.client;
        let options = PassOptions { config, namespace: arguments.scope.namespace.clone() };
        let mut bar = Bar::new();
        let report = monitor::check(client, &environment, options, |progress| bar.show(&progress)).await?;
        bar.end();
        arguments.output.write(&report, |wide| table::of(&report, wide, environment.now()))?;
        if matches!(arguments.output.form, Form::Table | Form::Wide) {
            output::print(&format!("\n{}", table::footer(&report)))?;
        }
        Ok(exit(&report))
    })
}

/// By the worst that was found. Where nothing was found and not everything was seen, nobody can say that all is well.
fn exit(report: &Report) -> Exit {
    match Exit::of(report.worst()) {
        Exit::Fine if !report.unseen.is_empty() => Exit::Failed,
        exit => exit,
    }
}

#[cfg(test)]
mod tests {
    use monitor::{Report, Unseen};

    use super::exit;
    use crate::exit::Exit;

    #[test]
    fn what_was_not_seen_is_not_fine() {
        let unseen =
            vec![Unseen { check: "NodeNotReady".into(), reason: "not allowed to list nodes".into() }];
        assert_eq!(exit(&Report::default()), Exit::Fine);
        assert_eq!(exit(&Report { unseen, ..Report::default() }), Exit::Failed);
    }
}

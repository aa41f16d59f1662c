//! `seaworthy issues`: what a running alerter knows to be wrong.

use std::collections::BTreeSet;
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use model::issue::Key;
use model::{Issue, Severity};

use super::Outcome;
use crate::arguments::Scope;
use crate::exit::Exit;
use crate::output::{Output, Table, Tone, age};
use crate::peer::{self, Peer, Reported};
use crate::runtime;

/// How often a watched list is asked for again. The alerter answers from memory.
const EVERY: Duration = Duration::from_secs(2);

/// Which issues, from whom
#[derive(Args)]
pub(crate) struct Arguments {
    /// Go on and print what is new
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    peer: Peer,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let environment = runtime::environment()?;
        let alerter = arguments.peer.alerter(&environment).await?;
        let mut shown = None;
        loop {
            let mut found = peer::issues(&alerter).await?;
            found.retain(|one| one.report.resolution.is_none());
            found.retain(|one| arguments.scope.includes(&one.report.issue.lineage.namespace));
            found.sort_by_key(|one| order(&one.report.issue));
            let keys: BTreeSet<Key> = found.iter().map(|one| one.report.issue.key()).collect();
            let new: Vec<&Reported> = found
                .iter()
                .filter(|one| {
                    shown
                        .as_ref()
                        .is_none_or(|shown: &BTreeSet<Key>| !shown.contains(&one.report.issue.key()))
                })
                .collect();
            if !new.is_empty() || shown.is_none() {
                let issues: Vec<&Issue> = new.iter().map(|one| &one.report.issue).collect();
                arguments.output.write(&issues, |wide| table(&new, wide, environment.now()))?;
            }
            if !arguments.watch {
                return Ok(exit(&found));
            }
            shown = Some(keys);
            tokio::time::sleep(EVERY).await;
        }
    })
}

/// The worst first, then by lineage.
fn order(issue: &Issue) -> (std::cmp::Reverse<Severity>, Key) {
    (std::cmp::Reverse(issue.severity), issue.key())
}

fn exit(found: &[Reported]) -> Exit {
    Exit::of(found.iter().map(|one| one.report.issue.severity).max())
}

fn table(reported: &[&Reported], wide: bool, now: Timestamp) -> Table {
    let narrow = ["SEVERITY", "CHECK", "LINEAGE", "AGE", "SUMMARY"];
    let all = ["SEVERITY", "CHECK", "LINEAGE", "AGE", "SUMMARY", "STATE", "CAUSE", "CLUSTER"];
    let mut table = Table::new(if wide { &all } else { &narrow }, "no issues");
    for Reported { report, status } in reported {
        let issue = &report.issue;
        let old = Duration::try_from(now.duration_since(issue.since)).unwrap_or_default();
        let cause = issue.cause.as_ref().map(|cause| format!("{} {}", cause.lineage, cause.code));
        let state = match (status.silenced_by.is_empty(), status.inhibited_by.is_empty()) {
            (false, _) => "silenced",
            (true, false) => "inhibited",
            (true, true) => &status.state,
        };
        table.row([
            (issue.severity.to_string(), issue.severity.into()),
            (issue.code.clone(), Tone::Plain),
            (issue.lineage.to_string(), Tone::Plain),
            (age(old), Tone::Faint),
            (issue.summary.clone(), Tone::Plain),
            (state.to_owned(), Tone::Plain),
            (cause.unwrap_or_default(), Tone::Plain),
            (report.cluster.clone(), Tone::Plain),
        ]);
    }
    table
}

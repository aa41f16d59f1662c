//! `seaworthy issues`: what a running monitor has open.

use std::collections::BTreeMap;
use std::time::Duration;

use clap::Args;
use environment::Environment;
use model::issue::Key;

use super::Outcome;
use crate::arguments::Scope;
use crate::findings::{self, Finding, Findings, Watcher};
use crate::output::{self, Output, Printer};
use crate::peer::Peer;
use crate::runtime;

/// How often a watched list is asked for again. It is answered from memory.
const EVERY: Duration = Duration::from_secs(1);
/// The state of an issue that is not open any more.
const OVER: &str = "over";

/// Which issues, from whom
#[derive(Args)]
pub(crate) struct Arguments {
    /// Go on and print what changes
    #[arg(short, long)]
    watch: bool,
    #[command(flatten)]
    scope: Scope,
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    watcher: Watcher,
    #[command(flatten)]
    peer: Peer,
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    runtime::block_on(async {
        let environment = runtime::environment()?;
        let ask = async || {
            let findings = findings::ask(&arguments.watcher, &arguments.peer, &environment).await?;
            Ok::<_, anyhow::Error>(findings.within(&arguments.scope))
        };
        if arguments.watch {
            return watch(ask, arguments.output, &environment).await;
        }
        let findings = ask().await?;
        let now = findings.at.unwrap_or_else(|| environment.now());
        let table = |wide| findings::table_of(&findings, wide, now);
        arguments.output.write(&findings, table)?;
        if arguments.output.is_table() {
            output::print(&format!("\n{}", findings::footer(&findings)))?;
        }
        Ok(findings.exit())
    })
}

/// Until somebody ends the process, or nobody answers any more. Programs get all that is open whenever something changed,
/// people what changed.
async fn watch(
    ask: impl AsyncFn() -> anyhow::Result<Findings>,
    output: Output,
    environment: &Environment,
) -> Outcome {
    let mut printer = Printer::new(output);
    let mut shown: Option<BTreeMap<Key, Finding>> = None;
    loop {
        let findings = ask().await?;
        let changed = changed(shown.as_ref(), &findings.issues);
        if shown.is_none() || !changed.is_empty() {
            let now = findings.at.unwrap_or_else(|| environment.now());
            printer.write(&findings, |wide| findings::table(&changed, wide, now))?;
        }
        shown = Some(findings.issues.into_iter().map(|finding| (finding.issue.key(), finding)).collect());
        tokio::time::sleep(EVERY).await;
    }
}

/// What is new or other than it was, and what is over.
fn changed(before: Option<&BTreeMap<Key, Finding>>, now: &[Finding]) -> Vec<Finding> {
    let Some(before) = before else { return now.to_vec() };
    let mut changed: Vec<Finding> = now
        .iter()
        .filter(|finding| before.get(&finding.issue.key()).is_none_or(|known| is_other(known, finding)))
        .cloned()
        .collect();
    let open = |key: &Key| now.iter().any(|finding| finding.issue.key() == *key);
    let over = before.iter().filter(|(key, _)| !open(key));
    changed.extend(over.map(|(_, finding)| Finding { state: Some(OVER.to_owned()), ..finding.clone() }));
    changed
}

/// Whether a person would want to know. Restarts and ages change all the time.
fn is_other(before: &Finding, now: &Finding) -> bool {
    before.state != now.state
        || before.issue.severity != now.issue.severity
        || before.issue.cause != now.issue.cause
        || before.issue.members.len() != now.issue.members.len()
}

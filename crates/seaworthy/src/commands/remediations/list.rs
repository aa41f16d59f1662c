//! The list, once or as it changes.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use kube::ResourceExt;
use model::age::age;
use model::remediation::{Phase, Remediation};

use super::List;
use crate::commands::Outcome;
use crate::exit::Exit;
use crate::output::{Printer, Table, Tone};
use crate::records::Records;
use crate::{clock, connect, runtime};

/// How often a watched list is read again. A list of our own few objects every two seconds costs less than it would to
/// explain a broken watch to a person at a terminal.
const EVERY: Duration = Duration::from_secs(2);

pub(super) fn run(list: &List) -> Outcome {
    runtime::block_on(async {
        let records = connect::records(&list.cluster).await?;
        let environment = clock::of_cluster(&records.connection().client).await?;
        let (mut shown, mut printer) = (Versions::new(), Printer::new(list.output));
        let mut first = true;
        loop {
            let found = read(&records, list, &shown).await?;
            let versions = versions(&found);
            let changed: Vec<Remediation> = found
                .into_iter()
                .filter(|one| shown.get(&one.name_any()) != one.metadata.resource_version.as_ref())
                .collect();
            if !changed.is_empty() || first {
                printer.write(&changed, |wide| table(&changed, wide, environment.now()))?;
            }
            if !list.watch {
                return Ok(Exit::Fine);
            }
            (shown, first) = (versions, false);
            tokio::time::sleep(EVERY).await;
        }
    })
}

/// Names, and the versions in which they were shown.
type Versions = BTreeMap<String, String>;

/// Oldest first, as kubectl's habit is to end with what is new. Whoever watches one also sees how it ends.
async fn read(records: &Records, list: &List, shown: &Versions) -> anyhow::Result<Vec<Remediation>> {
    let mut found: Vec<Remediation> = records.list().await?;
    let wanted = |one: &Remediation| list.all || !is_over(one) || shown.contains_key(&one.name_any());
    found.retain(|one| list.scope.includes(&one.spec.lineage.namespace) && wanted(one));
    // What kubectl leaves out, too: long, and about nobody's question.
    for one in &mut found {
        one.metadata.managed_fields = None;
    }
    found.sort_by_key(|one| (one.creation_timestamp().map(|time| time.0), one.name_any()));
    Ok(found)
}

fn is_over(remediation: &Remediation) -> bool {
    remediation.status.as_ref().is_some_and(|status| status.phase.is_over())
}

fn versions(found: &[Remediation]) -> Versions {
    found.iter().filter_map(|one| Some((one.name_any(), one.resource_version()?))).collect()
}

fn table(remediations: &[Remediation], wide: bool, now: Timestamp) -> Table {
    let narrow = ["NAME", "LINEAGE", "CHECK", "PHASE", "STEP", "RULE", "AGE"];
    let all =
        ["NAME", "LINEAGE", "CHECK", "PHASE", "STEP", "RULE", "AGE", "POLICY", "MODE", "ATTEMPTS", "MESSAGE"];
    let mut table =
        Table::new(if wide { &all } else { &narrow }, "no remediations (--all shows those that are over)");
    for remediation in remediations {
        let spec = &remediation.spec;
        let status = remediation.status.clone().unwrap_or_default();
        let created = remediation.creation_timestamp().map_or(now, |time| time.0);
        let old = Duration::try_from(now.duration_since(created)).unwrap_or_default();
        let name = format!("remediation.{}/{}", model::GROUP, remediation.name_any());
        table.row(
            name,
            vec![
                (remediation.name_any(), Tone::Plain),
                (spec.lineage.to_string(), Tone::Plain),
                (spec.check.clone(), Tone::Plain),
                (status.phase.as_str().to_owned(), tone(status.phase)),
                (status.action.map(|action| action.to_string()).unwrap_or_default(), Tone::Plain),
                (
                    status.standing_decision().map(|decision| decision.rule.clone()).unwrap_or_default(),
                    Tone::Plain,
                ),
                (age(old), Tone::Faint),
                (spec.policy.clone(), Tone::Plain),
                (spec.mode.as_str().to_owned(), Tone::Plain),
                (status.attempts.len().to_string(), Tone::Plain),
                (status.message, Tone::Plain),
            ],
        );
    }
    table
}

fn tone(phase: Phase) -> Tone {
    match phase {
        Phase::Succeeded | Phase::Cleared => Tone::Good,
        Phase::Escalated | Phase::Denied => Tone::Bad,
        Phase::AwaitingApproval | Phase::Deferred => Tone::Warning,
        Phase::Pending
        | Phase::Acting
        | Phase::Verifying
        | Phase::Observed
        | Phase::Rejected
        | Phase::Cancelled => Tone::Plain,
    }
}

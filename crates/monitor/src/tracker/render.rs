//! How an issue is told: its members in order, its worst first in words.

use std::cmp::Reverse;

use model::alert::MEMBERS_MAX;
use model::issue::{self, Cause, Evidence, Routing};
use model::{Issue, Lineage, Severity};

use super::{Key, Member, Tracked};
use crate::world::World;

/// The evidence that says which symptom makes an issue as grave as it is.
const GRAVE_FOR: &str = "graveFor";

/// The issue as it is. None while it is not open.
pub(super) fn issue(key: &Key, tracked: &Tracked, cause: Option<Cause>, world: &World) -> Option<Issue> {
    let since = tracked.open_since?;
    let mut members: Vec<&Member> = tracked.members.values().collect();
    members.sort_by(|a, b| a.seen.object.cmp(&b.seen.object));
    let worst =
        members.iter().min_by_key(|member| (Reverse(member.counts), Reverse(member.finding.severity)))?;
    let subject = world.object_of(&key.lineage);
    let mut evidence = worst.finding.evidence.clone();
    let is_member = members.len() == 1
        && worst.seen.object.kind == subject.kind
        && worst.seen.object.name == subject.name;
    if !is_member {
        evidence.insert("members".into(), members.len().to_string());
    }
    let mut summary = summary(&key.lineage, worst, members.len(), is_member);
    if !worst.counts
        && let Some(told) = &tracked.told
    {
        // What was wrong is gone, and what came in its place is only on its way: people are told of the former.
        let told = by_itself(told);
        (summary, evidence) = (told.summary, told.evidence);
    }
    Some(Issue {
        code: key.code.to_owned(),
        severity: tracked.severity()?,
        lineage: key.lineage.clone(),
        summary,
        subject,
        members: members.iter().take(MEMBERS_MAX).map(|member| self::member(member)).collect(),
        members_omitted: members.len().saturating_sub(MEMBERS_MAX),
        since,
        evidence,
        cause,
        routing: routing(&key.lineage, &members, world),
    })
}

/// The issue as it was told last: nothing is left to say of it but how it ends. Only its cause, and what it
/// explains itself, may change.
pub(super) fn past(tracked: &Tracked, cause: Option<Cause>) -> Option<Issue> {
    Some(Issue { cause, severity: tracked.severity()?, ..by_itself(tracked.told.as_ref()?) })
}

/// An issue as it was told, without what it explains.
fn by_itself(told: &Issue) -> Issue {
    let mut issue = told.clone();
    if let Some(symptom) = issue.evidence.remove(GRAVE_FOR)
        && let Some(own) = told.summary.strip_suffix(&consequence(&symptom))
    {
        issue.summary.truncate(own.len());
    }
    issue
}

/// An issue is told as gravely as its gravest symptom, with the reason.
pub(super) fn make_grave(issue: &mut Issue, severity: Severity, symptom: &Key) {
    let symptom = format!("{} of {}", symptom.code, symptom.lineage);
    issue.severity = severity;
    issue.summary.push_str(&consequence(&symptom));
    issue.evidence.insert(GRAVE_FOR.into(), symptom);
}

/// What whoever is paged reads of the symptom.
fn consequence(symptom: &str) -> String {
    format!("; it causes {symptom}")
}

fn member(member: &Member) -> issue::Member {
    issue::Member {
        object: member.seen.object.clone(),
        container: member.finding.container.clone(),
        node: member.seen.node.clone(),
        evidence: Evidence::clone(&member.finding.evidence),
    }
}

/// `Deployment shop/web: container app keeps exiting (exit code 1), 7 restarts (web-x and 2 more)`
fn summary(lineage: &Lineage, worst: &Member, members: usize, is_member: bool) -> String {
    let slash = if lineage.namespace.is_empty() { "" } else { "/" };
    let Lineage { kind, namespace, name, .. } = lineage;
    let what = format!("{kind} {namespace}{slash}{name}: {}", worst.finding.summary);
    match members {
        _ if is_member => what,
        1 => format!("{what} ({})", worst.seen.object.name),
        count => format!("{what} ({} and {} more)", worst.seen.object.name, count - 1),
    }
}

fn routing(lineage: &Lineage, members: &[&Member], world: &World) -> Routing {
    let node = common(members.iter().map(|member| member.seen.node.as_str()));
    let zones = members.iter().map(|member| {
        let node = world.node_named(&member.seen.node);
        node.and_then(|node| node.zone.as_deref()).unwrap_or_default()
    });
    let workload = match lineage.kind.as_str() {
        "Node" | "Service" | "Pod" => "",
        _ => lineage.name.as_str(),
    };
    let team = world.team_of(lineage).map(str::to_owned);
    Routing {
        node: node.to_owned(),
        zone: common(zones).to_owned(),
        workload: workload.to_owned(),
        team: team
            .unwrap_or_else(|| common(members.iter().map(|member| member.seen.team.as_str())).to_owned()),
    }
}

/// What all say alike; else nothing.
fn common<'a>(mut texts: impl Iterator<Item = &'a str>) -> &'a str {
    let first = texts.next().unwrap_or_default();
    if texts.all(|text| text == first) { first } else { "" }
}

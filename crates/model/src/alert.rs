//! Alerts as the Alertmanager API v2 writes them, and how issues travel in them.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::issue::{Cause, Evidence, Issue, Key, Member, Resolution, Routing};
use crate::labels::{self, LabelSet, annotation};
use crate::{Lineage, ObjectRef, Severity};

/// How often a live issue is posted again. From the design of the wire: several chances to be
/// heard within [`VALIDITY`].
pub const RESEND_INTERVAL: SignedDuration = SignedDuration::from_secs(60);
/// How far ahead `endsAt` is set: longer than a monitor's lease and a cold sync together, so that
/// a hand-over between monitors never looks like a recovery.
pub const VALIDITY: SignedDuration = SignedDuration::from_secs(300);
/// The most members that travel with an alert. One page of a mail; the count says the rest.
pub const MEMBERS_MAX: usize = 50;

/// An alert as `POST /api/v2/alerts` takes it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct PostableAlert {
    /// Identity and routing.
    pub labels: LabelSet,
    /// Everything else.
    #[serde(default)]
    pub annotations: LabelSet,
    /// When it began; the receiver fills it in where it is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub starts_at: Option<Timestamp>,
    /// When it ends unless it is posted again; in the past for a resolved alert.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Timestamp>,
    /// Where it came from.
    #[serde(default, rename = "generatorURL", skip_serializing_if = "String::is_empty")]
    pub generator_url: String,
}

/// The members as they travel: bounded, with the count of those left out.
#[derive(Serialize, Deserialize)]
struct Members {
    items: Vec<Member>,
    #[serde(default)]
    omitted: usize,
}

/// Why an alert could not be read as one of Seaworthy's issues.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAnIssue {
    /// A label that every issue has is missing.
    #[error("label {0:?} is missing")]
    MissingLabel(&'static str),
    /// A label or annotation does not have the form that issues give it.
    #[error("{place} cannot be read: {reason}")]
    Malformed {
        /// The label's or annotation's name.
        place: &'static str,
        /// What is wrong with it.
        reason: String,
    },
}

/// What an alert of Seaworthy's says about its issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The configured name or UID of the cluster it is about.
    pub cluster: String,
    /// The issue.
    pub issue: Issue,
    /// Why it ended; `None` while it lasts.
    pub resolution: Option<Resolution>,
}

/// The labels of an issue: identity first, then routing.
pub fn issue_labels(issue: &Issue, cluster: &str) -> LabelSet {
    let mut set = identity_labels(&issue.key(), &issue.subject, cluster);
    set.insert(labels::SEVERITY.into(), issue.severity.to_string());
    let routing = &issue.routing;
    for (name, value) in [
        (labels::NODE, &routing.node),
        (labels::ZONE, &routing.zone),
        (labels::WORKLOAD, &routing.workload),
        (labels::TEAM, &routing.team),
    ] {
        if !value.is_empty() {
            set.insert(name.into(), value.clone());
        }
    }
    set
}

/// The labels that make an issue one episode.
pub fn identity_labels(key: &Key, subject: &ObjectRef, cluster: &str) -> LabelSet {
    let mut set = LabelSet::from([
        (labels::ALERT_NAME.to_owned(), key.code.clone()),
        (labels::CHECK.to_owned(), key.code.clone()),
        (labels::CLUSTER.to_owned(), cluster.to_owned()),
        (labels::LINEAGE.to_owned(), key.lineage.to_string()),
        (labels::KIND.to_owned(), subject.kind.clone()),
        (labels::NAME.to_owned(), subject.name.clone()),
    ]);
    if !subject.namespace.is_empty() {
        set.insert(labels::NAMESPACE.into(), subject.namespace.clone());
    }
    set
}

/// A live issue as an alert, valid for [`VALIDITY`] from `now`.
pub fn firing(issue: &Issue, cluster: &str, now: Timestamp) -> PostableAlert {
    PostableAlert {
        labels: issue_labels(issue, cluster),
        annotations: issue_annotations(issue),
        starts_at: Some(issue.since),
        ends_at: Some(now + VALIDITY),
        generator_url: String::new(),
    }
}

/// The end of an issue as an alert, under the labels it was last posted with. It begins no later
/// than it ends, or the receiver would refuse it: an issue may have begun anew since an end that is
/// still told, and clocks are set back.
pub fn resolved(issue: &Issue, cluster: &str, resolution: Resolution, now: Timestamp) -> PostableAlert {
    let mut alert = firing(issue, cluster, now);
    alert.annotations.insert(annotation::RESOLUTION.into(), resolution.as_str().into());
    alert.starts_at = alert.starts_at.map(|began| began.min(now));
    alert.ends_at = Some(now);
    alert
}

fn issue_annotations(issue: &Issue) -> LabelSet {
    let omitted = issue.members_omitted + issue.members.len().saturating_sub(MEMBERS_MAX);
    let members = Members { items: issue.members.iter().take(MEMBERS_MAX).cloned().collect(), omitted };
    let mut set = LabelSet::from([
        (annotation::SUMMARY.to_owned(), issue.summary.clone()),
        (annotation::SINCE.to_owned(), issue.since.to_string()),
        (annotation::MEMBERS.to_owned(), to_json(&members)),
        (annotation::EVIDENCE.to_owned(), to_json(&issue.evidence)),
        (annotation::SUBJECT.to_owned(), to_json(&issue.subject)),
    ]);
    if let Some(cause) = &issue.cause {
        set.insert(annotation::CAUSE.into(), to_json(cause));
    }
    set
}

/// Reads an issue back from an alert that [`firing`] or [`resolved`] made.
pub fn report(alert: &PostableAlert) -> Result<Report, NotAnIssue> {
    let lineage: Lineage = parse_label(&alert.labels, labels::LINEAGE)?;
    let severity: Severity = parse_label(&alert.labels, labels::SEVERITY)?;
    let code = label(&alert.labels, labels::CHECK)?.to_owned();
    let cluster = label(&alert.labels, labels::CLUSTER)?.to_owned();
    let subject = match json::<ObjectRef>(alert, annotation::SUBJECT)? {
        Some(subject) => subject,
        None => ObjectRef {
            kind: label(&alert.labels, labels::KIND)?.to_owned(),
            namespace: optional(&alert.labels, labels::NAMESPACE),
            name: label(&alert.labels, labels::NAME)?.to_owned(),
            uid: String::new(),
        },
    };
    let members =
        json::<Members>(alert, annotation::MEMBERS)?.unwrap_or(Members { items: vec![], omitted: 0 });
    let resolution = match alert.annotations.get(annotation::RESOLUTION) {
        None => None,
        Some(text) => Some(Resolution::parse(text).ok_or_else(|| NotAnIssue::Malformed {
            place: annotation::RESOLUTION,
            reason: format!("{text:?} is not a resolution"),
        })?),
    };
    let issue = Issue {
        code,
        severity,
        lineage,
        subject,
        members: members.items,
        members_omitted: members.omitted,
        since: since(alert)?,
        summary: optional(&alert.annotations, annotation::SUMMARY),
        evidence: json::<Evidence>(alert, annotation::EVIDENCE)?.unwrap_or_default(),
        cause: json::<Cause>(alert, annotation::CAUSE)?,
        routing: Routing {
            node: optional(&alert.labels, labels::NODE),
            zone: optional(&alert.labels, labels::ZONE),
            workload: optional(&alert.labels, labels::WORKLOAD),
            team: optional(&alert.labels, labels::TEAM),
        },
    };
    Ok(Report { cluster, issue, resolution })
}

fn since(alert: &PostableAlert) -> Result<Timestamp, NotAnIssue> {
    match alert.annotations.get(annotation::SINCE) {
        Some(text) => text.parse().map_err(|error: jiff::Error| NotAnIssue::Malformed {
            place: annotation::SINCE,
            reason: error.to_string(),
        }),
        None => alert.starts_at.ok_or(NotAnIssue::Malformed {
            place: annotation::SINCE,
            reason: "neither it nor startsAt is given".into(),
        }),
    }
}

fn label<'a>(set: &'a LabelSet, name: &'static str) -> Result<&'a str, NotAnIssue> {
    match set.get(name) {
        Some(value) if !value.is_empty() => Ok(value),
        _ => Err(NotAnIssue::MissingLabel(name)),
    }
}

fn optional(set: &LabelSet, name: &str) -> String {
    set.get(name).cloned().unwrap_or_default()
}

fn parse_label<T>(set: &LabelSet, name: &'static str) -> Result<T, NotAnIssue>
where
    T: std::str::FromStr,
    T::Err: std::fmt::Display,
{
    label(set, name)?
        .parse()
        .map_err(|error: T::Err| NotAnIssue::Malformed { place: name, reason: error.to_string() })
}

fn json<T: serde::de::DeserializeOwned>(
    alert: &PostableAlert,
    name: &'static str,
) -> Result<Option<T>, NotAnIssue> {
    let Some(text) = alert.annotations.get(name) else { return Ok(None) };
    serde_json::from_str(text)
        .map(Some)
        .map_err(|error| NotAnIssue::Malformed { place: name, reason: error.to_string() })
}

fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("issues hold only maps with text keys, lists and texts")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issue() -> Issue {
        Issue {
            code: crate::codes::POD_CRASH_LOOP_BACK_OFF.into(),
            severity: Severity::Warning,
            lineage: Lineage::namespaced("Deployment", "shop", "web"),
            subject: ObjectRef::namespaced("Deployment", "shop", "web", "d-1"),
            members: vec![Member {
                object: ObjectRef::namespaced("Pod", "shop", "web-1", "p-1"),
                container: "app".into(),
                node: "node-1".into(),
                evidence: Evidence::from([("exitCode".into(), "1".into())]),
            }],
            members_omitted: 0,
            since: "2026-01-02T03:04:05Z".parse().unwrap(),
            summary: "web restarts again and again".into(),
            evidence: Evidence::from([("restarts".into(), "7".into())]),
            cause: None,
            routing: Routing { node: "node-1".into(), workload: "web".into(), ..Routing::default() },
        }
    }

    fn now() -> Timestamp {
        "2026-01-02T03:05:00Z".parse().unwrap()
    }

    #[test]
    fn an_issue_survives_the_wire() {
        let sent = issue();
        let text = serde_json::to_string(&firing(&sent, "c1", now())).unwrap();
        let read = report(&serde_json::from_str(&text).unwrap()).unwrap();
        assert_eq!(read, Report { cluster: "c1".into(), issue: sent, resolution: None });
    }

    #[test]
    fn a_resolve_says_why_and_ends_now() {
        let alert = resolved(&issue(), "c1", Resolution::SubjectGone, now());
        assert_eq!(alert.ends_at, Some(now()));
        assert_eq!(report(&alert).unwrap().resolution, Some(Resolution::SubjectGone));
    }

    #[test]
    fn an_end_that_is_still_told_when_the_issue_has_begun_anew_is_not_before_its_beginning() {
        let long_ago = "2026-01-01T00:00:00Z".parse().unwrap();
        let alert = resolved(&issue(), "c1", Resolution::Relabelled, long_ago);
        assert_eq!((alert.starts_at, alert.ends_at), (Some(long_ago), Some(long_ago)));
    }

    #[test]
    fn routing_labels_are_not_identity() {
        let mut other = issue();
        other.severity = Severity::Critical;
        other.routing.node = "node-2".into();
        let keep = |set: LabelSet| -> LabelSet {
            set.into_iter().filter(|(name, _)| labels::IDENTITY.contains(&name.as_str())).collect()
        };
        assert_eq!(keep(issue_labels(&issue(), "c1")), keep(issue_labels(&other, "c1")));
    }

    #[test]
    fn members_are_bounded_and_counted() {
        let mut many = issue();
        many.members = vec![many.members[0].clone(); MEMBERS_MAX + 3];
        let read = report(&firing(&many, "c1", now())).unwrap();
        assert_eq!((read.issue.members.len(), read.issue.members_omitted), (MEMBERS_MAX, 3));
    }

    #[test]
    fn a_foreign_alert_is_no_issue() {
        let mut alert = firing(&issue(), "c1", now());
        alert.labels.remove(labels::LINEAGE);
        assert_eq!(report(&alert), Err(NotAnIssue::MissingLabel(labels::LINEAGE)));
        let mut alert = firing(&issue(), "c1", now());
        alert.annotations.insert(annotation::MEMBERS.into(), "{".into());
        assert!(matches!(report(&alert), Err(NotAnIssue::Malformed { place: annotation::MEMBERS, .. })));
    }
}

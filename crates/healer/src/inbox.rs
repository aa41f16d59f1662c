//! What the monitor says: issues by their key, as long as they are said.
//!
//! Level-triggered: an issue counts while it is posted again and again. One that nobody posts any
//! more is silent, which is not the same as healthy.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use model::alert::{self, NotAnIssue, PostableAlert, VALIDITY};
use model::issue::{Issue, Key, Resolution};

use crate::Now;
use crate::conditions::is_on_nodes;

/// Most issues kept. A cluster with more open issues than this has one cause, and not one that a
/// healer mends.
pub const ISSUES_MAX: usize = 20_000;
/// How long what has fallen silent is remembered, beyond its validity.
const SILENT_KEPT: Duration = Duration::from_hours(1);
/// How long what has ended is remembered: longer than any policy waits for health to last, which
/// is a day at most.
const ENDED_KEPT: Duration = Duration::from_hours(25);
/// How far a publisher's clock is believed to be ahead of ours.
const AHEAD_MAX: Duration = Duration::from_mins(1);
/// How often what is over is looked for.
const SWEEP: Duration = Duration::from_mins(1);

/// The issues that were posted to this replica.
#[derive(Debug, Default)]
pub struct Inbox {
    cluster: Option<String>,
    entries: BTreeMap<Key, Entry>,
    heard_first: Option<Duration>,
    heard: Option<Duration>,
    swept: Option<Duration>,
}

#[derive(Debug)]
struct Entry {
    issue: Issue,
    cluster: String,
    /// When the publisher made what is kept here, by its own clock: what comes late is older.
    sent: Timestamp,
    first_heard: Duration,
    heard: Duration,
    ended: Option<(Resolution, Duration)>,
}

/// How an issue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing<'a> {
    /// It is there.
    Firing(&'a Issue),
    /// It is there, and another issue explains it.
    Folded(&'a Issue),
    /// The monitor said that it has ended, and why; since the given monotonic moment.
    Ended(Resolution, Duration),
    /// It was there, and nobody has said anything about it for too long.
    Silent,
    /// Nobody has said anything about it to this process.
    Unheard,
}

/// What became of a batch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Received {
    /// Taken as issues.
    pub taken: usize,
    /// Not issues of this cluster's monitor: ignored.
    pub foreign: usize,
    /// Meant as issues, and not readable.
    pub malformed: usize,
    /// Older than what is known already: ignored.
    pub late: usize,
    /// Refused because there are too many.
    pub shed: usize,
}

impl Inbox {
    /// An inbox for the issues of `cluster`, or of whichever there are.
    pub fn new(cluster: Option<String>) -> Self {
        Self { cluster, ..Self::default() }
    }

    /// Takes a batch, as the monitor posts it.
    pub fn receive(&mut self, batch: &[PostableAlert], now: Now) -> Received {
        self.heard_first.get_or_insert(now.monotonic);
        self.heard = Some(now.monotonic);
        // Here and not where the leader tidies up: those who stand by are posted to all the same.
        self.sweep(now);
        let mut received = Received::default();
        for alert in batch {
            *match self.take(alert, now) {
                Fate::Taken => &mut received.taken,
                Fate::Foreign => &mut received.foreign,
                Fate::Malformed => &mut received.malformed,
                Fate::Late => &mut received.late,
                Fate::Shed => &mut received.shed,
            } += 1;
        }
        received
    }

    fn take(&mut self, posted: &PostableAlert, now: Now) -> Fate {
        let report = match alert::report(posted) {
            Ok(report) => report,
            Err(NotAnIssue::MissingLabel(_)) => return Fate::Foreign,
            Err(NotAnIssue::Malformed { .. }) => return Fate::Malformed,
        };
        if self.cluster.as_ref().is_some_and(|cluster| *cluster != report.cluster) {
            return Fate::Foreign;
        }
        let Some(ends_at) = posted.ends_at else { return Fate::Malformed };
        let key = report.issue.key();
        let sent = match report.resolution {
            Some(_) => ends_at,
            None => ends_at.saturating_sub(VALIDITY).unwrap_or(Timestamp::MIN),
        };
        // A publisher whose clock is ahead does not silence those whose clocks are right.
        let sent = sent.min(now.wall_in(AHEAD_MAX));
        let known = self.entries.get_mut(&key);
        // And what has not been heard for as long as a report is good for cannot be newer than
        // what comes now.
        if known.as_ref().is_some_and(|known| sent < known.sent && !is_silent(known, now)) {
            return Fate::Late;
        }
        match (report.resolution, known) {
            // Somebody else goes on telling of it, or the same under other labels.
            (Some(Resolution::Handover | Resolution::Relabelled), _) => {}
            (Some(resolution), Some(known)) => {
                known.sent = sent;
                known.heard = now.monotonic;
                known.ended.get_or_insert((resolution, now.monotonic));
            }
            // The end of what was never heard of: kept, a remediation may be waiting for it.
            (resolution @ (Some(_) | None), None) => {
                if self.entries.len() >= ISSUES_MAX && !self.drop_one(now) {
                    return Fate::Shed;
                }
                let ended = resolution.map(|resolution| (resolution, now.monotonic));
                let (first_heard, heard) = (now.monotonic, now.monotonic);
                let entry =
                    Entry { issue: report.issue, cluster: report.cluster, sent, first_heard, heard, ended };
                self.entries.insert(key, entry);
            }
            (None, Some(known)) => {
                if known.ended.is_some() || is_silent(known, now) {
                    known.first_heard = now.monotonic;
                }
                known.ended = None;
                known.issue = report.issue;
                known.cluster = report.cluster;
                known.sent = sent;
                known.heard = now.monotonic;
            }
        }
        Fate::Taken
    }

    /// How an issue stands.
    pub fn standing(&self, key: &Key, now: Now) -> Standing<'_> {
        match self.entries.get(key) {
            None => Standing::Unheard,
            Some(Entry { ended: Some((resolution, since)), .. }) => Standing::Ended(*resolution, *since),
            Some(entry) if is_silent(entry, now) => Standing::Silent,
            Some(Entry { issue, .. }) if issue.cause.is_some() => Standing::Folded(issue),
            Some(Entry { issue, .. }) => Standing::Firing(issue),
        }
    }

    /// When the monitor told of an issue last, by its own clock; when it began, where that is not known any more.
    pub fn told(&self, issue: &Issue) -> Timestamp {
        self.entries.get(&issue.key()).map_or(issue.since, |entry| entry.sent)
    }

    /// The issues that are there and that nothing explains, with the cluster each is of.
    pub fn firing(&self, now: Now) -> impl Iterator<Item = (&Issue, &str)> {
        self.entries.values().filter_map(move |entry| {
            let is_there = entry.ended.is_none() && !is_silent(entry, now) && entry.issue.cause.is_none();
            is_there.then_some((&entry.issue, entry.cluster.as_str()))
        })
    }

    /// When an issue began to be told to this process, as long as it is there.
    pub fn first_heard(&self, key: &Key, now: Now) -> Option<Duration> {
        let entry = self.entries.get(key)?;
        (entry.ended.is_none() && !is_silent(entry, now)).then_some(entry.first_heard)
    }

    /// The nodes that the monitor says are in trouble, each with when this was first heard. Whatever
    /// ails them: a sensor that is wrong about many nodes at once is wrong about pressure, too.
    pub fn nodes_in_trouble(&self, now: Now) -> BTreeMap<String, Duration> {
        let mut nodes = BTreeMap::new();
        for (key, entry) in &self.entries {
            if is_on_nodes(&key.code) && entry.ended.is_none() && !is_silent(entry, now) {
                let since = nodes.entry(key.lineage.name.clone()).or_insert(entry.first_heard);
                *since = entry.first_heard.min(*since);
            }
        }
        nodes
    }

    /// When a monitor first posted anything to this process.
    pub fn heard_first(&self) -> Option<Duration> {
        self.heard_first
    }

    /// When a monitor last posted anything.
    pub fn heard(&self) -> Option<Duration> {
        self.heard
    }

    /// Issues that are there: all, and those that others explain.
    pub fn count(&self, now: Now) -> (usize, usize) {
        let there = self.entries.values().filter(|entry| entry.ended.is_none() && !is_silent(entry, now));
        there
            .fold((0, 0), |(all, folded), entry| (all + 1, folded + usize::from(entry.issue.cause.is_some())))
    }

    /// Forgets what has ended or fallen silent long ago.
    fn sweep(&mut self, now: Now) {
        if self.swept.is_some_and(|swept| now.monotonic.saturating_sub(swept) < SWEEP) {
            return;
        }
        self.swept = Some(now.monotonic);
        self.entries.retain(|_, entry| {
            let kept = if entry.ended.is_some() { ENDED_KEPT } else { validity() + SILENT_KEPT };
            now.monotonic.saturating_sub(entry.heard) < kept
        });
    }

    /// Makes room for an issue that is there: what ended longest ago goes first, then what has
    /// been silent for longest.
    fn drop_one(&mut self, now: Now) -> bool {
        let over = self.entries.iter().filter(|(_, entry)| entry.ended.is_some() || is_silent(entry, now));
        let oldest = over.min_by_key(|(_, entry)| (entry.ended.is_none(), entry.heard));
        let Some(key) = oldest.map(|(key, _)| key.clone()) else { return false };
        self.entries.remove(&key);
        true
    }
}

/// What became of one alert.
enum Fate {
    Taken,
    Foreign,
    Malformed,
    Late,
    Shed,
}

fn validity() -> Duration {
    Duration::try_from(VALIDITY).unwrap_or_default()
}

/// By this process's own clock: how long ago it was heard, not when the publisher's clock says
/// that it would end.
fn is_silent(entry: &Entry, now: Now) -> bool {
    now.monotonic.saturating_sub(entry.heard) >= validity()
}

#[cfg(test)]
mod tests {
    use model::issue::Cause;
    use model::{Lineage, ObjectRef, Severity, codes};

    use super::*;

    fn issue() -> Issue {
        Issue {
            code: codes::NODE_UNREACHABLE.into(),
            severity: Severity::Critical,
            lineage: Lineage::cluster_wide("Node", "n1"),
            subject: ObjectRef::cluster_wide("Node", "n1", "u1"),
            members: vec![],
            members_omitted: 0,
            since: at(0).wall,
            summary: "n1 is not heard from".into(),
            evidence: BTreeMap::default(),
            cause: None,
            routing: model::issue::Routing::default(),
        }
    }

    fn at(seconds: u64) -> Now {
        let epoch: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        let monotonic = Duration::from_secs(seconds);
        Now { wall: epoch + monotonic, monotonic }
    }

    fn fire(inbox: &mut Inbox, seconds: u64) -> Received {
        let now = at(seconds);
        inbox.receive(&[alert::firing(&issue(), "c1", now.wall)], now)
    }

    fn resolve(inbox: &mut Inbox, resolution: Resolution, seconds: u64) -> Received {
        let now = at(seconds);
        inbox.receive(&[alert::resolved(&issue(), "c1", resolution, now.wall)], now)
    }

    #[test]
    fn an_issue_counts_while_it_is_told() {
        let mut inbox = Inbox::new(None);
        assert_eq!(inbox.standing(&issue().key(), at(0)), Standing::Unheard);
        fire(&mut inbox, 0);
        assert_eq!(inbox.standing(&issue().key(), at(299)), Standing::Firing(&issue()));
        assert_eq!(inbox.standing(&issue().key(), at(300)), Standing::Silent);
        assert!(inbox.nodes_in_trouble(at(300)).is_empty());
        fire(&mut inbox, 400);
        assert_eq!(inbox.first_heard(&issue().key(), at(401)), Some(Duration::from_secs(400)));
    }

    #[test]
    fn a_node_is_in_trouble_whatever_ails_it() {
        for (code, is_in_trouble) in [
            (codes::NODE_UNREACHABLE, true),
            (codes::NODE_DISK_PRESSURE, true),
            (codes::POD_OOM_KILLED, false),
        ] {
            let mut inbox = Inbox::new(None);
            let issue = Issue { code: code.into(), ..issue() };
            inbox.receive(&[alert::firing(&issue, "c1", at(0).wall)], at(0));
            assert_eq!(inbox.nodes_in_trouble(at(1)).contains_key("n1"), is_in_trouble, "{code}");
        }
    }

    #[test]
    fn only_real_ends_end_it() {
        for (resolution, ends) in [
            (Resolution::Healthy, true),
            (Resolution::SubjectGone, true),
            (Resolution::CheckDisabled, true),
            (Resolution::Handover, false),
            (Resolution::Relabelled, false),
        ] {
            let mut inbox = Inbox::new(None);
            fire(&mut inbox, 0);
            resolve(&mut inbox, resolution, 10);
            let expected = if ends {
                Standing::Ended(resolution, Duration::from_secs(10))
            } else {
                Standing::Firing(&issue())
            };
            assert_eq!(inbox.standing(&issue().key(), at(20)), expected, "{resolution:?}");
        }
    }

    #[test]
    fn the_end_is_dated_once_and_a_new_beginning_undoes_it() {
        let mut inbox = Inbox::new(None);
        fire(&mut inbox, 0);
        resolve(&mut inbox, Resolution::Healthy, 10);
        resolve(&mut inbox, Resolution::Healthy, 20);
        let ended = Standing::Ended(Resolution::Healthy, Duration::from_secs(10));
        assert_eq!(inbox.standing(&issue().key(), at(30)), ended);
        fire(&mut inbox, 40);
        assert_eq!(inbox.standing(&issue().key(), at(41)), Standing::Firing(&issue()));
    }

    #[test]
    fn what_comes_late_changes_nothing() {
        let mut inbox = Inbox::new(None);
        fire(&mut inbox, 0);
        resolve(&mut inbox, Resolution::Healthy, 10);
        let late = inbox.receive(&[alert::firing(&issue(), "c1", at(5).wall)], at(12));
        assert_eq!(late.late, 1);
        let ended = Standing::Ended(Resolution::Healthy, Duration::from_secs(10));
        assert_eq!(inbox.standing(&issue().key(), at(12)), ended);
    }

    #[test]
    fn a_publisher_from_the_future_silences_nobody() {
        let day = Duration::from_hours(24);
        for resolution in [None, Some(Resolution::Healthy)] {
            let mut inbox = Inbox::new(None);
            let ahead = at(0).wall + day;
            let posted = match resolution {
                None => alert::firing(&issue(), "c1", ahead),
                Some(resolution) => alert::resolved(&issue(), "c1", resolution, ahead),
            };
            inbox.receive(&[posted], at(0));
            assert_eq!(fire(&mut inbox, 61).taken, 1, "{resolution:?}");
            assert_eq!(inbox.standing(&issue().key(), at(62)), Standing::Firing(&issue()));
        }
    }

    #[test]
    fn what_comes_after_a_long_silence_is_not_late() {
        let mut inbox = Inbox::new(None);
        fire(&mut inbox, 1000);
        // Our clock went back, or the publisher's did.
        let old = alert::firing(&issue(), "c1", at(0).wall);
        assert_eq!(inbox.receive(std::slice::from_ref(&old), at(1299)).late, 1);
        assert_eq!(inbox.receive(&[old], at(1300)).taken, 1);
    }

    #[test]
    fn the_oldest_moment_there_is_does_no_harm() {
        let mut posted = alert::firing(&issue(), "c1", at(0).wall);
        posted.ends_at = Some(Timestamp::MIN);
        assert_eq!(Inbox::new(None).receive(&[posted], at(0)).taken, 1);
    }

    #[test]
    fn folded_foreign_and_malformed_are_told_apart() {
        let mut inbox = Inbox::new(Some("c1".into()));
        let mut folded = issue();
        folded.cause = Some(Cause {
            kind: "Node".into(),
            namespace: String::new(),
            name: "n2".into(),
            code: codes::NODE_UNREACHABLE.into(),
            lineage: Lineage::cluster_wide("Node", "n2"),
        });
        let now = at(0);
        let mut malformed = alert::firing(&issue(), "c1", now.wall);
        malformed.annotations.insert("members".into(), "{".into());
        let batch = [
            alert::firing(&folded, "c1", now.wall),
            alert::firing(&issue(), "c2", now.wall),
            PostableAlert { labels: [("alertname".into(), "Watchdog".into())].into(), ..Default::default() },
            malformed,
        ];
        let received = inbox.receive(&batch, now);
        assert_eq!(received, Received { taken: 1, foreign: 2, malformed: 1, ..Received::default() });
        assert_eq!(inbox.standing(&issue().key(), now), Standing::Folded(&folded));
        assert_eq!(inbox.firing(now).count(), 0);
        assert_eq!(inbox.count(now), (1, 1));
    }

    fn beat(inbox: &mut Inbox, seconds: u64) {
        inbox.receive(&[], at(seconds));
    }

    #[test]
    fn what_is_long_silent_is_forgotten_also_by_those_who_stand_by() {
        let mut inbox = Inbox::new(None);
        fire(&mut inbox, 0);
        beat(&mut inbox, 300 + 3599);
        assert_eq!(inbox.standing(&issue().key(), at(3899)), Standing::Silent);
        beat(&mut inbox, 300 + 3599 + 60);
        assert_eq!(inbox.standing(&issue().key(), at(3959)), Standing::Unheard);
    }

    #[test]
    fn an_end_is_remembered_for_as_long_as_health_may_have_to_last() {
        let mut inbox = Inbox::new(None);
        fire(&mut inbox, 0);
        resolve(&mut inbox, Resolution::Healthy, 10);
        let day = 24 * 3600;
        beat(&mut inbox, day);
        let ended = Standing::Ended(Resolution::Healthy, Duration::from_secs(10));
        assert_eq!(inbox.standing(&issue().key(), at(day)), ended);
        beat(&mut inbox, 2 * day);
        assert_eq!(inbox.standing(&issue().key(), at(2 * day)), Standing::Unheard);
    }

    #[test]
    fn what_is_over_makes_room_for_what_is_there() {
        let mut inbox = Inbox::new(None);
        let numbered = |n: usize| {
            let name = format!("n{n}");
            Issue { lineage: Lineage::cluster_wide("Node", name), ..issue() }
        };
        for n in 0..ISSUES_MAX {
            inbox.receive(&[alert::firing(&numbered(n), "c1", at(0).wall)], at(0));
        }
        let one_more = [alert::firing(&numbered(ISSUES_MAX), "c1", at(2).wall)];
        assert_eq!(inbox.receive(&one_more, at(2)).shed, 1);
        inbox.receive(&[alert::resolved(&numbered(7), "c1", Resolution::Healthy, at(3).wall)], at(3));
        assert_eq!(inbox.receive(&one_more, at(4)).taken, 1);
        assert_eq!(inbox.standing(&numbered(7).key(), at(4)), Standing::Unheard);
    }
}

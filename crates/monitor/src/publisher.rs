//! What one endpoint has been told, and what it is to be told next.
//!
//! Facts are levels, not edges: per issue only the latest state is kept, however long the
//! endpoint is away; every live issue is told again every minute, and every end for a quarter of
//! an hour. An issue whose routing labels changed is told under the new ones first, and then the
//! old ones are ended as relabelled, so that it is never seen to be over in between.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use model::Issue;
use model::alert::{self, PostableAlert};
use model::issue::{Key, Resolution};
use model::labels::{LabelSet, annotation};

use crate::now::Now;
use crate::tracker::Update;

/// How often a state is told again.
const RESEND: Duration = Duration::from_secs(alert::RESEND_INTERVAL.as_secs().unsigned_abs());

/// For how long an end is told: Alertmanager forgets an alert five minutes after its last word,
/// so an end that is told for three times that reaches whoever was away for a restart.
const TELL_END_FOR: Duration = Duration::from_mins(15);

/// Most alerts in one request, as Prometheus has it.
const BATCH_MAX: usize = 256;

/// What every alert says alike.
#[derive(Clone, Debug)]
pub(crate) struct Common {
    /// The cluster's name.
    pub(crate) cluster: String,
    /// The page of the checks' runbooks.
    pub(crate) runbooks: String,
}

impl Common {
    /// Links an alert to its runbook. Anchors are as Markdown makes them of headings.
    fn linked(&self, mut alert: PostableAlert, code: &str) -> PostableAlert {
        let url = format!("{}#{}", self.runbooks, code.to_lowercase());
        alert.annotations.insert(annotation::RUNBOOK_URL.to_owned(), url);
        alert
    }
}

/// What one endpoint has been told, and what it is to be told.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    entries: BTreeMap<Key, Entry>,
    versions: u64,
}

#[derive(Debug)]
struct Entry {
    issue: Arc<Issue>,
    /// Why, and when on both clocks, it ended.
    ended: Option<(Resolution, Now)>,
    /// Tells states apart.
    version: u64,
    /// Since when, on the steady clock, this state has been waiting to be told.
    since: Duration,
    /// What the endpoint may know: the last state that was sent, whether or not it arrived.
    sent: Option<Sent>,
    /// Former labels, with when they were ended.
    former: Vec<(LabelSet, Now)>,
}

#[derive(Debug)]
struct Sent {
    issue: Arc<Issue>,
    version: u64,
    /// When it was accepted last; none if it never was.
    accepted: Option<Duration>,
}

/// Alerts to be posted, and what they say.
#[derive(Debug)]
pub(crate) struct Batch {
    pub(crate) alerts: Vec<PostableAlert>,
    told: Vec<(Key, u64)>,
}

impl Ledger {
    /// Takes in the new state of an issue.
    pub(crate) fn update(&mut self, update: &Update, now: Now) {
        self.versions += 1;
        let ended = update.resolution.map(|resolution| (resolution, now));
        let (issue, version) = (Arc::clone(&update.issue), self.versions);
        match self.entries.get_mut(&issue.key()) {
            // Nobody there knows of it: there is no end to be told.
            Some(entry) if ended.is_some() && entry.sent.is_none() => {
                self.entries.remove(&issue.key());
            }
            Some(entry) => {
                if entry.is_told() {
                    entry.since = now.steady;
                }
                (entry.issue, entry.ended, entry.version) = (issue, ended, version);
            }
            None if ended.is_some() => {}
            None => {
                let entry =
                    Entry { issue, ended, version, since: now.steady, sent: None, former: Vec::new() };
                self.entries.insert(entry.issue.key(), entry);
            }
        }
    }

    /// What is to be told now, at most a request's worth. From here on it counts as sent.
    pub(crate) fn take_due(&mut self, common: &Common, now: Now) -> Batch {
        let mut batch = Batch { alerts: Vec::new(), told: Vec::new() };
        for (key, entry) in &mut self.entries {
            if batch.alerts.len() >= BATCH_MAX {
                break;
            }
            if entry.due() <= now.steady {
                entry.write(common, now, &mut batch.alerts);
                batch.told.push((key.clone(), entry.version));
            }
        }
        batch
    }

    /// The endpoint accepted a batch. Gives for how long each new state had been waiting.
    pub(crate) fn accepted(&mut self, batch: &Batch, now: Now) -> Vec<Duration> {
        let mut waits = Vec::new();
        for (key, version) in &batch.told {
            let Some(entry) = self.entries.get_mut(key) else { continue };
            let is_new = !entry.is_told() && entry.version == *version;
            let Some(sent) = entry.sent.as_mut().filter(|sent| sent.version == *version) else { continue };
            sent.accepted = Some(now.steady);
            if is_new {
                waits.push(now.steady.saturating_sub(entry.since));
            }
        }
        self.entries.retain(|_, entry| !entry.is_past(now));
        waits
    }

    /// When there is something to be told next.
    pub(crate) fn next_due(&self) -> Option<Duration> {
        self.entries.values().map(Entry::due).min()
    }
}

impl Entry {
    /// Whether the endpoint accepted this very state.
    fn is_told(&self) -> bool {
        self.sent.as_ref().is_some_and(|sent| sent.version == self.version && sent.accepted.is_some())
    }

    /// When it is to be told. States that wait are due since they came.
    fn due(&self) -> Duration {
        let accepted = self.sent.as_ref().filter(|_| self.is_told()).and_then(|sent| sent.accepted);
        accepted.map_or(self.since, |accepted| accepted + RESEND)
    }

    /// Whether everything about it has been told for long enough.
    fn is_past(&self, now: Now) -> bool {
        let (is_told, ended) = (self.is_told(), self.ended);
        ended.is_some_and(|(_, at)| is_told && now.steady.saturating_sub(at.steady) >= TELL_END_FOR)
    }

    /// Writes its state, which from here on the endpoint may know.
    fn write(&mut self, common: &Common, now: Now, alerts: &mut Vec<PostableAlert>) {
        let (cluster, code) = (common.cluster.as_str(), self.issue.code.clone());
        let known = if let Some((resolution, at)) = self.ended {
            // Under the labels that the endpoint knows.
            let known = Arc::clone(self.sent.as_ref().map_or(&self.issue, |sent| &sent.issue));
            let alert = alert::resolved(&known, cluster, resolution, at.wall);
            alerts.push(common.linked(alert, &code));
            known
        } else {
            alerts.push(common.linked(alert::firing(&self.issue, cluster, now.wall), &code));
            self.relabel(cluster, now);
            Arc::clone(&self.issue)
        };
        // Also of what is over: the end under former labels may not have arrived.
        let former = self.former.iter();
        let former = former.map(|(labels, at)| relabelled(&self.issue, labels, at.wall));
        alerts.extend(former.map(|alert| common.linked(alert, &code)));
        let same = self.sent.take().filter(|sent| sent.version == self.version);
        let accepted = same.and_then(|sent| sent.accepted);
        self.sent = Some(Sent { issue: known, version: self.version, accepted });
    }

    /// Notes the labels that the endpoint knows and that are not those of now.
    fn relabel(&mut self, cluster: &str, now: Now) {
        let labels = alert::issue_labels(&self.issue, cluster);
        if let Some(sent) = self.sent.as_ref().filter(|sent| !Arc::ptr_eq(&sent.issue, &self.issue)) {
            self.former.push((alert::issue_labels(&sent.issue, cluster), now));
        }
        self.former
            .retain(|(former, at)| *former != labels && now.steady.saturating_sub(at.steady) < TELL_END_FOR);
    }
}

/// The end of an issue's life under its former labels.
fn relabelled(issue: &Issue, former: &LabelSet, at: Timestamp) -> PostableAlert {
    let mut alert = alert::resolved(issue, "", Resolution::Relabelled, at);
    alert.labels.clone_from(former);
    alert
}

#[cfg(test)]
mod tests {
    use model::alert::report;
    use model::labels;
    use model::{Lineage, ObjectRef, Severity};

    use super::*;
    use crate::fixtures::{NOW, later};

    fn common() -> Common {
        Common { cluster: "c1".into(), runbooks: "https://wiki.example/checks".into() }
    }

    fn issue(severity: Severity) -> Arc<Issue> {
        Arc::new(Issue {
            code: "PodOOMKilled".into(),
            severity,
            lineage: Lineage::namespaced("Deployment", "shop", "web"),
            subject: ObjectRef::namespaced("Deployment", "shop", "web", "u"),
            members: Vec::new(),
            members_omitted: 0,
            since: NOW.wall,
            summary: "killed".into(),
            evidence: model::issue::Evidence::new(),
            cause: None,
            routing: model::issue::Routing::default(),
        })
    }

    fn fires(severity: Severity) -> Update {
        Update { issue: issue(severity), resolution: None }
    }

    fn ends(resolution: Resolution) -> Update {
        Update { issue: issue(Severity::Warning), resolution: Some(resolution) }
    }

    /// Posts what is due after so many seconds: severity and resolution of each alert.
    fn post(ledger: &mut Ledger, seconds: u64) -> Vec<(String, Option<Resolution>)> {
        let batch = ledger.take_due(&common(), later(seconds));
        ledger.accepted(&batch, later(seconds));
        read(&batch)
    }

    fn read(batch: &Batch) -> Vec<(String, Option<Resolution>)> {
        let read = |alert: &PostableAlert| {
            (alert.labels[labels::SEVERITY].clone(), report(alert).unwrap().resolution)
        };
        batch.alerts.iter().map(read).collect()
    }

    fn live(severity: &str) -> (String, Option<Resolution>) {
        (severity.to_owned(), None)
    }

    fn over(severity: &str, resolution: Resolution) -> (String, Option<Resolution>) {
        (severity.to_owned(), Some(resolution))
    }

    #[test]
    fn a_state_is_told_at_once_and_then_every_minute() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        assert_eq!(ledger.next_due(), Some(NOW.steady));
        let alert = &ledger.take_due(&common(), NOW).alerts[0];
        assert_eq!(alert.annotations[annotation::RUNBOOK_URL], "https://wiki.example/checks#podoomkilled");
        assert_eq!(post(&mut ledger, 0), [live("warning")]);
        assert_eq!(post(&mut ledger, 59), []);
        assert_eq!(ledger.next_due(), Some(later(60).steady));
        assert_eq!(post(&mut ledger, 60), [live("warning")]);
    }

    #[test]
    fn an_end_is_told_for_a_quarter_of_an_hour_with_the_time_it_had() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        post(&mut ledger, 0);
        ledger.update(&ends(Resolution::Healthy), later(10));
        let batch = ledger.take_due(&common(), later(10));
        assert_eq!(read(&batch), [over("warning", Resolution::Healthy)]);
        ledger.accepted(&batch, later(10));
        let again = ledger.take_due(&common(), later(70));
        assert_eq!(again.alerts[0].ends_at, Some(later(10).wall));
        ledger.accepted(&again, later(70));
        assert_eq!(post(&mut ledger, 910), [over("warning", Resolution::Healthy)]);
        assert_eq!((ledger.entries.len(), ledger.next_due()), (0, None));
    }

    #[test]
    fn new_labels_are_told_before_the_old_ones_end() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        post(&mut ledger, 0);
        ledger.update(&fires(Severity::Critical), later(5));
        let both = [live("critical"), over("warning", Resolution::Relabelled)];
        assert_eq!(post(&mut ledger, 5), both);
        assert_eq!(post(&mut ledger, 65), both);
        // Back again: the old labels live, and the newer ones end.
        ledger.update(&fires(Severity::Warning), later(66));
        assert_eq!(post(&mut ledger, 66), [live("warning"), over("critical", Resolution::Relabelled)]);
        assert_eq!(post(&mut ledger, 66 + 900), [live("warning")]);
    }

    #[test]
    fn old_labels_end_also_when_the_issue_ends_before_anybody_heard_so() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        post(&mut ledger, 0);
        ledger.update(&fires(Severity::Critical), later(5));
        // Sent, and no answer came.
        drop(ledger.take_due(&common(), later(5)));
        ledger.update(&ends(Resolution::Healthy), later(6));
        let both = [over("critical", Resolution::Healthy), over("warning", Resolution::Relabelled)];
        assert_eq!(post(&mut ledger, 6), both);
    }

    #[test]
    fn what_may_have_arrived_is_ended_even_if_nobody_said_so() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        // Sent, and no answer came.
        drop(ledger.take_due(&common(), NOW));
        ledger.update(&ends(Resolution::Healthy), later(1));
        assert_eq!(post(&mut ledger, 1), [over("warning", Resolution::Healthy)]);
    }

    #[test]
    fn what_was_never_sent_needs_no_end() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        ledger.update(&ends(Resolution::Healthy), later(1));
        ledger.update(&ends(Resolution::SubjectGone), later(1));
        assert_eq!((ledger.entries.len(), post(&mut ledger, 1)), (0, vec![]));
    }

    #[test]
    fn a_change_on_the_way_is_not_lost() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        let batch = ledger.take_due(&common(), NOW);
        ledger.update(&fires(Severity::Critical), later(1));
        assert!(ledger.accepted(&batch, later(2)).is_empty());
        assert_eq!(post(&mut ledger, 2), [live("critical"), over("warning", Resolution::Relabelled)]);
    }

    #[test]
    fn an_issue_that_comes_back_is_live_again() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        post(&mut ledger, 0);
        ledger.update(&ends(Resolution::Healthy), later(10));
        post(&mut ledger, 10);
        ledger.update(&fires(Severity::Warning), later(20));
        assert_eq!(post(&mut ledger, 20), [live("warning")]);
    }

    #[test]
    fn a_batch_is_bounded_and_the_rest_comes_after_it() {
        let mut ledger = Ledger::default();
        for n in 0..BATCH_MAX + 10 {
            let mut one = Issue::clone(&issue(Severity::Warning));
            one.lineage.name = format!("web-{n}");
            ledger.update(&Update { issue: Arc::new(one), resolution: None }, NOW);
        }
        assert_eq!(post(&mut ledger, 0).len(), BATCH_MAX);
        assert_eq!(post(&mut ledger, 0).len(), 10);
        assert_eq!(post(&mut ledger, 0).len(), 0);
    }

    #[test]
    fn how_long_a_new_state_waited_is_known() {
        let mut ledger = Ledger::default();
        ledger.update(&fires(Severity::Warning), NOW);
        let batch = ledger.take_due(&common(), NOW);
        assert_eq!(ledger.accepted(&batch, later(3)), [Duration::from_secs(3)]);
        let again = ledger.take_due(&common(), later(63));
        assert!(ledger.accepted(&again, later(63)).is_empty());
    }
}

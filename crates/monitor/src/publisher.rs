//! What one endpoint has been told, and what it is to be told next.
//!
//! Facts are levels, not edges: per issue only the latest state is kept, however long the
//! endpoint is away; every live issue is told again every minute, and every end for a quarter of
//! an hour. An issue whose routing labels changed is told under the new ones first, and then the
//! old ones are ended as relabelled, so that it is never seen to be over in between.
//!
//! An endpoint that keeps nothing over a restart says which process it is. It is told something
//! every few seconds, so that a new one is noticed soon, and that one is told everything again.

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

/// How often an endpoint that keeps nothing is told something, if only what it knows: one small
/// request. A healer that starts anew is ready to act no sooner than a lease lasts, 15 s.
const PROBE: Duration = Duration::from_secs(5);

/// How many processes behind one endpoint are told apart: its replicas, and those before them.
const INCARNATIONS_MAX: usize = 16;

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
    /// The processes that answered, the latest first known last; none where it does not matter.
    incarnations: Vec<String>,
    /// When the endpoint accepted something last.
    accepted: Duration,
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
        // What waits for longest is due at the latest when the endpoint is to be told something.
        let first = self.entries.values().map(Entry::due).min();
        let is_probed = self.probe_due().is_some_and(|due| due <= now.steady);
        let until = first.filter(|_| is_probed).unwrap_or_default().max(now.steady);
        let most = if until > now.steady { 1 } else { BATCH_MAX };
        for (key, entry) in &mut self.entries {
            if batch.alerts.len() >= most {
                break;
            }
            if entry.due() <= until {
                entry.write(common, now, &mut batch.alerts);
                batch.told.push((key.clone(), entry.version));
            }
        }
        batch
    }

    /// The process that is about to accept a batch. One that was never heard of knows nothing:
    /// all is to be told again. One that was is another replica behind the same address.
    pub(crate) fn answered_by(&mut self, incarnation: &str, now: Now) {
        if self.incarnations.iter().any(|known| known == incarnation) {
            return;
        }
        if self.incarnations.len() >= INCARNATIONS_MAX {
            self.incarnations.remove(0);
        }
        self.incarnations.push(incarnation.to_owned());
        for entry in self.entries.values_mut() {
            if entry.is_told() {
                entry.since = now.steady;
            }
            if let Some(sent) = &mut entry.sent {
                sent.accepted = None;
            }
        }
    }

    /// The endpoint accepted a batch. Gives for how long each new state had been waiting.
    pub(crate) fn accepted(&mut self, batch: &Batch, now: Now) -> Vec<Duration> {
        self.accepted = now.steady;
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
        let first = self.entries.values().map(Entry::due).min()?;
        Some(self.probe_due().map_or(first, |probe| probe.min(first)))
    }

    /// When the endpoint is to be told something in any case.
    fn probe_due(&self) -> Option<Duration> {
        (!self.incarnations.is_empty()).then(|| self.accepted + PROBE)
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
mod tests;

//! What the tasks of one healer share: the views, the inbox, and the knowledge of what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use cluster::views::{Namespace, Node, View};
use environment::Environment;
use model::alert::PostableAlert;
use model::brake::Brake;
use model::config::healer::HealerConfig;
use model::issue::Key;
use model::policy::HealingPolicy;
use model::remediation::Remediation;
use prometheus_client::registry::Registry;
use tokio::sync::Notify;

use super::metrics::Metrics;
use crate::governor::{self, Correlation, Own, ViewState};
use crate::inbox::{Inbox, Received};
use crate::policy::Book;
use crate::{Now, Steps};

/// What is shared.
pub(super) struct Shared {
    pub(super) config: HealerConfig,
    pub(super) environment: Environment,
    pub(super) own: Own,
    /// What tells this replica from the others, for events.
    pub(super) instance: String,
    pub(super) metrics: Metrics,
    /// Something changed that the engine should look at.
    pub(super) changed: Notify,
    state: Mutex<State>,
}

/// What is known.
#[derive(Default)]
pub(super) struct State {
    pub(super) inbox: Inbox,
    pub(super) nodes: Cache<Node>,
    pub(super) namespaces: Cache<Namespace>,
    pub(super) policies: Cache<HealingPolicy>,
    pub(super) brakes: Cache<Brake>,
    pub(super) remediations: Cache<Remediation>,
    /// Policies from files, each with its file.
    pub(super) files: Vec<(String, HealingPolicy)>,
    pub(super) book: Book,
    pub(super) correlation: Correlation,
    pub(super) steps: Steps,
    /// Whether the nodes were counted once.
    is_counted: bool,
    /// The epoch under which this replica leads, while it does.
    pub(super) epoch: Option<u64>,
    pub(super) dirty: Dirty,
}

/// What changed since the engine last looked.
#[derive(Default)]
pub(super) struct Dirty {
    /// Issues that were told of.
    pub(super) keys: BTreeSet<Key>,
    /// Remediations that somebody else changed.
    pub(super) remediations: BTreeSet<String>,
    /// Something that all of them may depend on: a policy, the Brake.
    pub(super) everything: bool,
    /// The policies.
    pub(super) policies: bool,
}

/// A watched kind.
///
/// What cannot be read is not taken for what it was before, nor for nothing: as long as there is
/// such an object the kind counts as not known, and nothing is done.
pub(super) struct Cache<V> {
    pub(super) objects: BTreeMap<String, V>,
    building: Option<BTreeMap<String, V>>,
    /// Objects that could not be read, and why; and those of the list that is being read.
    damaged: BTreeMap<String, String>,
    damaged_in_list: BTreeMap<String, String>,
    is_synced: bool,
    heard: Option<Duration>,
    problem: Option<String>,
    pub(super) malformed: u64,
}

impl<V> Default for Cache<V> {
    fn default() -> Self {
        Self {
            objects: BTreeMap::new(),
            building: None,
            damaged: BTreeMap::new(),
            damaged_in_list: BTreeMap::new(),
            is_synced: false,
            heard: None,
            problem: None,
            malformed: 0,
        }
    }
}

/// The version of an object as a number; the API promises that it is one.
pub(super) fn version<V: View>(object: &V) -> u64 {
    object.identity().resource_version.parse().unwrap_or(0)
}

impl<V: View + Clone> Cache<V> {
    pub(super) fn begin(&mut self) {
        self.building = Some(BTreeMap::new());
        self.damaged_in_list.clear();
    }

    pub(super) fn listed(&mut self, object: V) {
        let name = object.identity().name.to_owned();
        let building = self.building.get_or_insert_default();
        if building.get(&name).is_none_or(|other| version(other) < version(&object)) {
            building.insert(name, object);
        }
    }

    /// The list takes the place of what was known, with what came and what we wrote while it was
    /// read. Not with anything older: after a restore of the store that bears a higher version,
    /// and is not so any more.
    pub(super) fn done(&mut self) {
        self.objects = self.building.take().unwrap_or_default();
        self.damaged = std::mem::take(&mut self.damaged_in_list);
        self.is_synced = true;
    }

    /// An object as it is now; an older version than the known one changes nothing. Returns
    /// whether it did.
    pub(super) fn apply(&mut self, object: V) -> bool {
        let name = object.identity().name.to_owned();
        let was_damaged = self.mend(&name);
        if !was_damaged && self.objects.get(&name).is_some_and(|known| version(known) >= version(&object)) {
            return false;
        }
        // What comes while a list is read may be too new to be in it.
        if let Some(building) = &mut self.building {
            building.insert(name.clone(), object.clone());
        }
        self.objects.insert(name, object);
        true
    }

    /// An object as a quorum has it, after a write of ours was refused: the known version is not
    /// the true one, whichever is higher.
    pub(super) fn correct(&mut self, object: V) {
        let name = object.identity().name.to_owned();
        self.mend(&name);
        if let Some(building) = &mut self.building {
            building.insert(name.clone(), object.clone());
        }
        self.objects.insert(name, object);
    }

    /// An object that cannot be read, or could not be and is gone.
    pub(super) fn damage(&mut self, name: &str, reason: &str, is_gone: bool) {
        self.malformed += 1;
        if is_gone {
            self.mend(name);
            self.objects.remove(name);
            self.building.as_mut().map(|building| building.remove(name));
            return;
        }
        if self.building.is_some() {
            self.damaged_in_list.insert(name.to_owned(), reason.to_owned());
        }
        // While the list is read for the first time nothing is known anyway.
        self.damaged.insert(name.to_owned(), reason.to_owned());
    }

    fn mend(&mut self, name: &str) -> bool {
        self.damaged_in_list.remove(name);
        self.damaged.remove(name).is_some()
    }

    /// How many objects cannot be read.
    fn unreadable(&self) -> usize {
        self.damaged.len()
    }

    /// Whether all of it was seen once, as far as it can be read.
    pub(super) fn is_listed(&self) -> bool {
        self.is_synced
    }

    pub(super) fn remove(&mut self, name: &str, uid: &str) {
        self.mend(name);
        if let Some(building) = &mut self.building {
            building.remove(name);
        }
        if self.objects.get(name).is_some_and(|known| known.identity().uid == uid) {
            self.objects.remove(name);
        }
    }

    pub(super) fn hear(&mut self, now: Duration) {
        self.heard = Some(now);
        self.problem = None;
    }

    pub(super) fn fail(&mut self, problem: String) {
        self.problem = Some(problem);
    }

    pub(super) fn view(&self, name: &'static str) -> ViewState {
        let Self { is_synced, heard, problem, damaged, .. } = self;
        let unreadable = damaged.first_key_value().map(|(name, why)| {
            format!("{name} cannot be read ({why}); mend or delete it, or run the version that wrote it")
        });
        let is_synced = *is_synced && unreadable.is_none();
        ViewState { name, is_synced, heard: *heard, problem: unreadable.or_else(|| problem.clone()) }
    }
}

impl State {
    /// How good the views are that decisions rest on.
    pub(super) fn views(&self) -> Vec<ViewState> {
        vec![
            self.nodes.view("nodes"),
            self.namespaces.view("namespaces"),
            self.policies.view("policies"),
            self.remediations.view("remediations"),
        ]
    }

    /// Compares the clocks and counts the unhealthy nodes. At every change, also by those who stand by: who begins to lead
    /// because nodes fail knows that many did.
    pub(super) fn take_stock(&mut self, config: &HealerConfig, now: Now) {
        if let Some(step) = self.steps.observe(now) {
            tracing::warn!(?step, "the clock was set forward: waits are measured by what has really passed");
        }
        if !self.nodes.is_listed() {
            return;
        }
        let troubled = self.inbox.nodes_in_trouble(now);
        let (unhealthy, total) = governor::unhealthy(&self.nodes.objects, &troubled);
        self.correlation.observe(unhealthy, total, config, now);
        if !std::mem::replace(&mut self.is_counted, true) && unhealthy >= 2 {
            self.correlation.suspect(now);
        }
    }

    /// What could not be told of an issue is said as long as that is told of.
    pub(super) fn tidy_book(&mut self, now: Now) {
        let Self { book, inbox, .. } = self;
        book.tidy(|issue| inbox.firing(now).any(|(told, _)| told.key().to_string() == issue));
    }

    /// The labels of a namespace; `None` where there is none, or it is not known.
    pub(super) fn namespace_labels(&self, name: &str) -> Option<BTreeMap<String, String>> {
        let labels = &self.namespaces.objects.get(name)?.metadata.labels;
        Some(labels.iter().map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }

    /// How many objects of each view cannot be read.
    pub(super) fn unreadable(&self) -> [(&'static str, usize); 4] {
        [
            ("nodes", self.nodes.unreadable()),
            ("namespaces", self.namespaces.unreadable()),
            ("policies", self.policies.unreadable()),
            ("remediations", self.remediations.unreadable()),
        ]
    }

    /// Whether all that decisions rest on is known.
    pub(super) fn is_synced(&self) -> bool {
        self.views().iter().all(|view| view.is_synced)
    }

    /// Whether all of it was seen once: ready to be told things, if not to act on them.
    pub(super) fn is_listed(&self) -> bool {
        self.unlisted().is_empty()
    }

    /// The views that were not seen whole yet.
    pub(super) fn unlisted(&self) -> Vec<ViewState> {
        let listed = [
            self.nodes.is_listed(),
            self.namespaces.is_listed(),
            self.policies.is_listed(),
            self.remediations.is_listed(),
        ];
        self.views()
            .into_iter()
            .zip(listed)
            .filter(|(_, is_listed)| !is_listed)
            .map(|(view, _)| view)
            .collect()
    }
}

impl Shared {
    pub(super) fn new(
        config: HealerConfig,
        environment: Environment,
        own: Own,
        instance: String,
        files: Vec<(String, HealingPolicy)>,
        registry: &mut Registry,
    ) -> Self {
        let state = State { inbox: Inbox::new(config.cluster.clone()), files, ..State::default() };
        let metrics = Metrics::new(registry);
        let (changed, state) = (Notify::new(), Mutex::new(state));
        let shared = Self { config, environment, own, instance, metrics, changed, state };
        shared.state().dirty.policies = true;
        shared
    }

    pub(super) fn now(&self) -> Now {
        Now { wall: self.environment.now(), monotonic: self.environment.monotonic() }
    }

    /// What is known. Held for pure work only, never across a wait.
    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The same as of now: what the monitor tells may have fallen silent.
    pub(super) fn take_stock(&self) {
        let now = self.now();
        self.state().take_stock(&self.config, now);
    }

    /// Takes a batch of the monitor's.
    pub(super) fn receive(&self, alerts: &[PostableAlert]) -> Received {
        let now = self.now();
        let received = {
            let mut state = self.state();
            let received = state.inbox.receive(alerts, now);
            state.take_stock(&self.config, now);
            // Who does not lead looks at everything when it begins to.
            if state.epoch.is_some() {
                let keys = alerts.iter().filter_map(|alert| model::alert::report(alert).ok());
                state.dirty.keys.extend(keys.map(|report| report.issue.key()));
            }
            received
        };
        self.metrics.received(&received);
        self.changed.notify_one();
        received
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::tests_support::{namespace, now, remediation, unready};

    #[test]
    fn who_begins_to_count_while_nodes_fail_does_not_know_how_many_did() {
        let config = HealerConfig::default();
        for (unhealthy, holds) in [(1, false), (2, true)] {
            let mut state = State::default();
            state.take_stock(&config, now(0));
            assert_eq!(state.correlation.holds(&config, now(0)), None, "no node is known yet");
            state.nodes.begin();
            for n in 0..20 {
                let name = format!("n{n}");
                let node = if n < unhealthy {
                    unready(&name)
                } else {
                    crate::machine::tests_support::node(&name, &[])
                };
                state.nodes.listed(node);
            }
            state.nodes.done();
            state.take_stock(&config, now(1));
            assert_eq!(state.correlation.holds(&config, now(60)).is_some(), holds, "{unhealthy}");
            state.take_stock(&config, now(61));
            assert_eq!(state.correlation.holds(&config, now(61)), None);
        }
    }

    fn versioned(name: &str, version: u32) -> Remediation {
        let mut one = remediation(name);
        one.metadata.resource_version = Some(version.to_string());
        one
    }

    #[test]
    fn what_was_deleted_while_nothing_was_heard_is_gone_after_the_next_list() {
        let mut cache = Cache::default();
        // The newest object of its kind, as a policy often is, and the only one.
        cache.apply(namespace("shop", false));
        cache.begin();
        cache.done();
        assert!(cache.objects.is_empty());
    }

    #[test]
    fn what_we_wrote_while_a_list_was_read_is_not_lost() {
        let mut cache = Cache::default();
        cache.apply(versioned("r-1-1", 5));
        cache.begin();
        cache.listed(versioned("r-1-1", 5));
        cache.apply(versioned("r-1-1", 9));
        cache.apply(versioned("r-2-1", 8));
        cache.done();
        let versions: Vec<u64> = cache.objects.values().map(version).collect();
        assert_eq!(versions, [9, 8]);
        // What a slow watch tells of our own writes is no news.
        assert!(!cache.apply(versioned("r-1-1", 7)));
    }

    #[test]
    fn what_cannot_be_read_makes_its_kind_unknown_until_it_can_or_is_gone() {
        let mut cache = Cache::default();
        cache.begin();
        cache.listed(versioned("r-1-1", 5));
        cache.damage("r-2-1", "unknown action Reboot", false);
        cache.done();
        let view = cache.view("remediations");
        assert!(!view.is_synced && cache.is_listed());
        assert!(view.problem.unwrap().contains("r-2-1 cannot be read (unknown action Reboot)"));
        cache.apply(versioned("r-2-1", 9));
        assert!(cache.view("remediations").is_synced);
        cache.damage("r-1-1", "no phase", false);
        assert!(!cache.view("remediations").is_synced);
        cache.damage("r-1-1", "no phase", true);
        assert!(cache.view("remediations").is_synced);
        assert!(!cache.objects.contains_key("r-1-1"), "nor is what it was before believed");
        cache.damage("r-3-1", "no phase", false);
        cache.begin();
        cache.done();
        assert!(cache.view("remediations").is_synced, "gone while nothing was heard");
    }

    #[test]
    fn a_restored_store_is_believed() {
        let mut cache = Cache::default();
        cache.apply(versioned("r-1-1", 900));
        cache.begin();
        cache.listed(versioned("r-1-1", 7));
        cache.done();
        assert_eq!(version(&cache.objects["r-1-1"]), 7);
        cache.apply(versioned("r-2-1", 900));
        cache.correct(versioned("r-2-1", 8));
        assert_eq!(version(&cache.objects["r-2-1"]), 8, "a quorum says so");
        assert!(cache.apply(versioned("r-2-1", 9)));
    }
}

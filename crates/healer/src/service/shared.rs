//! What the tasks of one healer share: the views, the inbox, and the knowledge of what changed.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use cluster::views::{Namespace, Node};
use environment::Environment;
use model::alert::PostableAlert;
use model::brake::Brake;
use model::config::healer::HealerConfig;
use model::issue::Key;
use model::policy::HealingPolicy;
use model::remediation::Remediation;
use prometheus_client::registry::Registry;
use tokio::sync::Notify;

use super::cache::Cache;
use super::metrics::Metrics;
use super::settings::{FromFile, Settings};
use crate::governor::{self, Correlation, Own, ViewState};
use crate::inbox::{Inbox, Received};
use crate::policy::Book;
use crate::{Now, Steps};

/// What is shared.
pub(super) struct Shared {
    pub(super) settings: Settings,
    pub(super) environment: Environment,
    pub(super) own: Own,
    /// What tells this replica from the others, for events.
    pub(super) instance: String,
    /// What tells this process from others, also from an earlier one of the same replica.
    pub(super) incarnation: String,
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
    pub(super) files: Vec<FromFile>,
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
        incarnation: String,
        files: Vec<FromFile>,
        registry: &mut Registry,
    ) -> Self {
        let settings = Settings::new(config, &files);
        let state = State { inbox: Inbox::new(settings.config().cluster.clone()), files, ..State::default() };
        let metrics = Metrics::new(registry);
        metrics.in_force(&settings.hash());
        let (changed, state) = (Notify::new(), Mutex::new(state));
        let shared = Self { settings, environment, own, instance, incarnation, metrics, changed, state };
        shared.state().dirty.policies = true;
        shared
    }

    /// The configuration in force.
    pub(super) fn config(&self) -> Arc<HealerConfig> {
        self.settings.config()
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
        self.state().take_stock(&self.config(), now);
    }

    /// Takes a batch of the monitor's.
    pub(super) fn receive(&self, alerts: &[PostableAlert]) -> Received {
        let now = self.now();
        let received = {
            let mut state = self.state();
            let received = state.inbox.receive(alerts, now);
            state.take_stock(&self.config(), now);
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
    use crate::machine::tests_support::{now, unready};

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
}

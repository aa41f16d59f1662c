//! What the healer counts.

use std::time::Duration;

use model::config::healer::HealerConfig;
use model::remediation::{Phase, Remediation, RemediationStatus};
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::shared::State;
use crate::Now;
use crate::governor::pool;
use crate::inbox::Received;
use crate::ledger::Ledger;
use crate::policy::Book;

/// Upper bounds in seconds of a recovery: from a pod's restart to a drained node.
const RECOVERY: [f64; 10] = [5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 14_400.0];

/// The healer's metrics. Labels have few values: actions, phases, rules.
pub(super) struct Metrics {
    transitions: Family<Transition, Counter>,
    attempts: Family<Ended, Counter>,
    recovery: Histogram,
    issues: Family<Taken, Counter>,
    told: Family<Told, Counter>,
    events: Family<Taken, Counter>,
    policies: Family<Fitness, Gauge>,
    open: Family<Standing, Gauge>,
    unhealthy: Gauge,
    queue: Gauge,
    queue_age: Gauge,
    held: Family<Held, Gauge>,
    budget: Family<Of, Gauge>,
    correlated: Gauge,
    silence: Family<View, Gauge>,
    unreadable: Family<View, Gauge>,
    configured: Gauge,
    in_force: Family<Config, Gauge>,
    leader: Gauge,
    epoch: Gauge<i64>,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Transition {
    action: &'static str,
    phase: &'static str,
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Ended {
    action: &'static str,
    result: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Taken {
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Told {
    what: &'static str,
    result: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Fitness {
    mode: &'static str,
    accepted: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Held {
    rule: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Of {
    of: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct View {
    view: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Config {
    hash: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Standing {
    phase: &'static str,
}

impl Metrics {
    pub(super) fn new(registry: &mut Registry) -> Self {
        let metrics = Self {
            transitions: Family::default(),
            attempts: Family::default(),
            recovery: Histogram::new(RECOVERY),
            issues: Family::default(),
            told: Family::default(),
            events: Family::default(),
            policies: Family::default(),
            open: Family::default(),
            unhealthy: Gauge::default(),
            queue: Gauge::default(),
            queue_age: Gauge::default(),
            held: Family::default(),
            budget: Family::default(),
            correlated: Gauge::default(),
            silence: Family::default(),
            unreadable: Family::default(),
            configured: Gauge::default(),
            in_force: Family::default(),
            leader: Gauge::default(),
            epoch: Gauge::<i64>::default(),
        };
        metrics.register(registry);
        // It does not begin with files that cannot be used.
        metrics.configured(true);
        metrics
    }

    fn register(&self, registry: &mut Registry) {
        let help = "Transitions of remediations, by action, phase and the rule that decided";
        registry.register("remediations", help, self.transitions.clone());
        registry.register("attempts", "Attempts that ended, by action and result", self.attempts.clone());
        let help = "From the beginning of a trouble to its verified end";
        registry.register_with_unit("recovery", help, Unit::Seconds, self.recovery.clone());
        registry.register(
            "issues_received",
            "Alerts posted to the healer, by what became of them",
            self.issues.clone(),
        );
        registry.register("told", "Holds and outcomes posted to the alerters", self.told.clone());
        let help = "Kubernetes Events, by what became of them";
        registry.register("events", help, self.events.clone());
        registry.register("policies", "Policies, by mode and whether they are in use", self.policies.clone());
        registry.register("remediations_open", "Remediations that are not over, by phase", self.open.clone());
        registry.register("nodes_unhealthy", "Nodes that cannot be used", self.unhealthy.clone());
        registry.register("queue_depth", "Remediations with a next look", self.queue.clone());
        let help = "For how long the remediation that is due longest has waited for its turn";
        registry.register_with_unit("queue_age", help, Unit::Seconds, self.queue_age.clone());
        let help = "Remediations that wait, by the rule that holds them";
        registry.register("remediations_held", help, self.held.clone());
        let help = "Nodes that anybody holds down, and pods that the healer disrupts, at this moment";
        registry.register("budget_used", help, self.budget.clone());
        let help = "1 while many failures are taken for one, and everything but recovery is held";
        registry.register("correlated_failure", help, self.correlated.clone());
        let help = "Time since a watch was last heard from";
        registry.register_with_unit("view_staleness", help, Unit::Seconds, self.silence.clone());
        let help = "Objects that cannot be read: while there is one, nothing is done";
        registry.register("view_unreadable", help, self.unreadable.clone());
        let help = "1 if the configuration and policy files as they were last read are in force";
        registry.register("config_last_reload_successful", help, self.configured.clone());
        let help = "1 with the hash of what is in force: replicas that differ in it drifted apart";
        registry.register("config_in_force", help, self.in_force.clone());
        registry.register("leader", "1 while this replica leads", self.leader.clone());
        registry.register("epoch", "The epoch under which this replica led last", self.epoch.clone());
    }

    pub(super) fn received(&self, received: &Received) {
        for (result, count) in [
            ("taken", received.taken),
            ("foreign", received.foreign),
            ("malformed", received.malformed),
            ("late", received.late),
            ("shed", received.shed),
        ] {
            if count > 0 {
                self.issues.get_or_create(&Taken { result }).inc_by(count as u64);
            }
        }
    }

    pub(super) fn told(&self, what: &'static str, is_accepted: bool) {
        let result = if is_accepted { "accepted" } else { "failed" };
        self.told.get_or_create(&Told { what, result }).inc();
    }

    pub(super) fn event(&self, result: &'static str) {
        self.events.get_or_create(&Taken { result }).inc();
    }

    pub(super) fn policies(&self, book: &Book) {
        self.policies.clear();
        for entry in book.entries() {
            let accepted = if entry.refusals.is_empty() { "true" } else { "false" };
            self.policies.get_or_create(&Fitness { mode: entry.spec.mode.as_str(), accepted }).inc();
        }
    }

    /// A status was written.
    pub(super) fn wrote(&self, one: &Remediation, old: &RemediationStatus, new: &RemediationStatus) {
        for (index, attempt) in new.attempts.iter().enumerate() {
            let was_open = old.attempts.get(index).is_none_or(|before| before.closed.is_none());
            if attempt.closed.is_some() && was_open {
                let ended =
                    Ended { action: attempt.action.as_str(), result: format!("{:?}", attempt.result) };
                self.attempts.get_or_create(&ended).inc();
            }
        }
        if old.transitions == new.transitions {
            return;
        }
        let transition = Transition {
            action: new.action.map_or("", model::policy::ActionName::as_str),
            phase: new.phase.as_str(),
            rule: new.decision.as_ref().map_or_else(String::new, |decision| decision.rule.clone()),
        };
        self.transitions.get_or_create(&transition).inc();
        if let Some(ended) = new.ended.filter(|_| new.phase == Phase::Succeeded) {
            self.recovery.observe(ended.duration_since(one.spec.since).as_secs_f64().max(0.0));
        }
    }

    /// A round has ended: `queued` have a next look, the first of them `due`.
    pub(super) fn settled(
        &self,
        state: &State,
        config: &HealerConfig,
        queued: usize,
        due: Option<Duration>,
        now: Now,
    ) {
        self.open.clear();
        self.held.clear();
        for status in state.remediations.objects.values().filter_map(|one| one.status.as_ref()) {
            if !status.phase.is_over() {
                self.open.get_or_create(&Standing { phase: status.phase.as_str() }).inc();
            }
            let waits = matches!(status.phase, Phase::Deferred | Phase::AwaitingApproval);
            if let Some(decision) = status.decision.as_ref().filter(|_| waits) {
                self.held.get_or_create(&Held { rule: decision.rule.clone() }).inc();
            }
        }
        let seconds = |duration: Duration| i64::try_from(duration.as_secs()).unwrap_or(i64::MAX);
        let waited = due.map_or(Duration::ZERO, |due| now.monotonic.saturating_sub(due));
        self.queue.set(queued as i64);
        self.queue_age.set(seconds(waited));
        let ledger = Ledger::of(state.remediations.objects.values());
        let (nodes, pods) = pool::in_use(&state.nodes.objects, &ledger, now);
        self.budget.get_or_create(&Of { of: "nodes" }).set(nodes as i64);
        self.budget.get_or_create(&Of { of: "pods" }).set(pods as i64);
        self.unhealthy.set(state.correlation.unhealthy() as i64);
        self.correlated.set(i64::from(state.correlation.holds(config, now).is_some()));
        for view in state.views() {
            let silence = view.heard.map_or(now.monotonic, |heard| now.monotonic.saturating_sub(heard));
            self.silence.get_or_create(&View { view: view.name }).set(seconds(silence));
        }
        for (view, count) in state.unreadable() {
            self.unreadable.get_or_create(&View { view }).set(count as i64);
        }
    }

    /// This configuration is in force from now on.
    pub(super) fn in_force(&self, hash: &str) {
        self.in_force.clear();
        self.in_force.get_or_create(&Config { hash: hash.to_owned() }).set(1);
    }

    /// The files were read, or could not be.
    pub(super) fn configured(&self, is_in_force: bool) {
        self.configured.set(i64::from(is_in_force));
    }

    pub(super) fn leads(&self, epoch: u64) {
        self.leader.set(1);
        self.epoch.set(epoch as i64);
    }

    pub(super) fn follows(&self) {
        self.leader.set(0);
    }
}

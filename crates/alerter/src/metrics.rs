//! What is measured: under Alertmanager's names for the dashboards that exist, and under ours.

use std::sync::{Arc, Mutex, PoisonError};

use environment::Environment;
use model::hold::State;
use model::remediation::Phase;
use prometheus_client::encoding::EncodeLabelSet;
use prometheus_client::metrics::counter::Counter;
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::Gauge;
use prometheus_client::metrics::histogram::{Histogram, exponential_buckets};
use prometheus_client::registry::{Registry, Unit};

use crate::receivers::TABLE;

/// A label and its value.
#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByStatus {
    status: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByIntegration {
    integration: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByReason {
    integration: &'static str,
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByWhy {
    reason: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByState {
    state: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct ByPhase {
    phase: &'static str,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
pub(crate) struct Config {
    hash: String,
}

/// All counters. Cheap to clone.
#[derive(Clone)]
pub struct Metrics {
    inner: Arc<Inner>,
}

struct Inner {
    alertmanager: Mutex<Registry>,
    ours: Mutex<Registry>,
    received: Family<ByStatus, Counter>,
    invalid: Counter,
    notifications: Family<ByIntegration, Counter>,
    failed: Family<ByReason, Counter>,
    requests: Family<ByIntegration, Counter>,
    requests_failed: Family<ByIntegration, Counter>,
    suppressed: Family<ByWhy, Counter>,
    latency: Family<ByIntegration, Histogram, fn() -> Histogram>,
    alerts: Family<ByState, Gauge>,
    groups: Gauge,
    silences: Family<ByState, Gauge>,
    reload_ok: Gauge,
    reload_time: Gauge,
    dead: Family<ByIntegration, Counter>,
    journal_errors: Family<ByWhy, Counter>,
    unjournaled: Counter,
    owed: Family<ByState, Gauge>,
    copies_one: Counter,
    shed: Family<ByWhy, Counter>,
    acknowledged: Histogram,
    holds: Family<ByState, Counter>,
    outcomes: Family<ByPhase, Counter>,
    /// Which configuration is in force, to be compared between replicas.
    in_force: Family<Config, Gauge>,
    served: net::server::Metrics,
}

impl Metrics {
    /// All counters at zero.
    pub fn new(environment: &Environment) -> Self {
        let latency: fn() -> Histogram = || Histogram::new(exponential_buckets(0.005, 2.0, 12));
        let inner = Inner {
            alertmanager: Mutex::new(Registry::with_prefix("alertmanager")),
            ours: Mutex::new(net::metrics::registry("alerter", env!("CARGO_PKG_VERSION"), environment)),
            received: Family::default(),
            invalid: Counter::default(),
            notifications: Family::default(),
            failed: Family::default(),
            requests: Family::default(),
            requests_failed: Family::default(),
            suppressed: Family::default(),
            latency: Family::new_with_constructor(latency),
            alerts: Family::default(),
            groups: Gauge::default(),
            silences: Family::default(),
            reload_ok: Gauge::default(),
            reload_time: Gauge::default(),
            dead: Family::default(),
            journal_errors: Family::default(),
            unjournaled: Counter::default(),
            owed: Family::default(),
            copies_one: Counter::default(),
            shed: Family::default(),
            acknowledged: Histogram::new(exponential_buckets(15.0, 2.0, 12)),
            holds: Family::default(),
            outcomes: Family::default(),
            in_force: Family::default(),
            served: net::server::Metrics::default(),
        };
        inner.register_alertmanagers();
        inner.register_ours();
        inner.touch();
        Self { inner: Arc::new(inner) }
    }

    /// Registers what others measure, under `seaworthy_`.
    pub fn with_registry(&self, register: impl FnOnce(&mut Registry)) {
        register(&mut self.inner.ours.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// The exposition of both.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        for registry in [&self.inner.alertmanager, &self.inner.ours] {
            let registry = registry.lock().unwrap_or_else(PoisonError::into_inner);
            prometheus_client::encoding::text::encode_registry(&mut text, &registry)
                .expect("a String takes all that is written to it");
        }
        text.push_str("# EOF\n");
        text
    }

    pub(crate) fn received(&self, firing: u64, resolved: u64, invalid: u64) {
        self.inner.received.get_or_create(&ByStatus { status: "firing" }).inc_by(firing);
        self.inner.received.get_or_create(&ByStatus { status: "resolved" }).inc_by(resolved);
        self.inner.invalid.inc_by(invalid);
    }

    pub(crate) fn attempted(&self, integration: &'static str, seconds: f64) {
        let by = ByIntegration { integration };
        self.inner.requests.get_or_create(&by).inc();
        self.inner.latency.get_or_create(&by).observe(seconds);
    }

    pub(crate) fn delivered(&self, integration: &'static str) {
        self.inner.notifications.get_or_create(&ByIntegration { integration }).inc();
    }

    pub(crate) fn attempt_failed(&self, integration: &'static str) {
        self.inner.requests_failed.get_or_create(&ByIntegration { integration }).inc();
    }

    pub(crate) fn dead(&self, integration: &'static str) {
        self.inner.notifications.get_or_create(&ByIntegration { integration }).inc();
        self.inner.failed.get_or_create(&ByReason { integration, reason: "clientError" }).inc();
        self.inner.dead.get_or_create(&ByIntegration { integration }).inc();
    }

    pub(crate) fn suppressed(&self, reason: &'static str, total: u64) {
        let counter = self.inner.suppressed.get_or_create(&ByWhy { reason }).clone();
        counter.inc_by(total.saturating_sub(counter.get()));
    }

    pub(crate) fn journal_error(&self, kind: &'static str) {
        self.inner.journal_errors.get_or_create(&ByWhy { reason: kind }).inc();
    }

    pub(crate) fn unjournaled(&self) {
        self.inner.unjournaled.inc();
    }

    pub(crate) fn one_copy(&self) {
        self.inner.copies_one.inc();
    }

    pub(crate) fn shed(&self, reason: &'static str) {
        self.inner.shed.get_or_create(&ByWhy { reason }).inc();
    }

    /// What the servers that serve our routers count.
    pub(crate) fn served(&self) -> net::server::Metrics {
        self.inner.served.clone()
    }

    /// Somebody took an episode on, so long after it began.
    pub(crate) fn acknowledged(&self, after: jiff::SignedDuration) {
        self.inner.acknowledged.observe(after.as_secs_f64());
    }

    /// The healer said something new about a page.
    pub(crate) fn hold(&self, state: State) {
        self.inner.holds.get_or_create(&ByState { state: hold_state(state) }).inc();
    }

    /// The healer said something new about a remediation. Phases that are not known are one series.
    pub(crate) fn outcome(&self, phase: &str) {
        let known = serde_json::from_value::<Phase>(phase.into());
        let phase = known.map_or("other", Phase::as_str);
        self.inner.outcomes.get_or_create(&ByPhase { phase }).inc();
    }

    /// The configuration with this hash is in force from now on.
    pub(crate) fn in_force(&self, hash: &str) {
        self.inner.in_force.clear();
        self.inner.in_force.get_or_create(&Config { hash: hash.to_owned() }).set(1);
    }

    pub(crate) fn reloaded(&self, ok: bool, at: jiff::Timestamp) {
        self.inner.reload_ok.set(i64::from(ok));
        if ok {
            self.inner.reload_time.set(at.as_second());
        }
    }

    pub(crate) fn alerts(&self, state: &'static str, count: usize) {
        self.inner.alerts.get_or_create(&ByState { state }).set(count as i64);
    }

    pub(crate) fn silences(&self, state: &'static str, count: usize) {
        self.inner.silences.get_or_create(&ByState { state }).set(count as i64);
    }

    pub(crate) fn groups(&self, count: usize) {
        self.inner.groups.set(count as i64);
    }

    pub(crate) fn outbox(&self, (waiting, on_their_way): (usize, usize)) {
        self.inner.owed.get_or_create(&ByState { state: "waiting" }).set(waiting as i64);
        self.inner.owed.get_or_create(&ByState { state: "on_their_way" }).set(on_their_way as i64);
    }
}

impl std::fmt::Debug for Metrics {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Metrics")
    }
}

impl Inner {
    fn register_alertmanagers(&self) {
        let mut registry = self.alertmanager.lock().unwrap_or_else(PoisonError::into_inner);
        let r = &mut *registry;
        r.register("alerts_received", "The total number of received alerts", self.received.clone());
        r.register(
            "alerts_invalid",
            "The total number of received alerts that were invalid",
            self.invalid.clone(),
        );
        r.register("alerts", "How many alerts by state", self.alerts.clone());
        r.register("silences", "How many silences by state", self.silences.clone());
        r.register(
            "notifications",
            "The total number of attempted notifications",
            self.notifications.clone(),
        );
        r.register("notifications_failed", "The total number of failed notifications", self.failed.clone());
        r.register(
            "notification_requests",
            "The total number of attempted notification requests",
            self.requests.clone(),
        );
        r.register(
            "notification_requests_failed",
            "The total number of failed notification requests",
            self.requests_failed.clone(),
        );
        r.register(
            "notifications_suppressed",
            "The total number of notifications kept back, by what kept them",
            self.suppressed.clone(),
        );
        r.register(
            "notification_latency_seconds",
            "The latency of notifications in seconds",
            self.latency.clone(),
        );
        r.register(
            "dispatcher_aggregation_groups",
            "Number of active aggregation groups",
            self.groups.clone(),
        );
        r.register(
            "config_last_reload_successful",
            "Whether the last configuration reload attempt was successful",
            self.reload_ok.clone(),
        );
        r.register(
            "config_last_reload_success_timestamp_seconds",
            "Timestamp of the last successful configuration reload",
            self.reload_time.clone(),
        );
    }

    fn register_ours(&self) {
        let mut registry = self.ours.lock().unwrap_or_else(PoisonError::into_inner);
        let r = &mut *registry;
        r.register("dead_letters", "Messages that were given up", self.dead.clone());
        r.register("journal_errors", "Requests that the journal could not keep", self.journal_errors.clone());
        r.register(
            "unjournaled_attempts",
            "Messages sent though the attempt could not be journaled: after a crash they may be sent again",
            self.unjournaled.clone(),
        );
        r.register("outbox_messages", "Messages that are owed", self.owed.clone());
        r.register("accepted_on_one_copy", "Batches that were answered on one copy", self.copies_one.clone());
        r.register("shed", "Requests that were refused because a bound was reached", self.shed.clone());
        r.register_with_unit(
            "time_to_acknowledge",
            "From the beginning of an episode until somebody took it on",
            Unit::Seconds,
            self.acknowledged.clone(),
        );
        r.register("holds", "What the healer said about pages, repetitions aside", self.holds.clone());
        r.register("outcomes", "What the healer said about remediations, once each", self.outcomes.clone());
        r.register(
            "config_in_force",
            "1 with the hash of the configuration in force: replicas that differ in it drifted apart",
            self.in_force.clone(),
        );
        self.served.register(r);
    }

    /// Dashboards compute rates: a series must be there before it first counts.
    fn touch(&self) {
        for status in ["firing", "resolved"] {
            drop(self.received.get_or_create(&ByStatus { status }));
        }
        for kind in &TABLE {
            let by = ByIntegration { integration: kind.name };
            drop(self.notifications.get_or_create(&by));
            drop(self.requests.get_or_create(&by));
            drop(self.requests_failed.get_or_create(&by));
            drop(self.dead.get_or_create(&by));
            drop(self.latency.get_or_create(&by));
            for reason in ["clientError", "serverError", "other"] {
                drop(self.failed.get_or_create(&ByReason { integration: kind.name, reason }));
            }
        }
        for state in [State::Taken, State::Succeeded, State::Failed, State::Released] {
            drop(self.holds.get_or_create(&ByState { state: hold_state(state) }));
        }
        for reason in ["silence", "inhibition", "mute_time_interval", "held", "acknowledged"] {
            drop(self.suppressed.get_or_create(&ByWhy { reason }));
        }
    }
}

fn hold_state(state: State) -> &'static str {
    match state {
        State::Taken => "taken",
        State::Succeeded => "succeeded",
        State::Failed => "failed",
        State::Released => "released",
    }
}

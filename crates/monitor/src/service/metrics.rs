//! What the monitor counts.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use cluster::watch::Counters;
use environment::Environment;
use model::config::monitor::MonitorConfig;
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, EncodeMetric};
use prometheus_client::metrics::counter::{ConstCounter, Counter};
use prometheus_client::metrics::family::Family;
use prometheus_client::metrics::gauge::{ConstGauge, Gauge};
use prometheus_client::metrics::histogram::Histogram;
use prometheus_client::registry::{Registry, Unit};

use super::board::Board;
use crate::engine::Engine;
use crate::kind::Kind;

/// Upper bounds in seconds, from a change that is told at once to an endpoint that was away.
const BUCKETS: [f64; 12] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0, 120.0];

/// The counters of each watch.
pub(super) type Watches = Vec<(Kind, Arc<Counters>)>;

/// The monitor's metrics. Cheap to clone; clones count together.
#[derive(Clone, Debug)]
pub(super) struct Metrics {
    /// From a change's arrival until the issues that follow from it are known.
    detection: Histogram,
    /// From then until an endpoint accepted it.
    publishing: Family<Peer, Histogram, fn() -> Histogram>,
    posted: Family<Peer, Counter>,
    not_posted: Family<Peer, Counter>,
    /// From a request until its answer, or until there was none.
    answers: Family<Peer, Histogram, fn() -> Histogram>,
    /// 1 while an endpoint takes issues.
    up: Family<Peer, Gauge>,
    /// Whether the configuration file as it is now is in force.
    configured: Gauge,
    /// Which configuration is in force, to be compared between replicas.
    in_force: Family<Config, Gauge>,
    engine: Arc<Gauges>,
    watches: Arc<OnceLock<Watches>>,
}

/// Figures of the engine, as they were when it last settled.
#[derive(Debug, Default)]
struct Gauges {
    evaluated: BTreeMap<&'static str, AtomicU64>,
    objects: [AtomicU64; Kind::ALL.len()],
    texts: AtomicU64,
    timers: AtomicU64,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Peer {
    peer: String,
}

#[derive(Clone, Debug, PartialEq, Eq, Hash, EncodeLabelSet)]
struct Config {
    hash: String,
}

impl Default for Metrics {
    fn default() -> Self {
        let codes = model::codes::ALL.iter().map(|code| (*code, AtomicU64::default()));
        let engine = Gauges { evaluated: codes.collect(), ..Gauges::default() };
        Self {
            detection: Histogram::new(BUCKETS),
            publishing: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            posted: Family::default(),
            not_posted: Family::default(),
            answers: Family::new_with_constructor(|| Histogram::new(BUCKETS)),
            up: Family::default(),
            configured: Gauge::default(),
            in_force: Family::default(),
            engine: Arc::new(engine),
            watches: Arc::default(),
        }
    }
}

impl Metrics {
    /// Shows them in `registry`, with the issues of `board`.
    pub(super) fn register(&self, registry: &mut Registry, environment: &Environment, board: &Board) {
        registry.register_with_unit(
            "detection",
            "Time from a change's arrival until the issues that follow from it are known",
            Unit::Seconds,
            self.detection.clone(),
        );
        registry.register_with_unit(
            "publishing",
            "Time from an issue's change until the endpoint accepted it",
            Unit::Seconds,
            self.publishing.clone(),
        );
        registry.register("alerts_posted", "Alerts accepted, by endpoint", self.posted.clone());
        registry.register("posts_failed", "Requests not accepted, by endpoint", self.not_posted.clone());
        registry.register_with_unit(
            "post_duration",
            "Time from a request to an endpoint until its answer",
            Unit::Seconds,
            self.answers.clone(),
        );
        registry.register("endpoint_up", "1 while an endpoint takes issues", self.up.clone());
        registry.register(
            "config_last_reload_successful",
            "1 if the configuration file as it was last read is in force",
            self.configured.clone(),
        );
        registry.register(
            "config_in_force",
            "1 with the hash of the configuration in force: replicas that differ in it drifted apart",
            self.in_force.clone(),
        );
        registry.register_collector(Box::new(Live {
            metrics: self.clone(),
            environment: environment.clone(),
            board: board.clone(),
        }));
    }

    pub(super) fn watch(&self, watches: Watches) {
        // A service starts its watches once.
        let _ = self.watches.set(watches);
    }

    pub(super) fn detected(&self, took: Duration) {
        self.detection.observe(took.as_secs_f64());
    }

    pub(super) fn settled(&self, engine: &Engine) {
        for (code, count) in engine.evaluated() {
            if let Some(evaluated) = self.engine.evaluated.get(code) {
                evaluated.store(count, Relaxed);
            }
        }
        for (kind, objects) in Kind::ALL.into_iter().zip(&self.engine.objects) {
            objects.store(engine.count(kind) as u64, Relaxed);
        }
        self.engine.texts.store(engine.texts() as u64, Relaxed);
        self.engine.timers.store(engine.timers() as u64, Relaxed);
    }

    pub(super) fn posted(&self, peer: &str, alerts: usize, waits: &[Duration]) {
        let peer = Peer { peer: peer.to_owned() };
        self.posted.get_or_create(&peer).inc_by(alerts as u64);
        let publishing = self.publishing.get_or_create(&peer);
        for wait in waits {
            publishing.observe(wait.as_secs_f64());
        }
    }

    pub(super) fn answered(&self, peer: &str, took: Duration) {
        self.answers.get_or_create(&Peer { peer: peer.to_owned() }).observe(took.as_secs_f64());
    }

    pub(super) fn endpoint(&self, peer: &str, is_up: bool) {
        self.up.get_or_create(&Peer { peer: peer.to_owned() }).set(i64::from(is_up));
    }

    /// Whether the file as it was last read could be put into force.
    pub(super) fn configured(&self, is_in_force: bool) {
        self.configured.set(i64::from(is_in_force));
    }

    /// This configuration is in force from now on.
    pub(super) fn in_force(&self, config: &MonitorConfig) {
        self.in_force.clear();
        self.in_force.get_or_create(&Config { hash: model::config::hash(config) }).set(1);
    }

    pub(super) fn not_posted(&self, peer: &str) {
        self.not_posted.get_or_create(&Peer { peer: peer.to_owned() }).inc();
    }
}

/// What is looked up when somebody asks.
#[derive(Debug)]
struct Live {
    metrics: Metrics,
    environment: Environment,
    board: Board,
}

impl Collector for Live {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), fmt::Error> {
        self.encode_watches(&mut encoder)?;
        self.encode_engine(&mut encoder)?;
        self.encode_issues(&mut encoder)
    }
}

impl Live {
    fn encode_watches(&self, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        let watches = self.metrics.watches.get().map_or(&[][..], Vec::as_slice);
        let now = self.environment.monotonic();
        let staleness = watches.iter().map(|(kind, counters)| {
            // A watch that was never heard from is as old as we are.
            (kind.as_str(), counters.staleness(now).unwrap_or(now).as_secs_f64())
        });
        gauges(encoder, "watch_staleness_seconds", "Time since a watch was last heard from", staleness)?;
        let snapshots: Vec<_> =
            watches.iter().map(|(kind, counters)| (kind.as_str(), counters.snapshot())).collect();
        for (name, help, value) in [
            ("watch_events", "Objects received, in lists and as changes", counted(|all| all.events)),
            ("watch_bytes", "Bytes received, uncompressed", counted(|all| all.bytes)),
            ("watch_malformed", "Objects that could not be read", counted(|all| all.malformed)),
            ("watch_lists", "Lists completed", counted(|all| all.lists)),
            ("watch_failures", "Times that a watch failed or fell silent", counted(|all| all.failures)),
        ] {
            let values = snapshots.iter().map(|(kind, snapshot)| (*kind, value(snapshot)));
            counters(encoder, name, help, "kind", values)?;
        }
        Ok(())
    }

    fn encode_engine(&self, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        let engine = &self.metrics.engine;
        let evaluated = engine.evaluated.iter().map(|(code, count)| (*code, count.load(Relaxed)));
        counters(encoder, "checks_evaluated", "Evaluations of a check on a subject", "check", evaluated)?;
        let objects = Kind::ALL.iter().zip(&engine.objects);
        let objects = objects.map(|(kind, count)| (kind.as_str(), count.load(Relaxed) as f64));
        gauges(encoder, "world_objects", "Objects known", objects)?;
        for (name, help, value) in [
            ("world_texts", "Different texts that records share", &engine.texts),
            ("timers", "Times that are waited for", &engine.timers),
        ] {
            let gauge = ConstGauge::new(value.load(Relaxed));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        Ok(())
    }

    fn encode_issues(&self, encoder: &mut DescriptorEncoder) -> Result<(), fmt::Error> {
        let mut counts: BTreeMap<(String, &str, &str), u64> = BTreeMap::new();
        {
            let state = self.board.read();
            for issue in state.issues.values() {
                let place = if issue.cause.is_some() { "folded" } else { "open" };
                *counts.entry((issue.code.clone(), issue.severity.as_str(), place)).or_default() += 1;
            }
            for (code, count) in &state.pending {
                counts.insert(((*code).to_owned(), "", "pending"), *count as u64);
            }
        }
        let first = ConstGauge::new(0_u64);
        let help = "Issues by code, severity and state";
        let mut family = encoder.encode_descriptor("issues", help, None, first.metric_type())?;
        for ((code, severity, state), count) in counts {
            let labels = [("code", code.as_str()), ("severity", severity), ("state", state)];
            ConstGauge::new(count).encode(family.encode_family(&labels)?)?;
        }
        Ok(())
    }
}

type Counted = fn(&cluster::watch::Snapshot) -> u64;

fn counted(value: Counted) -> Counted {
    value
}

fn gauges<'a>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    values: impl Iterator<Item = (&'a str, f64)>,
) -> Result<(), fmt::Error> {
    let first = ConstGauge::new(0.0_f64);
    let mut family = encoder.encode_descriptor(name, help, None, first.metric_type())?;
    for (kind, value) in values {
        ConstGauge::new(value).encode(family.encode_family(&[("kind", kind)])?)?;
    }
    Ok(())
}

fn counters<'a>(
    encoder: &mut DescriptorEncoder,
    name: &str,
    help: &str,
    label: &str,
    values: impl Iterator<Item = (&'a str, u64)>,
) -> Result<(), fmt::Error> {
    let first = ConstCounter::new(0_u64);
    let mut family = encoder.encode_descriptor(name, help, None, first.metric_type())?;
    for (value_of_label, value) in values {
        ConstCounter::new(value).encode(family.encode_family(&[(label, value_of_label)])?)?;
    }
    Ok(())
}

//! What disturbs a run. One fault, one file, one line in [`TABLE`].
//!
//! A fault is drawn for a scene from the seed, begins, lasts and ends. What it does it does
//! through the [`Stage`]; that it was there is seen, so that oracles know what the services can
//! have known.

mod acknowledge;
mod approval;
mod bad_image;
mod brake;
mod clock_jump;
mod coalesced_events;
mod consolidation;
mod control_plane;
mod cordon;
mod crash_loop;
mod deadlock;
mod delayed_events;
mod deletion;
mod dependency;
mod descheduler;
mod dns;
mod doubled_events;
mod drain;
mod dropped_events;
mod ended_watches;
mod flapping;
mod frozen_nodes;
mod garbled_events;
mod git_ops;
mod hanging;
mod image_registry;
mod late_requests;
mod lost_answers;
mod lost_requests;
mod malformed_events;
mod malformed_objects;
mod mid_attempt;
mod others;
mod out_of_memory;
mod partition;
mod power;
mod pressure;
mod rack;
mod reboots;
mod receivers;
mod relabelled;
mod relapse;
mod remediation_operator;
mod replayed_events;
mod rollout;
mod runtime;
mod scaling;
mod sensor;
mod server_errors;
mod service_crash;
mod service_pause;
mod silent_watches;
mod slow_api;
mod spot;
mod stage;
mod stale_reads;
mod storage;
mod store;
mod switched;
mod taint_by_hand;
mod throttled;
mod tight_budget;
mod two_troubles;
mod webhook;
mod whose;
mod zone;

use std::time::Duration;

use environment::Environment;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use serde::{Deserialize, Serialize};

pub use stage::Stage;
pub use switched::Switched;

/// A kind of fault.
pub struct Kind {
    /// Its name, by which timetables and oracles know it.
    pub name: &'static str,
    /// How often it is drawn, beside others.
    pub weight: u32,
    /// How long it lasts: from and to.
    pub lasts: (Duration, Duration),
    /// Draws whom or what it is about; what it means is the fault's own.
    pub subject: fn(&Scene, &mut ChaCha12Rng) -> String,
    /// Begins it.
    pub begin: fn(&Stage, &str),
    /// Ends it. Whatever else went on meanwhile, nothing of it is left.
    pub end: fn(&Stage, &str),
}

/// What a fault is drawn for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scene {
    /// The nodes' names.
    pub nodes: Vec<String>,
    /// The zones' names.
    pub zones: Vec<String>,
    /// The racks' names.
    pub racks: Vec<String>,
    /// The workloads that faults may befall, as `kind/namespace/name`.
    pub workloads: Vec<String>,
}

/// One fault of a timetable.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    /// Its kind's name.
    pub name: String,
    /// Whom or what it is about.
    pub subject: String,
    /// When it begins, in seconds since the run began.
    pub at_s: u64,
    /// How long it lasts, in seconds.
    pub lasts_s: u64,
}

/// All faults.
pub const TABLE: [&Kind; 61] = [
    &acknowledge::KIND,
    &approval::KIND,
    &bad_image::KIND,
    &brake::KIND,
    &clock_jump::KIND,
    &coalesced_events::KIND,
    &consolidation::KIND,
    &control_plane::KIND,
    &cordon::KIND,
    &crash_loop::KIND,
    &deadlock::KIND,
    &delayed_events::KIND,
    &deletion::KIND,
    &dependency::KIND,
    &descheduler::KIND,
    &dns::KIND,
    &doubled_events::KIND,
    &drain::KIND,
    &dropped_events::KIND,
    &ended_watches::KIND,
    &flapping::KIND,
    &frozen_nodes::KIND,
    &garbled_events::KIND,
    &git_ops::KIND,
    &image_registry::KIND,
    &late_requests::KIND,
    &lost_answers::KIND,
    &lost_requests::KIND,
    &malformed_events::KIND,
    &malformed_objects::KIND,
    &mid_attempt::KIND,
    &out_of_memory::KIND,
    &partition::KIND,
    &power::KIND,
    &pressure::KIND,
    &rack::KIND,
    &reboots::KIND,
    &receivers::KIND,
    &relabelled::KIND,
    &relapse::KIND,
    &remediation_operator::KIND,
    &replayed_events::KIND,
    &rollout::KIND,
    &runtime::KIND,
    &scaling::KIND,
    &sensor::KIND,
    &server_errors::KIND,
    &service_crash::KIND,
    &service_pause::KIND,
    &silent_watches::KIND,
    &slow_api::KIND,
    &spot::KIND,
    &stale_reads::KIND,
    &storage::KIND,
    &store::KIND,
    &throttled::KIND,
    &taint_by_hand::KIND,
    &tight_budget::KIND,
    &two_troubles::KIND,
    &webhook::KIND,
    &zone::KIND,
];

/// Those that befall events of watches: what is told, and not, but for [`what_is_the_case`], what is.
pub const EVENTS: [&str; 7] = [
    coalesced_events::KIND.name,
    delayed_events::KIND.name,
    doubled_events::KIND.name,
    dropped_events::KIND.name,
    garbled_events::KIND.name,
    malformed_events::KIND.name,
    replayed_events::KIND.name,
];

/// What a fault of events does besides, as a fault of its own: the same happens then, and is told.
pub fn what_is_the_case(fault: &Fault) -> Option<Fault> {
    (fault.name == dropped_events::KIND.name).then(|| dropped_events::what_is_the_case(fault)).flatten()
}

/// How long after its end services may not know what a fault has kept from them: what nobody tells
/// them again is found out when they list anew.
pub fn lingers(name: &str) -> Duration {
    const RELIST: Duration = Duration::from_mins(40);
    let is_silent = [dropped_events::KIND.name, malformed_events::KIND.name].contains(&name);
    if is_silent { RELIST } else { Duration::ZERO }
}

/// The fault of a name.
pub fn get(name: &str) -> Option<&'static Kind> {
    TABLE.into_iter().find(|kind| kind.name == name)
}

/// Draws a timetable: so many faults that begin within `span`, in the order of their beginnings.
pub fn draw(scene: &Scene, count: usize, span: Duration, environment: &Environment) -> Vec<Fault> {
    let mut rng = environment.rng("timetable");
    let total: u32 = TABLE.iter().map(|kind| kind.weight).sum();
    let mut faults: Vec<Fault> = (0..count).map(|_| one(scene, total, span, &mut rng)).collect();
    faults.sort_by(|a, b| (a.at_s, &a.name, &a.subject).cmp(&(b.at_s, &b.name, &b.subject)));
    faults
}

fn one(scene: &Scene, total: u32, span: Duration, rng: &mut ChaCha12Rng) -> Fault {
    let mut drawn = rng.random_range(0..total);
    let kind = TABLE.into_iter().find(|kind| {
        let is_it = drawn < kind.weight;
        drawn = drawn.saturating_sub(kind.weight);
        is_it
    });
    let kind = kind.unwrap_or(TABLE[0]);
    let (least, most) = kind.lasts;
    Fault {
        name: kind.name.to_owned(),
        subject: (kind.subject)(scene, rng),
        at_s: rng.random_range(0..span.as_secs()),
        lasts_s: rng.random_range(least.as_secs()..=most.as_secs()),
    }
}

/// One of several; `fallback` of none.
fn pick<'a>(from: &'a [String], rng: &mut ChaCha12Rng, fallback: &'a str) -> &'a str {
    if from.is_empty() { fallback } else { &from[rng.random_range(0..from.len())] }
}

/// From and to, in seconds.
const fn lasts(least: u64, most: u64) -> (Duration, Duration) {
    (Duration::from_secs(least), Duration::from_secs(most))
}

#[cfg(test)]
mod tests;

//! Events of watches do not arrive, and nothing says so. An API server never does that; one with a
//! defect in its cache does, and whoever acts by what is the case, not by what happened, gets over
//! it.
//!
//! Most of what is told of is told again soon, and makes good what was dropped. What harms is the last
//! that is said of something. So most often all is dropped, and in most of these a pod hangs first, and
//! the monitor is not told how that ends.

use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::{Fault, Kind, Scene, Stage, hanging, lasts, pick, whose};
use crate::api::Trouble;

const NAME: &str = "dropped events";
/// How long after that events are dropped: everybody knows of it by then, and nothing is done yet.
const KNOWN_AFTER: Duration = Duration::from_secs(15);

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 6,
    lasts: lasts(20, 900),
    subject: |scene, rng| {
        if rng.random_bool(0.3) { whose::watches(rng, 5..=100) } else { last_words(scene, rng) }
    },
    begin: |stage, subject| match hanging::workload(subject) {
        Some(_) => {
            hanging::begin(stage, subject);
            stage.begin_work(NAME, subject, drop_later(stage.clone(), subject.to_owned()));
        }
        None => whose::begin(stage, NAME, subject, Trouble::EventsDropped),
    },
    end: |stage, subject| {
        stage.end_work(NAME, subject);
        whose::end(stage, NAME, subject);
    },
};

/// All that somebody is told of pods, or of everything.
fn last_words(scene: &Scene, rng: &mut ChaCha12Rng) -> String {
    let kind = whose::one(rng, &["pods", "all"]);
    if rng.random_bool(0.3) {
        return format!("{} {kind} 100%", whose::one(rng, &["monitor", "all", "healer-0", "healer-1"]));
    }
    let client = whose::one(rng, &["monitor", "monitor", "all"]);
    format!("{client} {kind} 100% {}", hanging::phrase(pick(&scene.workloads, rng, "")))
}

/// What is the case in a fault of this kind, and not only what is told of it.
pub(super) fn what_is_the_case(fault: &Fault) -> Option<Fault> {
    let workload = hanging::workload(&fault.subject)?;
    Some(Fault {
        name: super::deadlock::KIND.name.to_owned(),
        subject: format!("{workload} 1"),
        ..fault.clone()
    })
}

async fn drop_later(stage: Stage, subject: String) {
    tokio::time::sleep(KNOWN_AFTER).await;
    whose::begin(&stage, NAME, &subject, Trouble::EventsDropped);
}

//! Two parties cannot reach each other: services, the API server, receivers, and kubelets.

use rand::RngExt;

use super::{Kind, Stage, lasts, pick, whose};
use crate::api::{Fault, Trouble};
use crate::run::settings::RECEIVERS;

const NAME: &str = "partition";

/// The monitor and the alerter: often enough, and for long enough, to see what becomes of a sender that is
/// not heard.
const UNHEARD: &str = "monitor alerter";
const UNHEARD_SHARE: f64 = 0.4;

/// The API server, as a party.
const API: &str = "api";

/// Who may be cut off from whom, besides nodes from the API server.
const PAIRS: [(&str, &str); 10] = [
    ("healer-0", API),
    ("healer-1", API),
    ("monitor", API),
    ("monitor", "alerter"),
    ("monitor", "healer-0"),
    ("monitor", "healer-1"),
    ("healer-0", "alerter"),
    ("healer-1", "alerter"),
    ("alerter", RECEIVERS[0]),
    ("alerter", RECEIVERS[1]),
];

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 14,
    lasts: lasts(10, 1500),
    subject: |scene, rng| {
        if rng.random_bool(0.15) {
            return format!("{} {API}", pick(&scene.nodes, rng, "n-0"));
        }
        if rng.random_bool(UNHEARD_SHARE) {
            return UNHEARD.to_owned();
        }
        let (from, to) = PAIRS[rng.random_range(0..PAIRS.len())];
        format!("{from} {to}")
    },
    begin: |stage, subject| set(stage, subject, true),
    end: |stage, subject| set(stage, subject, false),
};

fn set(stage: &Stage, subject: &str, is_cut: bool) {
    let Some((from, to)) = subject.split_once(' ') else { return };
    let is_service = PAIRS.iter().any(|(service, _)| *service == from);
    match (to, is_service, is_cut) {
        (API, true, true) => stage.switched().on(NAME, subject, [Fault::of(from, Trouble::Cut)]),
        (API, true, false) => whose::end(stage, NAME, subject),
        (API, false, true) => stage.kubelets().cut_off(from),
        (API, false, false) => stage.kubelets().reconnect(from),
        _ => stage.roads().change(from, to, |road| road.is_cut = is_cut),
    }
}

//! Volumes cannot be attached any more, on one node or on all: pods that have one do not start.

use rand::RngExt;

use super::{Kind, Stage, lasts, pick};

/// All nodes, instead of the name of one.
const EVERYWHERE: &str = "everywhere";

pub(super) const KIND: Kind = Kind {
    name: "storage",
    weight: 5,
    lasts: lasts(60, 900),
    subject: |scene, rng| {
        if rng.random_bool(0.5) { EVERYWHERE.to_owned() } else { pick(&scene.nodes, rng, "n-0").to_owned() }
    },
    begin: |stage, subject| set(stage, subject, false),
    end: |stage, subject| set(stage, subject, true),
};

fn set(stage: &Stage, subject: &str, is_up: bool) {
    let all = stage.nodes();
    for (name, _) in all.iter().filter(|(name, _)| subject == EVERYWHERE || name == subject) {
        stage.kubelets().set_storage(name, is_up);
    }
}

//! Some of a workload's pods hang: they run, and are never ready again. Those that take their place
//! are well.

use rand::RngExt;

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "deadlock",
    weight: 16,
    lasts: lasts(1, 5),
    subject: |scene, rng| format!("{} {}", pick(&scene.workloads, rng, ""), rng.random_range(1..=3)),
    begin: |stage, subject| {
        let Some((workload, count)) = subject.split_once(' ') else { return };
        let count = count.parse().unwrap_or(1);
        for pod in stage.pods_of(workload).into_iter().take(count) {
            stage.hang(&pod);
        }
    },
    end: |_, _| {},
};

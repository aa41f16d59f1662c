//! One pod of a workload hangs and another crashes again and again: two checks complain of the same
//! workload at once, if it has more than one pod. Those that take their place are well.

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "two troubles",
    weight: 6,
    lasts: lasts(1, 5),
    subject: |scene, rng| pick(&scene.workloads, rng, "").to_owned(),
    begin: |stage, workload| {
        let pods = stage.pods_of(workload);
        if let Some(hangs) = pods.first() {
            stage.hang(hangs);
        }
        if let Some(crashes) = pods.get(1) {
            stage.crash(crashes);
        }
    },
    end: |_, _| {},
};

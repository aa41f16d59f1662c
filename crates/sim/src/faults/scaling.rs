//! An autoscaler takes a workload up and down again.

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "scaling",
    weight: 4,
    lasts: lasts(60, 600),
    subject: |scene, rng| pick(&scene.workloads, rng, "").to_owned(),
    begin: |stage, workload| stage.scale(workload, 2),
    end: |stage, workload| stage.scale(workload, -2),
};

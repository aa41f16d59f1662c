//! Somebody gives a workload a disruption budget without room.

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "tight budget",
    weight: 4,
    lasts: lasts(60, 900),
    subject: |scene, rng| pick(&scene.workloads, rng, "").to_owned(),
    begin: |stage, workload| stage.set_budget(workload, true),
    end: |stage, workload| stage.set_budget(workload, false),
};

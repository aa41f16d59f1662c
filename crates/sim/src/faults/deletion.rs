//! A person deletes a workload's pods by hand.

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "deletion",
    weight: 4,
    lasts: lasts(1, 10),
    subject: |scene, rng| pick(&scene.workloads, rng, "").to_owned(),
    begin: |stage, workload| stage.delete_pods(workload),
    end: |_, _| {},
};

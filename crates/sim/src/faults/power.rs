//! A machine loses its power, and its containers with it, and boots again.

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "power",
    weight: 6,
    lasts: lasts(30, 900),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| stage.kubelets().power_off(node),
    end: |stage, node| stage.kubelets().power_on(node),
};

//! A node's container runtime stops answering, and its kubelet says that it is not ready.

use super::{Kind, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "runtime",
    weight: 6,
    lasts: lasts(60, 900),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| stage.kubelets().stop_runtime(node),
    end: |stage, node| stage.kubelets().start_runtime(node),
};

//! Kubelets are frozen: their nodes fall silent, and come back as they were. One node, some that
//! fall together, or so many that it cannot be the nodes.

use rand::RngExt;

use super::{Kind, lasts};

pub(super) const KIND: Kind = Kind {
    name: "frozen nodes",
    weight: 16,
    lasts: lasts(30, 1200),
    subject: |scene, rng| {
        let most = scene.nodes.len();
        let count = match rng.random_range(0..4) {
            0 | 1 => 1,
            2 => most.div_ceil(3),
            _ => most.div_ceil(2),
        };
        let first = rng.random_range(0..most.max(1));
        let names: Vec<&str> =
            (0..count.min(most)).map(|n| scene.nodes[(first + n) % most].as_str()).collect();
        names.join(" ")
    },
    begin: |stage, nodes| nodes.split(' ').for_each(|node| stage.kubelets().freeze(node)),
    end: |stage, nodes| nodes.split(' ').for_each(|node| stage.kubelets().thaw(node)),
};

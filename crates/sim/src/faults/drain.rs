//! A person drains a node: cordons it and evicts what runs there, as far as budgets let them.

use super::{Kind, cordon, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "drain",
    weight: 4,
    lasts: lasts(120, 900),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| {
        cordon::set(stage, node, true);
        stage.evict_all(node);
    },
    end: |stage, node| cordon::set(stage, node, false),
};

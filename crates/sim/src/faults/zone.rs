//! Half a zone's nodes cannot reach the API server; their containers are looked after.

use super::{Kind, Stage, lasts, pick};
use crate::view::node::ZONE;

pub(super) const KIND: Kind = Kind {
    name: "zone",
    weight: 5,
    lasts: lasts(60, 900),
    subject: |scene, rng| pick(&scene.zones, rng, "zone-a").to_owned(),
    begin: |stage, zone| {
        let nodes = nodes(stage, zone);
        nodes[..nodes.len().div_ceil(2)].iter().for_each(|node| stage.kubelets().cut_off(node));
    },
    // All of them: others may have joined, and it would be another half.
    end: |stage, zone| nodes(stage, zone).iter().for_each(|node| stage.kubelets().reconnect(node)),
};

fn nodes(stage: &Stage, zone: &str) -> Vec<String> {
    let own = stage.nodes().into_iter().filter(|(_, node)| node["metadata"]["labels"][ZONE] == zone);
    own.map(|(name, _)| name).collect()
}

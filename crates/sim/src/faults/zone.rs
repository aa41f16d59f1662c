//! Half a zone's nodes cannot reach the API server; their containers are looked after.

use super::{Kind, Stage, lasts, pick};
use crate::kinds;

pub(super) const KIND: Kind = Kind {
    name: "zone",
    weight: 5,
    lasts: lasts(60, 900),
    subject: |scene, rng| pick(&scene.zones, rng, "zone-a").to_owned(),
    begin: |stage, zone| half(stage, zone).iter().for_each(|node| stage.kubelets().cut_off(node)),
    end: |stage, zone| half(stage, zone).iter().for_each(|node| stage.kubelets().reconnect(node)),
};

/// The same half each time: nodes come by their names.
fn half(stage: &Stage, zone: &str) -> Vec<String> {
    let nodes = stage.registry().storage().list(kinds::NODE, None).0;
    let own = nodes.iter().filter(|(_, node)| node.label("topology.kubernetes.io/zone") == Some(zone));
    let names: Vec<String> = own.map(|(address, _)| address.name.to_string()).collect();
    names[..names.len().div_ceil(2)].to_vec()
}

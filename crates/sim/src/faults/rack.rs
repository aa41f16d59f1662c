//! A rack fails, all its nodes at once: it loses its power, or its switch.

use rand::RngExt;

use super::{Kind, Stage, lasts, pick};
use crate::blueprint::RACK;

pub(super) const KIND: Kind = Kind {
    name: "rack",
    weight: 5,
    lasts: lasts(60, 900),
    subject: |scene, rng| {
        let what = if rng.random_bool(0.5) { "power" } else { "switch" };
        format!("{} {what}", pick(&scene.racks, rng, "zone-a-0"))
    },
    begin: |stage, subject| set(stage, subject, false),
    end: |stage, subject| set(stage, subject, true),
};

fn set(stage: &Stage, subject: &str, is_well: bool) {
    let Some((rack, what)) = subject.split_once(' ') else { return };
    let kubelets = stage.kubelets();
    for (name, _) in stage.nodes().iter().filter(|(_, node)| node["metadata"]["labels"][RACK] == rack) {
        match (what, is_well) {
            ("power", false) => kubelets.power_off(name),
            ("power", true) => kubelets.power_on(name),
            (_, false) => kubelets.cut_off(name),
            (_, true) => kubelets.reconnect(name),
        }
    }
}

//! A node is short of memory or disk, and its kubelet evicts pods because of it.

use rand::RngExt;

use super::{Kind, lasts, pick};
use crate::kubelet::Pressure;

pub(super) const KIND: Kind = Kind {
    name: "pressure",
    weight: 6,
    lasts: lasts(60, 900),
    subject: |scene, rng| {
        let what = if rng.random_bool(0.5) { "memory" } else { "disk" };
        format!("{} {what}", pick(&scene.nodes, rng, "n-0"))
    },
    begin: |stage, subject| {
        let (node, pressure) = read(subject);
        stage.kubelets().set_pressure(node, pressure, 2);
    },
    end: |stage, subject| {
        let (node, pressure) = read(subject);
        stage.kubelets().lift_pressure(node, pressure);
    },
};

fn read(subject: &str) -> (&str, Pressure) {
    match subject.split_once(' ') {
        Some((node, "disk")) => (node, Pressure::Disk),
        Some((node, _)) => (node, Pressure::Memory),
        None => (subject, Pressure::Memory),
    }
}

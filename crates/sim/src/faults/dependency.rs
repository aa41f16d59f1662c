//! What a workload depends on is away: its pods run and are not ready, and those that take their place
//! are not, either. No repair helps until it is back; with two at once, until the first is.

use super::{Kind, lasts, pick};
use crate::kubelet::Workload;

pub(super) const KIND: Kind = Kind {
    name: "dependency",
    weight: 6,
    lasts: lasts(60, 1500),
    subject: |scene, rng| pick(&scene.workloads, rng, "").to_owned(),
    begin: |stage, workload| {
        if let (Some(own), Ok(waits)) = (read(workload), "never-ready".parse()) {
            stage.kubelets().disturb(&own, waits);
        }
    },
    end: |stage, workload| {
        if let Some(own) = read(workload) {
            stage.kubelets().calm(&own);
        }
    },
};

/// The workload of `kind/namespace/name`.
fn read(text: &str) -> Option<Workload> {
    let mut parts = text.split('/');
    let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
    Some(Workload::new(namespace, kind, name))
}

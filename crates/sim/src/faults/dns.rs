//! The cluster's DNS servers hang: names are not resolved any more, and what needs them is not ready.

use super::{Kind, lasts};
use crate::kubelet::Workload;

pub(super) const KIND: Kind = Kind {
    name: "dns",
    weight: 5,
    lasts: lasts(30, 600),
    subject: |_, _| "coredns".to_owned(),
    begin: |stage, name| {
        if let Ok(hangs) = "never-ready".parse() {
            stage.kubelets().disturb(&servers(name), hangs);
        }
    },
    end: |stage, name| stage.kubelets().calm(&servers(name)),
};

fn servers(name: &str) -> Workload {
    Workload::new("kube-system", "Deployment", name)
}

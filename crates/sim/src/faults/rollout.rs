//! A rollout fails: the new version never gets ready, its deadline passes, and it is taken back.

use rand::RngExt;
use serde_json::Value;

use super::{Kind, Stage, lasts, pick};

/// What a Deployment has for its progress where nothing is said, in seconds.
const DEADLINE_DEFAULT_S: u64 = 600;

pub(super) const KIND: Kind = Kind {
    name: "rollout",
    weight: 6,
    lasts: lasts(120, 1200),
    subject: |scene, rng| format!("{} {}", pick(&scene.workloads, rng, ""), rng.random_range(30..=180)),
    begin: |stage, subject| {
        let Some((workload, deadline)) = subject.split_once(' ') else { return };
        set_deadline(stage, workload, deadline.parse().unwrap_or(DEADLINE_DEFAULT_S));
        stage.behave(workload, "never-ready");
    },
    end: |stage, subject| {
        let Some((workload, _)) = subject.split_once(' ') else { return };
        set_deadline(stage, workload, DEADLINE_DEFAULT_S);
        stage.behave(workload, "healthy");
    },
};

/// Only Deployments have one.
fn set_deadline(stage: &Stage, workload: &str, seconds: u64) {
    if let Some(address) = stage.workload(workload).filter(|own| own.kind == crate::kinds::DEPLOYMENT) {
        stage.change(&address, |value| {
            value["spec"]["progressDeadlineSeconds"] = seconds.into();
            Value::Null
        });
    }
}

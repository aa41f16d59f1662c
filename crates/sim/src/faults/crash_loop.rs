//! A version that crashes soon after its start is rolled out, and taken back.

use rand::RngExt;

use super::{Kind, Stage, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "crash loop",
    weight: 8,
    lasts: lasts(60, 900),
    subject: |scene, rng| format!("{} {}s", pick(&scene.workloads, rng, ""), rng.random_range(2..40)),
    begin: |stage, subject| {
        if let Some((workload, after)) = subject.split_once(' ') {
            stage.behave(workload, &format!("crashes-after={after}"));
        }
    },
    end: |stage, subject| heal(stage, subject),
};

/// The first word names a workload whose pods behave again.
pub(super) fn heal(stage: &Stage, subject: &str) {
    stage.behave(subject.split(' ').next().unwrap_or_default(), "healthy");
}

//! A version that needs more memory than it may have is rolled out, and taken back.

use rand::RngExt;

use super::{Kind, crash_loop, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "out of memory",
    weight: 6,
    lasts: lasts(60, 900),
    subject: |scene, rng| format!("{} {}s", pick(&scene.workloads, rng, ""), rng.random_range(10..120)),
    begin: |stage, subject| {
        if let Some((workload, after)) = subject.split_once(' ') {
            stage.behave(workload, &format!("oom-after={after}"));
        }
    },
    end: |stage, subject| crash_loop::heal(stage, subject),
};

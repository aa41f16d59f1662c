//! Somebody rolls out an image that does not exist, and takes it back.

use serde_json::Value;

use super::{Kind, Stage, lasts, pick};

pub(super) const KIND: Kind = Kind {
    name: "bad image",
    weight: 8,
    lasts: lasts(60, 900),
    subject: |scene, rng| pick(&scene.workloads, rng, "").to_owned(),
    begin: |stage, workload| set(stage, workload, "registry.test/no-such-image:2"),
    end: |stage, workload| set(stage, workload, crate::run::cluster::IMAGE),
};

fn set(stage: &Stage, workload: &str, image: &str) {
    if let Some(address) = stage.workload(workload) {
        stage.change(&address, |value| {
            value["spec"]["template"]["spec"]["containers"][0]["image"] = image.into();
            Value::Null
        });
    }
}

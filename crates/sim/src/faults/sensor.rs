//! A sensor is faulty: an agent like the node problem detector says of every node that it is sick,
//! while all kubelets are fine. It says so again and again.

use std::time::Duration;

use rand::RngExt;
use serde_json::{Value, json};

use super::{Kind, Stage, lasts};
use crate::controllers::condition::{self, Condition};
use crate::kinds;
use crate::registry::{Part, time};
use crate::storage::Address;

/// How often the agent says it.
const PERIOD: Duration = Duration::from_secs(30);

pub(super) const KIND: Kind = Kind {
    name: "faulty sensor",
    weight: 6,
    lasts: lasts(60, 900),
    subject: |_, rng| {
        let conditions = ["DiskPressure", "MemoryPressure", "KernelDeadlock", "ReadonlyFilesystem"];
        conditions[rng.random_range(0..conditions.len())].to_owned()
    },
    begin: |stage, condition| {
        stage.begin_work(KIND.name, condition, work(stage.clone(), condition.to_owned()));
    },
    end: |stage, condition| {
        stage.end_work(KIND.name, condition);
        say(stage, condition, false);
    },
};

async fn work(stage: Stage, condition: String) {
    let detector = stage.controller("node-problem-detector");
    loop {
        for node in detector.list("/api/v1/nodes").await {
            let name = node["metadata"]["name"].as_str().unwrap_or_default();
            let mut status = json!({"conditions": node["status"]["conditions"]});
            write(&mut status, &condition, true, stage.registry().now());
            let version = &node["metadata"]["resourceVersion"];
            let patch = json!({"metadata": {"resourceVersion": version}, "status": status});
            // Where a kubelet was faster, the next round says it.
            detector.patch(&format!("/api/v1/nodes/{name}/status"), &patch).await;
        }
        tokio::time::sleep(PERIOD).await;
    }
}

fn say(stage: &Stage, condition: &str, is_sick: bool) {
    let now = stage.registry().now();
    for (name, _) in stage.nodes() {
        // A node that is gone says nothing.
        let _ = stage.registry().modify(&Address::new(kinds::NODE, "", &name), Part::Status, |value| {
            write(&mut value["status"], condition, is_sick, now);
            Ok(())
        });
    }
}

fn write(status: &mut Value, kind: &str, is_sick: bool, now: jiff::Timestamp) {
    let (to, reason) = if is_sick { ("True", "SensorSaysSo") } else { ("False", "SensorSaysOtherwise") };
    let said = Condition { kind, status: to, reason, message: "as measured by the agent" };
    if condition::set(status, said, now) {
        let mut one = condition::find(status, kind).clone();
        one["lastHeartbeatTime"] = time(now).into();
        condition::put(status, kind, one);
    }
}

//! A spot machine is called back: two minutes before, the cloud's handler taints, cordons and drains
//! its node; then it is gone, whatever still runs there, and another takes its place and its name.

use std::time::Duration;

use serde_json::json;

use super::{Kind, Stage, cordon, lasts, pick};
use crate::actors::node_path;

/// The handler's mark.
const INTERRUPTED: &str = "aws-node-termination-handler/spot-itn";
/// From the notice to the end of the machine: what clouds promise.
const NOTICE: Duration = Duration::from_mins(2);
/// How long the next machine takes to come.
const REPLACEMENT: Duration = Duration::from_secs(90);

pub(super) const KIND: Kind = Kind {
    name: "spot",
    weight: 6,
    lasts: lasts(60, 600),
    subject: |scene, rng| pick(&scene.nodes, rng, "n-0").to_owned(),
    begin: |stage, node| stage.begin_work(KIND.name, node, work(stage.clone(), node.to_owned())),
    end: |stage, node| {
        stage.end_work(KIND.name, node);
        stage.kubelets().power_on(node);
        stage.untaint(node, INTERRUPTED);
        cordon::set(stage, node, false);
    },
};

async fn work(stage: Stage, node: String) {
    let handler = stage.controller("node-termination-handler");
    handler.taint(&node, &json!({"key": INTERRUPTED, "effect": "NoSchedule"})).await;
    handler.cordon(&node, true).await;
    let drained = async {
        handler.drain(&node).await;
        std::future::pending::<()>().await;
    };
    // The machine goes when its time has come, not when it is drained.
    let _ = tokio::time::timeout(NOTICE, drained).await;
    stage.kubelets().power_off(&node);
    stage.controller("cloud-controller").delete(&node_path(&node)).await;
    tokio::time::sleep(REPLACEMENT).await;
    stage.kubelets().power_on(&node);
}

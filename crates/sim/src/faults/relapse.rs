//! A pod of a workload hangs, and what takes its place does soon, too: repairs happen and do not help,
//! until it is handed over to a person. The last of them hangs on, as after a deadlock.

use std::sync::Arc;
use std::time::Duration;

use rand::RngExt;

use super::{Kind, Stage, lasts, pick};
use crate::storage::{Address, Object};

/// Between two looks at what took the place of the last one.
const LOOKS: Duration = Duration::from_secs(5);

pub(super) const KIND: Kind = Kind {
    name: "relapse",
    weight: 8,
    // Past all steps of a ladder.
    lasts: lasts(600, 1500),
    // The number keeps two of a kind apart that overlap.
    subject: |scene, rng| format!("{} {}", pick(&scene.workloads, rng, ""), rng.random_range(1..1000)),
    begin: |stage, subject| {
        let workload = subject.split(' ').next().unwrap_or_default();
        stage.begin_work(KIND.name, subject, work(stage.clone(), workload.to_owned()));
    },
    end: |stage, subject| stage.end_work(KIND.name, subject),
};

async fn work(stage: Stage, workload: String) {
    let mut last: Option<Arc<Object>> = None;
    loop {
        let pods = pods(&stage, &workload);
        let is_gone = last.as_ref().is_none_or(|last| pods.iter().all(|(_, pod)| pod.uid != last.uid));
        let is_next = |pod: &Object| last.as_ref().is_none_or(|last| made(pod) > made(last));
        let next = pods.into_iter().filter(|(_, pod)| is_next(pod)).max_by_key(|(_, pod)| made(pod));
        if let Some((address, pod)) = next.filter(|_| is_gone) {
            stage.hang(&address);
            last = Some(pod);
        }
        tokio::time::sleep(LOOKS).await;
    }
}

/// A workload's pods that have not ended and are not on their way out.
fn pods(stage: &Stage, workload: &str) -> Vec<(Address, Arc<Object>)> {
    let read = |pod: Address| stage.registry().get(&pod).ok().map(|object| (pod, object));
    let has_ended =
        |pod: &Object| matches!(pod.value()["status"]["phase"].as_str(), Some("Failed" | "Succeeded"));
    let pods = stage.pods_of(workload).into_iter().filter_map(read);
    pods.filter(|(_, pod)| !pod.is_terminating && !has_ended(pod)).collect()
}

/// When a pod was made; among equals the name decides.
fn made(pod: &Object) -> String {
    let value = pod.value();
    format!("{} {}", value["metadata"]["creationTimestamp"], value["metadata"]["name"])
}

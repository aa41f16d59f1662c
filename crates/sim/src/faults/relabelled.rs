//! A person takes a pod that hangs out of its workload, to look into it: gives it labels that nobody
//! selects, so that the workload makes another. From then on nobody would make this one anew.

use std::time::Duration;

use super::{Kind, lasts, pick};

/// How long the pod hangs before it is relabelled: the healer may have taken it up by then.
const HANGS: Duration = Duration::from_secs(20);

pub(super) const KIND: Kind = Kind {
    name: "relabelled pod",
    weight: 6,
    lasts: lasts(60, 400),
    // Only a ReplicaSet lets go here of what it does not select.
    subject: |scene, rng| {
        let is_one = |workload: &&String| workload.starts_with("Deployment/");
        let deployments: Vec<String> = scene.workloads.iter().filter(is_one).cloned().collect();
        pick(&deployments, rng, "").to_owned()
    },
    begin: |stage, workload| {
        let Some(pod) = stage.pods_of(workload).into_iter().next() else { return };
        stage.hang(&pod);
        let own = stage.clone();
        stage.environment.spawn("relabelled pod", async move {
            tokio::time::sleep(HANGS).await;
            own.change(&pod, |value| {
                value["metadata"]["labels"]["app"] = "looked-into".into();
                serde_json::Value::Null
            });
        });
    },
    // It was looked into.
    end: |stage, _| stage.delete_labelled("app", "looked-into"),
};

//! A descheduler evicts pods by policies of its own: those that were restarted too often, those that
//! are old, those that stand beside their equals.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::RngExt;
use serde_json::Value;

use super::{Kind, Stage, lasts};
use crate::actors::{Actor, owner_kind};

/// Between two rounds.
const PERIOD: Duration = Duration::from_mins(1);
/// Most evictions in one round.
const ROUND_MAX: usize = 3;
/// So many restarts are too many: a tenth of what the policy is usually given, since runs are short.
const RESTARTS: u64 = 10;
/// Older than this is old.
const AGE: Duration = Duration::from_mins(10);

pub(super) const KIND: Kind = Kind {
    name: "descheduler",
    weight: 5,
    lasts: lasts(120, 900),
    subject: |_, rng| {
        let policies = ["TooManyRestarts", "PodLifeTime", "Duplicates"];
        policies[rng.random_range(0..policies.len())].to_owned()
    },
    begin: |stage, policy| stage.begin_work(KIND.name, policy, work(stage.clone(), policy.to_owned())),
    end: |stage, policy| stage.end_work(KIND.name, policy),
};

async fn work(stage: Stage, policy: String) {
    let descheduler = stage.controller("descheduler");
    loop {
        round(&stage, &descheduler, &policy).await;
        tokio::time::sleep(PERIOD).await;
    }
}

async fn round(stage: &Stage, descheduler: &Actor, policy: &str) {
    let pods = descheduler.list("/api/v1/pods").await;
    let running = pods.iter().filter(|pod| {
        let is_going = !pod["metadata"]["deletionTimestamp"].is_null();
        pod["status"]["phase"] == "Running" && !is_going && !matches!(owner_kind(pod), "" | "DaemonSet")
    });
    let now = stage.environment.now();
    let mut seen = BTreeSet::new();
    let victims: Vec<&Value> = running
        .filter(|pod| match policy {
            "TooManyRestarts" => restarts(pod) >= RESTARTS,
            "PodLifeTime" => is_old(pod, now),
            _ => !seen.insert((owner(pod), pod["spec"]["nodeName"].to_string())),
        })
        .take(ROUND_MAX)
        .collect();
    for pod in victims {
        descheduler.evict(pod).await;
    }
}

fn owner(pod: &Value) -> String {
    pod["metadata"]["ownerReferences"][0]["uid"].to_string()
}

fn restarts(pod: &Value) -> u64 {
    let containers = pod["status"]["containerStatuses"].as_array().into_iter().flatten();
    containers.filter_map(|own| own["restartCount"].as_u64()).sum()
}

fn is_old(pod: &Value, now: jiff::Timestamp) -> bool {
    let created = pod["metadata"]["creationTimestamp"].as_str().and_then(|text| text.parse().ok());
    created.is_some_and(|created: jiff::Timestamp| {
        Duration::try_from(now.duration_since(created)).is_ok_and(|age| age > AGE)
    })
}

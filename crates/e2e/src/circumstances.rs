//! What was the case when a scenario failed: nodes that are not well, its pods and those of the services,
//! and what was said of the former. A failure that does not come again cannot be asked.

use anyhow::Result;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Event, Pod};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
use kube::api::ListParams;

use crate::cluster::Cluster;
use crate::installation::NAMESPACE;

/// How many of the last events are told.
const EVENTS_MAX: usize = 40;

/// One line for each node that is not well, and for each pod and event of a namespace.
pub(crate) async fn of(cluster: &Cluster, namespace: &str) -> Result<Vec<String>> {
    let mut lines = cluster.unwell_nodes().await?;
    if lines.is_empty() {
        lines.push("all nodes are well".to_owned());
    }
    let all = ListParams::default();
    for namespace in [namespace, NAMESPACE] {
        lines.extend(cluster.within::<Pod>(namespace).list(&all).await?.items.iter().map(pod));
    }
    let mut events = cluster.within::<Event>(namespace).list(&all).await?.items;
    events.sort_by_key(at);
    lines.extend(events[events.len().saturating_sub(EVENTS_MAX)..].iter().map(event));
    Ok(lines)
}

/// A pod, its node, and since when its conditions are as they are.
fn pod(pod: &Pod) -> String {
    let name = pod.metadata.name.as_deref().unwrap_or_default();
    let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref()).unwrap_or("no node");
    let status = pod.status.as_ref();
    let phase = status.and_then(|status| status.phase.as_deref()).unwrap_or_default();
    let conditions = status.iter().flat_map(|status| status.conditions.iter().flatten());
    let conditions = conditions.map(|one| {
        let since = one.last_transition_time.as_ref().map(time).unwrap_or_default();
        format!(", {} {} since {since}", one.type_, one.status)
    });
    let leaves = pod.metadata.deletion_timestamp.as_ref();
    let leaves = leaves.map(|by| format!(", gone by {}", time(by))).unwrap_or_default();
    let containers = status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let restarts: i32 = containers.map(|container| container.restart_count).sum();
    let conditions: String = conditions.collect();
    format!("pod {name} on {node}: {phase}, {restarts} restarts{conditions}{leaves}")
}

fn event(event: &Event) -> String {
    let about = event.involved_object.name.as_deref().unwrap_or_default();
    let reason = event.reason.as_deref().unwrap_or_default();
    let message = event.message.as_deref().unwrap_or_default();
    let at = at(event).map(|at| at.to_string()).unwrap_or_default();
    format!("event {at} {about} {reason}: {message}")
}

/// When an event was last seen.
fn at(event: &Event) -> Option<Timestamp> {
    let series = event.series.as_ref().and_then(|series| series.last_observed_time.as_ref());
    let told = event.last_timestamp.as_ref().or(event.metadata.creation_timestamp.as_ref());
    let exact = series.or(event.event_time.as_ref());
    exact.map(|at| at.0).or(told.map(|at| at.0))
}

fn time(at: &Time) -> String {
    at.0.to_string()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::from;

    #[test]
    fn a_pod_says_since_when_it_is_as_it_is() {
        let value = from::<Pod>(json!({
            "metadata": {"name": "web-1", "deletionTimestamp": "2026-01-01T00:01:00Z"},
            "spec": {"nodeName": "n", "containers": []},
            "status": {"phase": "Running", "conditions": [
                {"type": "Ready", "status": "False", "lastTransitionTime": "2026-01-01T00:00:00Z"},
            ]},
        }));
        let expected = "pod web-1 on n: Running, 0 restarts, Ready False since 2026-01-01T00:00:00Z, gone by 2026-01-01T00:01:00Z";
        assert_eq!(pod(&value.unwrap()), expected);
    }

    #[test]
    fn events_are_told_by_when_they_were_seen_last() {
        let told = |times: serde_json::Value| {
            let mut value = json!({
                "metadata": {"creationTimestamp": "2026-01-01T00:00:00Z"},
                "involvedObject": {"name": "web-1"}, "reason": "Unhealthy", "message": "no answer",
            });
            value.as_object_mut().unwrap().extend(times.as_object().unwrap().clone());
            event(&from::<Event>(value).unwrap())
        };
        let line = |at: &str| format!("event {at} web-1 Unhealthy: no answer");
        assert_eq!(told(json!({})), line("2026-01-01T00:00:00Z"));
        assert_eq!(told(json!({"lastTimestamp": "2026-01-01T00:00:05Z"})), line("2026-01-01T00:00:05Z"));
        assert_eq!(told(json!({"eventTime": "2026-01-01T00:00:07.000000Z"})), line("2026-01-01T00:00:07Z"));
    }
}

//! Whether what a check found is still so, on the object as it is now. Not the check itself: it
//! has thresholds and a memory; this only asks whether there is still anything to repair.

use std::time::Duration;

use cluster::views::{ContainerStatus, Node, Phase, Pod, Status, find};
use model::codes;

use crate::facts::{Facts, LeaseAge, Subject, Workload, is_ready};

/// The answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// It is still so.
    Holds,
    /// It is not so any more, and what is instead.
    Over(String),
    /// It cannot be told, and why.
    Unknown(String),
}

/// How long past a quarter of its lease a kubelet must not have renewed it: that is its interval,
/// and this a slow request.
const LATE: Duration = Duration::from_secs(2);

/// One check's condition, by the kind of object it is read from.
enum On {
    Node(fn(&Node, &LeaseAge) -> Truth),
    Pod(fn(&Pod, &str) -> Truth),
    Workload(fn(&Workload) -> Truth),
}

/// The conditions, in the order of the catalog of checks.
const TABLE: &[(&str, On)] = &[
    (codes::NODE_NOT_READY, On::Node(node_not_ready)),
    (codes::NODE_UNREACHABLE, On::Node(node_unreachable)),
    (codes::NODE_MEMORY_PRESSURE, On::Node(|node, _| pressure(node, "MemoryPressure"))),
    (codes::NODE_DISK_PRESSURE, On::Node(|node, _| pressure(node, "DiskPressure"))),
    (codes::POD_CRASH_LOOP_BACK_OFF, On::Pod(crash_loop)),
    (codes::POD_OOM_KILLED, On::Pod(oom_killed)),
    (codes::POD_IMAGE_PULL_BACK_OFF, On::Pod(image_pull)),
    (codes::POD_UNSCHEDULABLE, On::Pod(unschedulable)),
    (codes::POD_STUCK_TERMINATING, On::Pod(stuck_terminating)),
    (codes::POD_RUNNING_NOT_READY, On::Pod(running_not_ready)),
    (codes::WORKLOAD_ROLLOUT_STUCK, On::Workload(rollout_stuck)),
];

/// Whether a check's finding can be looked at again on a pod.
pub fn is_on_pods(code: &str) -> bool {
    matches!(of(code), Some(On::Pod(_)))
}

/// Whether a check's finding can be looked at again on a node.
pub fn is_on_nodes(code: &str) -> bool {
    matches!(of(code), Some(On::Node(_)))
}

/// Whether a check's finding can be looked at again on a workload.
pub fn is_on_workloads(code: &str) -> bool {
    matches!(of(code), Some(On::Workload(_)))
}

/// Whether a pod still is as the check found it. `container` narrows it where it is one's trouble.
pub fn pod(code: &str, pod: &Pod, container: &str) -> Truth {
    match of(code) {
        Some(On::Pod(_)) if pod.metadata.is_terminating() && code != codes::POD_STUCK_TERMINATING => {
            Truth::Over("it is being deleted".to_owned())
        }
        Some(On::Pod(holds)) => holds(pod, container),
        _ => Truth::Unknown(format!("{code} is not found on pods")),
    }
}

/// Whether the lineage's own object, or any of the pods read, still is as the check found it.
pub fn lineage(code: &str, facts: &Facts) -> Truth {
    let subject = facts.subject.as_ref().and_then(|found| found.there());
    match (of(code), subject) {
        (Some(On::Node(holds)), Some(Subject::Node(node))) => holds(node, &facts.lease),
        (Some(On::Workload(holds)), Some(Subject::Workload(workload))) => holds(workload),
        (Some(On::Pod(_)), _) => any_pod(code, facts),
        (Some(_), _) => Truth::Unknown(facts.unreadable().unwrap_or_else(|| "it is gone".to_owned())),
        (None, _) => Truth::Unknown(format!("the healer does not know how to look at {code} again")),
    }
}

fn any_pod(code: &str, facts: &Facts) -> Truth {
    let mut unknown = None;
    for found in facts.pods.values() {
        match found {
            crate::facts::Found::There(there) => match pod(code, there, "") {
                Truth::Holds => return Truth::Holds,
                Truth::Unknown(why) => unknown = Some(why),
                Truth::Over(_) => {}
            },
            crate::facts::Found::Unreadable(why) => unknown = Some(why.clone()),
            crate::facts::Found::Absent => {}
        }
    }
    unknown.map_or_else(|| Truth::Over("no pod is so any more".to_owned()), Truth::Unknown)
}

fn of(code: &str) -> Option<&'static On> {
    TABLE.iter().find(|(known, _)| *known == code).map(|(_, on)| on)
}

fn over(text: &str) -> Truth {
    Truth::Over(text.to_owned())
}

/// Why a node cannot be taken for ready, if it cannot.
pub fn unready(node: &Node) -> Option<String> {
    match node_not_ready(node, &LeaseAge::Unread) {
        Truth::Over(_) => None,
        Truth::Holds => Some("the node is not ready".to_owned()),
        Truth::Unknown(why) => Some(why),
    }
}

fn node_not_ready(node: &Node, _: &LeaseAge) -> Truth {
    match find(&node.status.conditions, "Ready").map(|ready| ready.status) {
        Some(Status::True) => over("the node is ready"),
        Some(Status::False | Status::Unknown) => Truth::Holds,
        None => Truth::Unknown("the node has not said yet whether it is ready".to_owned()),
    }
}

/// The control plane calls a node's readiness unknown some 40 s after its last word; its lease
/// tells sooner.
fn node_unreachable(node: &Node, lease: &LeaseAge) -> Truth {
    let is_unknown =
        find(&node.status.conditions, "Ready").is_some_and(|ready| ready.status == Status::Unknown);
    match lease {
        _ if is_unknown => Truth::Holds,
        LeaseAge::Unchanged { so_long, duration } if *so_long >= *duration / 4 + LATE => Truth::Holds,
        LeaseAge::Unchanged { .. } => over("its lease may have been renewed just now"),
        LeaseAge::Absent => Truth::Unknown("it has no lease".to_owned()),
        LeaseAge::Unread => Truth::Unknown("its lease was not read".to_owned()),
        LeaseAge::Unreadable(why) => Truth::Unknown(why.clone()),
    }
}

fn pressure(node: &Node, kind: &str) -> Truth {
    match find(&node.status.conditions, kind).map(|condition| condition.status) {
        Some(Status::True) => Truth::Holds,
        Some(Status::False) => Truth::Over(format!("the node says {kind}=False")),
        Some(Status::Unknown) | None => Truth::Unknown(format!("the node does not say {kind}")),
    }
}

/// The containers in question, those that start the pod included.
fn containers<'a>(pod: &'a Pod, container: &'a str) -> impl Iterator<Item = &'a ContainerStatus> {
    let status = &pod.status;
    status
        .container_statuses
        .iter()
        .chain(&status.init_container_statuses)
        .filter(move |status| container.is_empty() || status.name == container)
}

fn waits_for(pod: &Pod, container: &str, reasons: &[&str]) -> bool {
    containers(pod, container).any(|status| {
        status.state.waiting.as_ref().is_some_and(|waiting| reasons.contains(&waiting.reason.as_str()))
    })
}

/// Between two crashes the container runs, for a moment or a minute: not ready and started again
/// is still the loop.
fn crash_loop(pod: &Pod, container: &str) -> Truth {
    let ended_badly = |status: &ContainerStatus| {
        status.state.terminated.as_ref().is_some_and(|terminated| terminated.exit_code != 0)
    };
    let between = |status: &ContainerStatus| {
        let crashed = status.last_state.terminated.as_ref().is_some_and(|last| last.exit_code != 0);
        !status.ready && status.restart_count > 0 && crashed
    };
    if waits_for(pod, container, &["CrashLoopBackOff"])
        || containers(pod, container).any(|status| ended_badly(status) || between(status))
    {
        Truth::Holds
    } else {
        over("no container is in a crash loop now")
    }
}

fn oom_killed(pod: &Pod, container: &str) -> Truth {
    let killed = |status: &ContainerStatus| {
        [&status.state, &status.last_state]
            .into_iter()
            .filter_map(|state| state.terminated.as_ref())
            .any(|terminated| terminated.reason == "OOMKilled")
    };
    if containers(pod, container).any(killed) {
        Truth::Holds
    } else {
        over("no container was killed for its memory lately")
    }
}

fn image_pull(pod: &Pod, container: &str) -> Truth {
    let reasons = ["ImagePullBackOff", "ErrImagePull", "InvalidImageName", "ErrImageNeverPull"];
    if waits_for(pod, container, &reasons) { Truth::Holds } else { over("no container waits for its image") }
}

fn unschedulable(pod: &Pod, _: &str) -> Truth {
    let refused = find(&pod.status.conditions, "PodScheduled")
        .is_some_and(|scheduled| scheduled.status == Status::False && scheduled.reason == "Unschedulable");
    if pod.spec.node_name.is_empty() && refused { Truth::Holds } else { over("the pod has a node") }
}

fn stuck_terminating(pod: &Pod, _: &str) -> Truth {
    if pod.metadata.is_terminating() { Truth::Holds } else { over("the pod is not being deleted") }
}

fn running_not_ready(pod: &Pod, _: &str) -> Truth {
    match pod.status.phase {
        Phase::Running if is_ready(pod) => over("the pod is ready"),
        Phase::Running => Truth::Holds,
        Phase::Pending | Phase::Succeeded | Phase::Failed | Phase::Unknown => over("the pod does not run"),
    }
}

fn rollout_stuck(workload: &Workload) -> Truth {
    if workload.is_stuck { Truth::Holds } else { over("the rollout is not stuck any more") }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn a_pod(status: &Value) -> Pod {
        serde_json::from_value(json!({
            "metadata": {"name": "web-1", "namespace": "shop", "uid": "u", "resourceVersion": "1"},
            "spec": {"nodeName": "n1"},
            "status": status,
        }))
        .unwrap()
    }

    fn container(state: &Value, last: &Value, ready: bool) -> Value {
        json!({"phase": "Running", "containerStatuses": [
            {"name": "app", "ready": ready, "restartCount": 3, "state": state, "lastState": last}]})
    }

    fn a_node(ready: &str, memory: &str) -> Node {
        serde_json::from_value(json!({
            "metadata": {"name": "n1", "uid": "u", "resourceVersion": "1"},
            "status": {"conditions": [
                {"type": "Ready", "status": ready}, {"type": "MemoryPressure", "status": memory}]},
        }))
        .unwrap()
    }

    #[test]
    fn every_pod_condition_holds_and_ends() {
        let crashing = container(&json!({"waiting": {"reason": "CrashLoopBackOff"}}), &json!({}), false);
        let between = container(&json!({"running": {}}), &json!({"terminated": {"exitCode": 1}}), false);
        let killed = container(
            &json!({"running": {}}),
            &json!({"terminated": {"exitCode": 137, "reason": "OOMKilled"}}),
            true,
        );
        let pulling = container(&json!({"waiting": {"reason": "ErrImagePull"}}), &json!({}), false);
        let fine = container(&json!({"running": {}}), &json!({}), true);
        let deaf = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "False"}]});
        let ready = json!({"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]});
        for (code, status, holds) in [
            (codes::POD_CRASH_LOOP_BACK_OFF, &crashing, true),
            (codes::POD_CRASH_LOOP_BACK_OFF, &between, true),
            (codes::POD_CRASH_LOOP_BACK_OFF, &fine, false),
            (codes::POD_OOM_KILLED, &killed, true),
            (codes::POD_OOM_KILLED, &crashing, false),
            (codes::POD_IMAGE_PULL_BACK_OFF, &pulling, true),
            (codes::POD_IMAGE_PULL_BACK_OFF, &fine, false),
            (codes::POD_RUNNING_NOT_READY, &deaf, true),
            (codes::POD_RUNNING_NOT_READY, &ready, false),
            (codes::POD_UNSCHEDULABLE, &fine, false),
            (codes::POD_STUCK_TERMINATING, &fine, false),
        ] {
            let truth = pod(code, &a_pod(status), "");
            assert_eq!(truth == Truth::Holds, holds, "{code}: {truth:?}");
        }
    }

    #[test]
    fn another_container_is_another_trouble() {
        let crashing =
            a_pod(&container(&json!({"waiting": {"reason": "CrashLoopBackOff"}}), &json!({}), false));
        assert_eq!(pod(codes::POD_CRASH_LOOP_BACK_OFF, &crashing, "app"), Truth::Holds);
        assert!(matches!(pod(codes::POD_CRASH_LOOP_BACK_OFF, &crashing, "sidecar"), Truth::Over(_)));
    }

    #[test]
    fn a_node_is_unreachable_by_its_lease_before_its_condition_says_so() {
        let unchanged = |seconds| LeaseAge::Unchanged {
            so_long: Duration::from_secs(seconds),
            duration: Duration::from_secs(40),
        };
        for (ready, lease, holds) in [
            ("True", unchanged(12), Some(true)),
            ("True", unchanged(11), Some(false)),
            ("Unknown", unchanged(0), Some(true)),
            ("True", LeaseAge::Absent, None),
            ("Unknown", LeaseAge::Absent, Some(true)),
            ("True", LeaseAge::Unread, None),
            ("True", LeaseAge::Unreadable("403".into()), None),
        ] {
            let expected = |truth: &Truth| match truth {
                Truth::Holds => Some(true),
                Truth::Over(_) => Some(false),
                Truth::Unknown(_) => None,
            };
            let truth = node_unreachable(&a_node(ready, "False"), &lease);
            assert_eq!(expected(&truth), holds, "{ready} {lease:?}: {truth:?}");
        }
    }

    #[test]
    fn what_a_node_does_not_say_is_unknown() {
        assert_eq!(pressure(&a_node("True", "True"), "MemoryPressure"), Truth::Holds);
        assert!(matches!(pressure(&a_node("True", "False"), "MemoryPressure"), Truth::Over(_)));
        assert!(matches!(pressure(&a_node("True", "Unknown"), "MemoryPressure"), Truth::Unknown(_)));
        assert!(matches!(pressure(&a_node("True", "True"), "DiskPressure"), Truth::Unknown(_)));
    }

    #[test]
    fn every_built_in_check_but_services_can_be_looked_at_again() {
        let unknown: Vec<_> = codes::ALL.into_iter().filter(|code| of(code).is_none()).collect();
        assert_eq!(unknown, [codes::SERVICE_NO_READY_ENDPOINTS]);
    }
}

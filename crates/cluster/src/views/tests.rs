//! The views against objects as a real API server wrote them (`fixtures/`), whole and damaged.

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Every view with its fixture: the tests below hold for all of them.
macro_rules! for_each_view {
    ($check:ident) => {
        $check::<Pod>(include_str!("fixtures/pod.json"));
        $check::<Node>(include_str!("fixtures/node.json"));
        $check::<Lease>(include_str!("fixtures/lease.json"));
        $check::<Deployment>(include_str!("fixtures/deployment.json"));
        $check::<ReplicaSet>(include_str!("fixtures/replicaset.json"));
        $check::<StatefulSet>(include_str!("fixtures/statefulset.json"));
        $check::<DaemonSet>(include_str!("fixtures/daemonset.json"));
        $check::<Job>(include_str!("fixtures/job.json"));
        $check::<Service>(include_str!("fixtures/service.json"));
        $check::<EndpointSlice>(include_str!("fixtures/endpointslice.json"));
        $check::<Namespace>(include_str!("fixtures/namespace.json"));
        $check::<PodDisruptionBudget>(include_str!("fixtures/pdb.json"));
    };
}

fn decode<V: View>(fixture: &str) -> V {
    serde_json::from_str(fixture).unwrap_or_else(|error| panic!("{}: {error}", V::kind()))
}

#[test]
fn a_pod_is_read_as_the_kubelet_reports_it() {
    let pod: Pod = decode(include_str!("fixtures/pod.json"));
    assert_eq!((pod.metadata.namespace.as_str(), pod.spec.node_name.as_str()), ("shop", "node-1"));
    assert_eq!(pod.metadata.controller().map(|owner| owner.kind.as_str()), Some("ReplicaSet"));
    let [app, side] = &pod.status.container_statuses[..] else { panic!("two containers") };
    assert_eq!(app.state.waiting.as_ref().unwrap().reason, "CrashLoopBackOff");
    let ended = app.last_state.terminated.as_ref().unwrap();
    assert_eq!((app.restart_count, ended.exit_code, ended.reason.as_str()), (6, 3, "Error"));
    assert!(ended.finished_at > ended.started_at);
    let waiting = side.state.waiting.as_ref().unwrap();
    assert_eq!(waiting.reason, "ImagePullBackOff");
    assert!(waiting.message.contains("not found"));
    assert_eq!(pod.spec.containers[0].resources.limits.get("memory"), Some("32Mi"));
    assert!(pod.spec.containers[0].readiness_probe && !pod.spec.containers[1].readiness_probe);
    assert_eq!(find(&pod.status.conditions, "Ready").unwrap().status, Status::False);
    assert_eq!(pod.status.phase, Phase::Pending, "its second container has never run");
    assert!(!pod.is_mirror() && !pod.is_finished() && !pod.metadata.is_terminating());
}

#[test]
fn a_node_is_read_with_its_zone_and_conditions() {
    let node: Node = decode(include_str!("fixtures/node.json"));
    assert_eq!((node.zone(), node.is_control_plane()), ("zone-a", false));
    let ready = find(&node.status.conditions, "Ready").unwrap();
    assert_eq!(ready.status, Status::True);
    assert!(ready.last_heartbeat_time.is_some() && ready.last_transition_time.is_some());
    assert!(node.status.allocatable.contains("memory"));
    let lease: Lease = decode(include_str!("fixtures/lease.json"));
    assert_eq!((lease.metadata.namespace.as_str(), lease.metadata.name.as_str()), (NODE_NAMESPACE, "node-1"));
    assert!(lease.spec.renew_time.is_some());
}

#[test]
fn workloads_are_read_with_what_their_rollouts_show() {
    let deployment: Deployment = decode(include_str!("fixtures/deployment.json"));
    assert_eq!((deployment.spec.replicas, deployment.status.unavailable_replicas), (Some(1), 1));
    assert_eq!(deployment.metadata.annotations.get("deployment.kubernetes.io/revision"), Some("1"));
    assert_eq!(deployment.spec.template.spec.containers[0].image, "seaworthy.test/tools:1");
    assert!(find(&deployment.status.conditions, "Progressing").unwrap().last_update_time.is_some());
    let replica_set: ReplicaSet = decode(include_str!("fixtures/replicaset.json"));
    assert_eq!(replica_set.metadata.controller().unwrap().name, "web");
    assert!(replica_set.metadata.labels.contains("pod-template-hash"));
    let stateful_set: StatefulSet = decode(include_str!("fixtures/statefulset.json"));
    assert_eq!((stateful_set.status.ready_replicas, stateful_set.spec.replicas), (2, Some(2)));
    assert_eq!(stateful_set.status.current_revision, stateful_set.status.update_revision);
    let daemon_set: DaemonSet = decode(include_str!("fixtures/daemonset.json"));
    assert_eq!((daemon_set.status.number_ready, daemon_set.status.desired_number_scheduled), (1, 1));
    let job: Job = decode(include_str!("fixtures/job.json"));
    assert_eq!(find(&job.status.conditions, "Failed").unwrap().reason, "BackoffLimitExceeded");
}

#[test]
fn services_slices_and_budgets_find_their_pods() {
    let service: Service = decode(include_str!("fixtures/service.json"));
    let slice: EndpointSlice = decode(include_str!("fixtures/endpointslice.json"));
    let pod: Pod = decode(include_str!("fixtures/pod.json"));
    assert_eq!(slice.service(), Some(service.metadata.name.as_str()));
    assert_eq!((slice.endpoints.len(), slice.ready()), (1, 0));
    assert_eq!(slice.endpoints[0].target_ref.as_ref().unwrap().name, pod.metadata.name);
    let budget: PodDisruptionBudget = decode(include_str!("fixtures/pdb.json"));
    assert_eq!(budget.spec.max_unavailable, Some(Amount::Share("50%".into())));
    assert_eq!((budget.status.disruptions_allowed, budget.status.expected_pods), (1, 2));
    assert!(!budget.spec.selector.unwrap().matches(&pod.metadata.labels), "another workload's budget");
    let namespace: Namespace = decode(include_str!("fixtures/namespace.json"));
    assert_eq!(namespace.status.phase, "Active");
}

/// Fields without which an object, or a part of it, says nothing.
const NEEDED: &[&str] = &[
    "/metadata",
    "/metadata/name",
    "/metadata/uid",
    "/metadata/resourceVersion",
    "/metadata/ownerReferences/0/kind",
    "/metadata/ownerReferences/0/name",
    "/metadata/ownerReferences/0/uid",
];

fn is_needed(path: &str) -> bool {
    let is_condition = path.contains("/conditions/") && !path.contains("/endpoints/");
    NEEDED.contains(&path)
        || is_condition && (path.ends_with("/type") || path.ends_with("/status"))
        || path.contains("tatuses/") && path.matches('/').count() == 4 && path.ends_with("/name")
}

/// The paths of everything in a value, in JSON Pointer notation.
fn paths(value: &Value, prefix: &str, all: &mut Vec<String>) {
    let children: Vec<(String, &Value)> = match value {
        Value::Object(fields) => fields.iter().map(|(key, value)| (key.clone(), value)).collect(),
        Value::Array(items) => items.iter().enumerate().map(|(n, value)| (n.to_string(), value)).collect(),
        _ => return,
    };
    for (key, child) in children {
        let path = format!("{prefix}/{}", key.replace('~', "~0").replace('/', "~1"));
        all.push(path.clone());
        paths(child, &path, all);
    }
}

fn remove(value: &mut Value, path: &str) {
    let (parent, key) = path.rsplit_once('/').unwrap();
    let key = key.replace("~1", "/").replace("~0", "~");
    match value.pointer_mut(parent) {
        Some(Value::Object(fields)) => drop(fields.remove(&key)),
        Some(Value::Array(items)) => drop(items.remove(key.parse::<usize>().unwrap())),
        _ => {}
    }
}

#[test]
fn what_is_missing_is_missed_only_where_it_is_needed() {
    fn check<V: View>(fixture: &str) {
        let whole: Value = serde_json::from_str(fixture).unwrap();
        let mut all = Vec::new();
        paths(&whole, "", &mut all);
        for path in all {
            let mut damaged = whole.clone();
            remove(&mut damaged, &path);
            let decoded = serde_json::from_value::<V>(damaged);
            assert_eq!(
                decoded.is_err(),
                is_needed(&path),
                "{} without {path}: {:?}",
                V::kind(),
                decoded.err()
            );
        }
    }
    for_each_view!(check);
}

#[test]
fn a_view_never_panics_on_what_stands_where_something_else_should() {
    fn check<V: View>(fixture: &str) {
        let whole: Value = serde_json::from_str(fixture).unwrap();
        let mut all = Vec::new();
        paths(&whole, "", &mut all);
        for path in all {
            for odd in [
                Value::Null,
                Value::from(-1),
                Value::from("\u{202e}x"),
                Value::from(vec![1]),
                Value::from(true),
            ] {
                let mut damaged = whole.clone();
                *damaged.pointer_mut(&path).unwrap() = odd;
                let _ = serde_json::from_value::<V>(damaged);
            }
        }
    }
    for_each_view!(check);
}

#[test]
fn views_stay_small() {
    // What is kept per object while it is looked at. A larger figure needs a reason.
    for (kind, size, most) in [
        ("Pod", size_of::<Pod>(), 640),
        ("Node", size_of::<Node>(), 448),
        ("Lease", size_of::<Lease>(), 384),
        ("EndpointSlice", size_of::<EndpointSlice>(), 320),
    ] {
        assert!(size <= most, "{kind} is {size} bytes");
    }
}

proptest! {
    #[test]
    fn taints_survive_being_read_and_written(
        key in "[a-z]{1,9}(/[a-z]{1,9})?", value in "[a-z0-9]{0,9}", later in "[a-z]{1,9}",
    ) {
        let written = serde_json::json!({"key": key, "value": value, "effect": "NoSchedule", format!("x{later}"): 1});
        let taint: Taint = serde_json::from_value(written.clone()).unwrap();
        let mut expected = written;
        if value.is_empty() {
            expected.as_object_mut().unwrap().remove("value");
        }
        prop_assert_eq!(serde_json::to_value(&taint).unwrap(), expected);
    }
}

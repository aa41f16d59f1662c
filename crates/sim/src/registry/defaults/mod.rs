//! What the server says of a new object where nobody said it.

mod pod;
mod workload;

use serde_json::{Value, json};

use crate::kinds::{self, Kind};

/// Fills in the defaults of one kind.
type Fill = fn(&mut Value);

/// The built-in kinds that have defaults.
const FILLS: &[(Kind, Fill)] = &[
    (kinds::POD, pod::fill),
    (kinds::DEPLOYMENT, workload::deployment),
    (kinds::REPLICA_SET, workload::replica_set),
    (kinds::STATEFUL_SET, workload::stateful_set),
    (kinds::DAEMON_SET, workload::daemon_set),
    (kinds::JOB, workload::job),
    (kinds::SERVICE, service),
    (kinds::NAMESPACE, namespace),
    (kinds::SECRET, secret),
    (kinds::POD_DISRUPTION_BUDGET, disruption_budget),
];

/// Fills in the defaults of a built-in kind.
pub(super) fn fill(kind: Kind, object: &mut Value) {
    if let Some((_, fill)) = FILLS.iter().find(|(own, _)| *own == kind) {
        fill(object);
    }
}

/// Sets a field that is not given.
fn set(object: &mut Value, field: &str, value: Value) {
    if object.get(field).is_none_or(Value::is_null) && (object.is_object() || object.is_null()) {
        object[field] = value;
    }
}

fn service(object: &mut Value) {
    let spec = &mut object["spec"];
    set(spec, "type", "ClusterIP".into());
    set(spec, "sessionAffinity", "None".into());
    set(spec, "internalTrafficPolicy", "Cluster".into());
    for port in spec["ports"].as_array_mut().into_iter().flatten() {
        set(port, "protocol", "TCP".into());
        let number = port["port"].clone();
        set(port, "targetPort", number);
    }
    set(object, "status", json!({"loadBalancer": {}}));
}

fn secret(object: &mut Value) {
    set(object, "type", "Opaque".into());
}

fn disruption_budget(object: &mut Value) {
    let none = json!({"currentHealthy": 0, "desiredHealthy": 0, "disruptionsAllowed": 0, "expectedPods": 0});
    set(object, "status", none);
}

/// A namespace can be selected by its name, and is emptied before it goes.
fn namespace(object: &mut Value) {
    let name = object["metadata"]["name"].clone();
    set(&mut object["metadata"], "labels", json!({}));
    object["metadata"]["labels"]["kubernetes.io/metadata.name"] = name;
    set(&mut object["spec"], "finalizers", json!(["kubernetes"]));
    set(object, "status", json!({"phase": "Active"}));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(kind: Kind, mut object: Value) -> Value {
        fill(kind, &mut object);
        object
    }

    #[test]
    fn what_is_said_stays() {
        let given = json!({"metadata": {"name": "s"}, "spec": {"type": "NodePort", "ports": [{"port": 80, "targetPort": "http"}]}});
        let service = filled(kinds::SERVICE, given);
        assert_eq!(service["spec"]["type"], "NodePort");
        assert_eq!(service["spec"]["ports"][0], json!({"port": 80, "targetPort": "http", "protocol": "TCP"}));
    }

    #[test]
    fn pods_have_classes_tolerations_and_a_phase() {
        let container = |resources: Value| json!({"name": "a", "image": "a:1", "resources": resources});
        for (resources, class) in [
            (json!({}), "BestEffort"),
            (json!({"requests": {"cpu": "1"}}), "Burstable"),
            (json!({"limits": {"cpu": "1", "memory": "1Gi"}}), "Guaranteed"),
            (json!({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "500m"}}), "Burstable"),
        ] {
            let pod =
                filled(kinds::POD, json!({"metadata": {}, "spec": {"containers": [container(resources)]}}));
            assert_eq!(pod["status"], json!({"phase": "Pending", "qosClass": class}));
            assert_eq!(pod["spec"]["restartPolicy"], "Always");
            let tolerations = pod["spec"]["tolerations"].as_array().unwrap();
            assert_eq!(tolerations.len(), 2);
            assert_eq!(tolerations[0]["tolerationSeconds"], 300);
        }
    }

    #[test]
    fn workloads_roll_gently() {
        let template = json!({"spec": {"containers": [{"name": "a", "image": "a"}]}});
        let deployment = filled(kinds::DEPLOYMENT, json!({"spec": {"template": template}}));
        assert_eq!(deployment["spec"]["replicas"], 1);
        assert_eq!(deployment["spec"]["progressDeadlineSeconds"], 600);
        assert_eq!(deployment["spec"]["strategy"]["rollingUpdate"]["maxSurge"], "25%");
        assert_eq!(deployment["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"], "Always");
        assert!(deployment["spec"]["template"]["spec"]["tolerations"].is_null(), "those are the pods' own");
        let set = filled(kinds::STATEFUL_SET, json!({"spec": {"template": template}}));
        assert_eq!(set["spec"]["podManagementPolicy"], "OrderedReady");
    }
}

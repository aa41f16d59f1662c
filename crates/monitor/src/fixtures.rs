//! Objects for tests, written as the API server would and decoded as a watch would.

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::kind::Kind;
use crate::now::Now;
use crate::world::Object;

/// What time it is in tests.
pub(crate) const NOW: Now =
    Now { wall: Timestamp::constant(1_767_225_600, 0), steady: std::time::Duration::from_secs(100_000) };

/// So many seconds before [`NOW`].
pub(crate) fn ago(seconds: i64) -> Timestamp {
    NOW.wall - SignedDuration::from_secs(seconds)
}

/// [`NOW`] and so many seconds more, on both clocks.
pub(crate) fn later(seconds: u64) -> Now {
    let passed = std::time::Duration::from_secs(seconds);
    Now { wall: NOW.wall + passed, steady: NOW.steady + passed }
}

/// An object being written.
#[derive(Clone, Debug)]
pub(crate) struct Fixture {
    kind: Kind,
    json: Value,
}

fn object(kind: Kind, namespace: &str, name: &str) -> Fixture {
    let json = json!({
        "metadata": {
            "name": name, "namespace": namespace, "uid": format!("{kind}-{name}"), "resourceVersion": "1",
            "creationTimestamp": ago(7200).to_string(), "labels": {}, "annotations": {},
        },
        "spec": {}, "status": {"conditions": []},
    });
    Fixture { kind, json }
}

pub(crate) fn node(name: &str) -> Fixture {
    object(Kind::Node, "", name)
}

pub(crate) fn lease(node: &str, renewed_ago: i64) -> Fixture {
    let mut lease = object(Kind::Lease, "kube-node-lease", node);
    lease.json["spec"] = json!({"holderIdentity": node, "renewTime": ago(renewed_ago).to_string()});
    lease
}

/// A pod that runs and is ready.
pub(crate) fn pod(name: &str) -> Fixture {
    object(Kind::Pod, "shop", name).phase("Running").ready("True", 3600)
}

pub(crate) fn deployment(name: &str) -> Fixture {
    let mut deployment = object(Kind::Deployment, "shop", name).replicas(3).generation(1, 1);
    deployment.json["spec"]["template"]["spec"]["containers"] =
        json!([{"name": "app", "image": "registry.example/app:1"}]);
    deployment
}

pub(crate) fn replica_set(name: &str, deployment: &str, revision: u32) -> Fixture {
    let mut set = object(Kind::ReplicaSet, "shop", name).owner("Deployment", deployment);
    set.json["metadata"]["annotations"]["deployment.kubernetes.io/revision"] = revision.to_string().into();
    set
}

pub(crate) fn stateful_set(name: &str) -> Fixture {
    object(Kind::StatefulSet, "shop", name).replicas(3)
}

pub(crate) fn daemon_set(name: &str) -> Fixture {
    let mut set = object(Kind::DaemonSet, "shop", name);
    set.json["status"]["desiredNumberScheduled"] = 1.into();
    set
}

pub(crate) fn job(name: &str) -> Fixture {
    object(Kind::Job, "shop", name)
}

pub(crate) fn service(name: &str) -> Fixture {
    object(Kind::Service, "shop", name)
}

pub(crate) fn namespace(name: &str) -> Fixture {
    object(Kind::Namespace, "", name)
}

pub(crate) fn slice(name: &str, service: &str) -> Fixture {
    let mut slice = object(Kind::EndpointSlice, "shop", name).label("kubernetes.io/service-name", service);
    slice.json["addressType"] = "IPv4".into();
    slice.json["endpoints"] = json!([]);
    slice
}

impl Fixture {
    /// The object as a watch gives it.
    pub(crate) fn object(&self) -> Object {
        match self.kind {
            Kind::Pod => Object::Pod(Box::new(self.decode())),
            Kind::Node => Object::Node(Box::new(self.decode())),
            Kind::Lease => Object::Lease(Box::new(self.decode())),
            Kind::Deployment => Object::Deployment(Box::new(self.decode())),
            Kind::ReplicaSet => Object::ReplicaSet(Box::new(self.decode())),
            Kind::StatefulSet => Object::StatefulSet(Box::new(self.decode())),
            Kind::DaemonSet => Object::DaemonSet(Box::new(self.decode())),
            Kind::Job => Object::Job(Box::new(self.decode())),
            Kind::Service => Object::Service(Box::new(self.decode())),
            Kind::EndpointSlice => Object::EndpointSlice(Box::new(self.decode())),
            Kind::Namespace => Object::Namespace(Box::new(self.decode())),
        }
    }

    /// The object as the API server writes it, and the resource that it is one of.
    pub(crate) fn written(&self) -> (&'static str, Value) {
        let resource = match self.kind {
            Kind::Pod => "pods",
            Kind::Node => "nodes",
            Kind::Lease => "leases",
            Kind::Deployment => "deployments",
            Kind::ReplicaSet => "replicasets",
            Kind::StatefulSet => "statefulsets",
            Kind::DaemonSet => "daemonsets",
            Kind::Job => "jobs",
            Kind::Service => "services",
            Kind::EndpointSlice => "endpointslices",
            Kind::Namespace => "namespaces",
        };
        (resource, self.json.clone())
    }

    fn decode<V: DeserializeOwned>(&self) -> V {
        serde_json::from_value(self.json.clone()).expect("a fixture is a valid object")
    }

    fn with_meta(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.json["metadata"][key] = value.into();
        self
    }

    pub(crate) fn created(self, seconds_ago: i64) -> Self {
        self.with_meta("creationTimestamp", ago(seconds_ago).to_string())
    }

    /// Its deletion was asked for so long ago, without any grace.
    pub(crate) fn deleted(self, seconds_ago: i64) -> Self {
        self.deleted_with_grace(seconds_ago, 0)
    }

    pub(crate) fn deleted_with_grace(self, seconds_ago: i64, grace: i64) -> Self {
        self.with_meta("deletionTimestamp", ago(seconds_ago - grace).to_string())
            .with_meta("deletionGracePeriodSeconds", grace)
    }

    pub(crate) fn finalizer(self, name: &str) -> Self {
        self.with_meta("finalizers", json!([name]))
    }

    pub(crate) fn label(mut self, key: &str, value: &str) -> Self {
        self.json["metadata"]["labels"][key] = value.into();
        self
    }

    pub(crate) fn owner(self, kind: &str, name: &str) -> Self {
        let owner = json!({"apiVersion": "v1", "kind": kind, "name": name, "uid": format!("{kind}-{name}"), "controller": true});
        self.with_meta("ownerReferences", json!([owner]))
    }

    /// Adds a condition, or replaces the one of that type.
    pub(crate) fn condition(mut self, kind: &str, status: &str, changed_ago: i64) -> Self {
        let conditions = self.json["status"]["conditions"].as_array_mut().expect("every fixture has a list");
        conditions.retain(|condition| condition["type"] != kind);
        conditions.push(
            json!({"type": kind, "status": status, "lastTransitionTime": ago(changed_ago).to_string()}),
        );
        self
    }

    /// Gives the condition that was added last its reason and message.
    pub(crate) fn reason(mut self, reason: &str, message: &str) -> Self {
        let conditions = self.json["status"]["conditions"].as_array_mut().expect("every fixture has a list");
        if let Some(last) = conditions.last_mut() {
            last["reason"] = reason.into();
            last["message"] = message.into();
        }
        self
    }

    pub(crate) fn zone(self, zone: &str) -> Self {
        self.label("topology.kubernetes.io/zone", zone)
    }

    /// For how long a lease says it holds.
    pub(crate) fn lasting(mut self, seconds: i64) -> Self {
        self.json["spec"]["leaseDurationSeconds"] = seconds.into();
        self
    }

    pub(crate) fn cordoned(mut self) -> Self {
        self.json["spec"]["unschedulable"] = true.into();
        self
    }

    pub(crate) fn on(mut self, node: &str) -> Self {
        self.json["spec"]["nodeName"] = node.into();
        self
    }

    /// The node that a DaemonSet's controller made a pod for.
    pub(crate) fn made_for(mut self, node: &str) -> Self {
        let field = json!({"key": "metadata.name", "operator": "In", "values": [node]});
        let terms = json!({"nodeSelectorTerms": [{"matchFields": [field]}]});
        self.json["spec"]["affinity"]["nodeAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"] =
            terms;
        self
    }

    pub(crate) fn phase(mut self, phase: &str) -> Self {
        self.json["status"]["phase"] = phase.into();
        self
    }

    pub(crate) fn ready(self, status: &str, changed_ago: i64) -> Self {
        self.condition("Ready", status, changed_ago)
    }

    pub(crate) fn scheduled(self, seconds_ago: i64) -> Self {
        self.condition("PodScheduled", "True", seconds_ago)
    }

    pub(crate) fn unscheduled(self, reason: &str, message: &str, seconds_ago: i64) -> Self {
        self.phase("Pending").condition("PodScheduled", "False", seconds_ago).reason(reason, message)
    }

    pub(crate) fn gate(mut self, name: &str) -> Self {
        self.json["spec"]["readinessGates"] = json!([{"conditionType": name}]);
        self
    }

    pub(crate) fn with(self, container: Container) -> Self {
        self.with_container(container, "containers", "containerStatuses")
    }

    pub(crate) fn with_init(self, container: Container) -> Self {
        self.with_container(container, "initContainers", "initContainerStatuses")
    }

    fn with_container(mut self, container: Container, specs: &str, statuses: &str) -> Self {
        let push = |list: &mut Value, value: Value| match list.as_array_mut() {
            Some(list) => list.push(value),
            None => *list = json!([value]),
        };
        push(&mut self.json["spec"][specs], container.spec);
        push(&mut self.json["status"][statuses], container.status);
        self
    }

    pub(crate) fn replicas(mut self, replicas: i32) -> Self {
        self.json["spec"]["replicas"] = replicas.into();
        self
    }

    /// On how many nodes a DaemonSet should have a pod, and on how many it has one and should not.
    pub(crate) fn places(mut self, desired: i32, misplaced: i32) -> Self {
        self.json["status"] = json!({"desiredNumberScheduled": desired, "numberMisscheduled": misplaced});
        self
    }

    pub(crate) fn ordinals_from(mut self, first: i32) -> Self {
        self.json["spec"]["ordinals"] = json!({"start": first});
        self
    }

    pub(crate) fn paused(mut self) -> Self {
        self.json["spec"]["paused"] = true.into();
        self
    }

    pub(crate) fn generation(mut self, generation: i64, observed: i64) -> Self {
        self.json["status"]["observedGeneration"] = observed.into();
        self.with_meta("generation", generation)
    }

    pub(crate) fn stalled(self, reason: &str, seconds_ago: i64) -> Self {
        self.condition("Progressing", "False", seconds_ago).reason(reason, "has timed out progressing")
    }

    /// Labels of its pods.
    pub(crate) fn labels(mut self, key: &str, value: &str) -> Self {
        self.json["spec"]["template"]["metadata"]["labels"][key] = value.into();
        self
    }

    pub(crate) fn selector(mut self, key: &str, value: &str) -> Self {
        self.json["spec"]["selector"][key] = value.into();
        self
    }

    pub(crate) fn external(mut self) -> Self {
        self.json["spec"]["type"] = "ExternalName".into();
        self
    }

    pub(crate) fn endpoint(mut self, pod: &str, ready: bool) -> Self {
        let endpoint = json!({"conditions": {"ready": ready}, "targetRef": {"kind": "Pod", "name": pod}});
        self.json["endpoints"].as_array_mut().expect("a slice has a list").push(endpoint);
        self
    }
}

/// A container being written, with its status.
#[derive(Clone, Debug)]
pub(crate) struct Container {
    spec: Value,
    status: Value,
}

/// A container that is ready.
pub(crate) fn container(name: &str) -> Container {
    Container {
        spec: json!({"name": name, "image": "registry.example/app:1"}),
        status: json!({
            "name": name, "image": "registry.example/app:1", "ready": true, "started": true, "restartCount": 0,
            "state": {}, "lastState": {},
        }),
    }
}

impl Container {
    pub(crate) fn restarts(mut self, count: u32) -> Self {
        self.status["restartCount"] = count.into();
        self
    }

    pub(crate) fn limit(mut self, memory: &str) -> Self {
        self.spec["resources"]["limits"]["memory"] = memory.into();
        self
    }

    pub(crate) fn unready(mut self) -> Self {
        self.status["ready"] = false.into();
        self
    }

    pub(crate) fn starting(mut self) -> Self {
        self.status["started"] = false.into();
        self
    }

    pub(crate) fn waiting(mut self, reason: &str) -> Self {
        self.status["state"] = json!({"waiting": {"reason": reason}});
        self.unready()
    }

    pub(crate) fn message(mut self, message: &str) -> Self {
        self.status["state"]["waiting"]["message"] = message.into();
        self
    }

    pub(crate) fn running(mut self, seconds: i64) -> Self {
        self.status["state"] = json!({"running": {"startedAt": ago(seconds).to_string()}});
        self
    }

    pub(crate) fn ended(mut self, exit_code: i32, reason: &str, seconds_ago: i64) -> Self {
        self.status["state"] = terminated(exit_code, reason, seconds_ago);
        self.unready()
    }

    pub(crate) fn last_ended(mut self, exit_code: i32, reason: &str, seconds_ago: i64) -> Self {
        self.status["lastState"] = terminated(exit_code, reason, seconds_ago);
        self
    }

    /// For how many seconds its last run lasted.
    pub(crate) fn last_ran_for(mut self, seconds: i64) -> Self {
        let end = &mut self.status["lastState"]["terminated"];
        let finished: Timestamp =
            end["finishedAt"].as_str().and_then(|time| time.parse().ok()).expect("it has ended");
        end["startedAt"] = (finished - SignedDuration::from_secs(seconds)).to_string().into();
        self
    }

    /// What its last run said last.
    pub(crate) fn words(mut self, message: &str) -> Self {
        self.status["lastState"]["terminated"]["message"] = message.into();
        self
    }
}

fn terminated(exit_code: i32, reason: &str, seconds_ago: i64) -> Value {
    let finished = ago(seconds_ago).to_string();
    json!({"terminated": {"exitCode": exit_code, "reason": reason, "finishedAt": finished}})
}

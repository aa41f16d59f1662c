//! A workload that is to be.

use serde_json::{Value, json};

use crate::kinds::{self, Kind};
use crate::kubelet::behaviour::ANNOTATION;

/// What keeps its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WorkloadKind {
    /// Any number of equal pods.
    Deployment,
    /// Pods with names of their own.
    StatefulSet,
    /// One pod on every node.
    DaemonSet,
    /// Pods that run to their end.
    Job,
}

/// A workload that is to be. Its pods bear the label `app` with its name; they are probed, and ask for
/// 100m and 128Mi.
#[derive(Clone, Debug)]
pub struct Workload {
    kind: WorkloadKind,
    namespace: String,
    name: String,
    image: String,
    behaviour: String,
    /// What is merged into the object in the end.
    spec: Vec<(&'static str, Value)>,
    pod_spec: Vec<(&'static str, Value)>,
    container: Vec<(&'static str, Value)>,
}

impl Workload {
    /// One of a kind, with one pod.
    pub fn new(kind: WorkloadKind, namespace: &str, name: &str) -> Self {
        let probe = json!({"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 1});
        let resources = json!({"requests": {"cpu": "100m", "memory": "128Mi"}});
        let restart = if kind == WorkloadKind::Job { "Never" } else { "Always" };
        Self {
            kind,
            namespace: namespace.to_owned(),
            name: name.to_owned(),
            image: format!("registry.test/{name}:1"),
            behaviour: String::new(),
            spec: Vec::new(),
            pod_spec: vec![("restartPolicy", restart.into())],
            container: vec![("readinessProbe", probe), ("resources", resources)],
        }
    }

    /// A Deployment of so many pods.
    pub fn deployment(namespace: &str, name: &str, replicas: u32) -> Self {
        Self::new(WorkloadKind::Deployment, namespace, name).spec("replicas", replicas.into())
    }

    /// A StatefulSet of so many pods.
    pub fn stateful_set(namespace: &str, name: &str, replicas: u32) -> Self {
        let own = Self::new(WorkloadKind::StatefulSet, namespace, name).spec("replicas", replicas.into());
        own.spec("serviceName", name.into())
    }

    /// From another image.
    #[must_use]
    pub fn image(self, image: &str) -> Self {
        Self { image: image.to_owned(), ..self }
    }

    /// Whose containers do this: see [`crate::kubelet::behaviour`].
    #[must_use]
    pub fn behaviour(self, behaviour: &str) -> Self {
        Self { behaviour: behaviour.to_owned(), ..self }
    }

    /// With a field of the spec.
    #[must_use]
    pub fn spec(mut self, field: &'static str, value: Value) -> Self {
        self.spec.push((field, value));
        self
    }

    /// With a field of the pods' spec.
    #[must_use]
    pub fn pod_spec(mut self, field: &'static str, value: Value) -> Self {
        self.pod_spec.push((field, value));
        self
    }

    /// With a field of the container; null takes one away.
    #[must_use]
    pub fn container(mut self, field: &'static str, value: Value) -> Self {
        self.container.push((field, value));
        self
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        match self.kind {
            WorkloadKind::Deployment => kinds::DEPLOYMENT,
            WorkloadKind::StatefulSet => kinds::STATEFUL_SET,
            WorkloadKind::DaemonSet => kinds::DAEMON_SET,
            WorkloadKind::Job => kinds::JOB,
        }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// The object that makes it.
    pub fn object(&self) -> Value {
        let labels = json!({"app": self.name});
        let mut container = json!({"name": "main", "image": self.image});
        set_all(&mut container, &self.container);
        let mut template = json!({"metadata": {"labels": labels}, "spec": {"containers": [container]}});
        if !self.behaviour.is_empty() {
            template["metadata"]["annotations"] = json!({ANNOTATION: self.behaviour});
        }
        set_all(&mut template["spec"], &self.pod_spec);
        let mut object = json!({
            "metadata": {"name": self.name, "labels": labels},
            "spec": {"template": template},
        });
        if self.kind != WorkloadKind::Job {
            object["spec"]["selector"] = json!({"matchLabels": labels});
        }
        set_all(&mut object["spec"], &self.spec);
        object
    }
}

fn set_all(value: &mut Value, fields: &[(&'static str, Value)]) {
    for (field, to) in fields {
        match (to.is_null(), value.as_object_mut()) {
            (true, Some(own)) => drop(own.remove(*field)),
            _ => value[*field] = to.clone(),
        }
    }
}

/// A Service in front of the pods that bear the label `app` with this value.
pub fn service(name: &str, app: &str) -> Value {
    json!({
        "metadata": {"name": name},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80, "targetPort": 8080}]},
    })
}

/// A disruption budget for the pods that bear the label `app` with its name; `field` is
/// `minAvailable` or `maxUnavailable`.
pub fn budget(app: &str, field: &str, amount: Value) -> Value {
    let mut budget = json!({"metadata": {"name": app}, "spec": {"selector": {"matchLabels": {"app": app}}}});
    budget["spec"][field] = amount;
    budget
}

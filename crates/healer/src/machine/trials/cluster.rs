//! The cluster of the model: nodes, the pods of one Deployment, and what requests do to them.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::effects::{ATTEMPT, Answer};
use cluster::views::{Node, Pod};
use model::ObjectRef;
use serde_json::json;

use crate::Now;
use crate::actions::Effect;
use crate::facts::{Facts, Found, LeaseAge, Look, Subject, Workload};
use crate::machine::tests_support::{pod, workload};
use crate::marks::QUARANTINE;

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Health {
    Ready,
    /// Its kubelet answers, and says that it is not ready.
    NotReady,
    /// Nothing is heard of its kubelet.
    Silent,
}

#[derive(Clone, Debug)]
pub(super) struct SimNode {
    pub(super) health: Health,
    pub(super) is_cordoned: bool,
    pub(super) is_tainted: bool,
    pub(super) mark: Option<String>,
    attempt: Option<String>,
    version: u64,
}

#[derive(Clone, Debug)]
pub(super) struct SimPod {
    pub(super) uid: String,
    pub(super) node: String,
    pub(super) is_ready: bool,
}

#[derive(Clone, Debug)]
pub(super) struct Cluster {
    pub(super) nodes: BTreeMap<String, SimNode>,
    pub(super) pods: BTreeMap<String, SimPod>,
    /// The nodes as they are watched.
    pub(super) views: BTreeMap<String, Node>,
    pub(super) has_room_in_budget: bool,
    attempt: Option<String>,
    version: u64,
}

impl Cluster {
    pub(super) fn new(nodes: usize, pods: usize) -> Self {
        let node = |n: usize| {
            let node = SimNode {
                health: Health::Ready,
                is_cordoned: false,
                is_tainted: false,
                mark: None,
                attempt: None,
                version: 1,
            };
            (format!("n{n}"), node)
        };
        let pod = |n: usize| {
            let node = format!("n{}", n % nodes);
            (format!("web-{n}"), SimPod { uid: format!("p-{n}"), node, is_ready: true })
        };
        let mut cluster = Self {
            nodes: (0..nodes).map(node).collect(),
            pods: (0..pods).map(pod).collect(),
            views: BTreeMap::new(),
            has_room_in_budget: true,
            attempt: None,
            version: 1,
        };
        for name in cluster.nodes.keys().cloned().collect::<Vec<_>>() {
            cluster.touch(&name, |_| {});
        }
        cluster
    }

    /// Changes a node, which gives it another version.
    pub(super) fn touch(&mut self, name: &str, change: impl FnOnce(&mut SimNode)) {
        self.version += 1;
        let node = self.nodes.get_mut(name).expect("it is there");
        change(node);
        node.version = self.version;
        self.views.insert(name.to_owned(), view(name, node));
    }

    pub(super) fn ready_pods(&self) -> usize {
        self.pods.values().filter(|pod| pod.is_ready).count()
    }

    fn workload(&self) -> Workload {
        let count = |n: usize| u32::try_from(n).expect("few");
        let mut web = workload(count(self.pods.len()), count(self.ready_pods()));
        web.resource_version = self.version.to_string();
        web.attempt.clone_from(&self.attempt);
        web
    }

    /// What a quorum read finds.
    pub(super) fn read(&self, look: &Look, now: Now) -> Facts {
        let mut facts = Facts::at(now.monotonic);
        let found = |pod: &ObjectRef| match self.pods.get(&pod.name) {
            Some(there) => Found::There(pod_view(&pod.name, there)),
            None => Found::Absent,
        };
        facts.subject = look.subject.as_ref().map(|lineage| match lineage.kind.as_str() {
            "Node" => self
                .views
                .get(&lineage.name)
                .map_or(Found::Absent, |node| Found::There(Subject::Node(node.clone()))),
            _ => Found::There(Subject::Workload(self.workload())),
        });
        if let Some(node) = look.subject.as_ref().and_then(|lineage| self.nodes.get(&lineage.name)) {
            let so_long = Duration::from_secs(if node.health == Health::Silent { 60 } else { 0 });
            facts.lease = LeaseAge::Unchanged { so_long, duration: Duration::from_secs(40) };
        }
        for pod in look.pods.iter().chain(&look.owner_of) {
            facts.pods.insert((pod.namespace.clone(), pod.name.clone()), found(pod));
        }
        if let Some(node) = &look.pods_on {
            let on = self.pods.iter().filter(|(_, pod)| pod.node == *node);
            facts.pods_on_node = Some(Found::There(on.map(|(name, pod)| pod_view(name, pod)).collect()));
        }
        if look.owner_of.is_some() {
            facts.owner = Some(Found::There(self.workload()));
        }
        facts
    }

    /// A request lands.
    pub(super) fn land(&mut self, target: &ObjectRef, attempt: &str, effect: &Effect) -> Answer {
        match (target.kind.as_str(), effect) {
            ("Pod", _) => self.evict(target),
            ("Node", Effect::Change { resource_version, annotations, taints, .. }) => {
                let is_tainted =
                    taints.as_ref().map(|taints| taints.iter().any(|taint| taint.key == QUARANTINE));
                let mark = annotations.get(QUARANTINE).cloned();
                self.change(&target.name, resource_version, |node| {
                    node.attempt = Some(attempt.to_owned());
                    node.is_tainted = is_tainted.unwrap_or(node.is_tainted);
                    node.mark = mark.unwrap_or_else(|| node.mark.clone());
                })
            }
            ("Node", Effect::Fence { resource_version }) => {
                self.change(&target.name, resource_version, |node| node.attempt = Some(attempt.to_owned()))
            }
            (_, Effect::Change { resource_version, .. } | Effect::Fence { resource_version }) => {
                if *resource_version != self.version.to_string() {
                    return Answer::Conflict("it was changed".to_owned());
                }
                self.version += 1;
                self.attempt = Some(attempt.to_owned());
                if matches!(effect, Effect::Change { .. }) {
                    for pod in self.pods.values_mut() {
                        (pod.uid, pod.is_ready) = (format!("{}'", pod.uid), false);
                    }
                }
                self.done()
            }
            (_, Effect::Evict { .. }) => Answer::Invalid("it is no pod".to_owned()),
        }
    }

    fn evict(&mut self, target: &ObjectRef) -> Answer {
        let version = self.version.to_string();
        match self.pods.get_mut(&target.name) {
            None => Answer::Gone,
            Some(pod) if pod.uid != target.uid => Answer::Conflict("another pod has its name".to_owned()),
            Some(_) if !self.has_room_in_budget => {
                Answer::PdbRefused { message: "no room".to_owned(), retry_after: None }
            }
            Some(pod) => {
                (pod.uid, pod.is_ready) = (format!("{}'", pod.uid), false);
                Answer::Done { resource_version: version }
            }
        }
    }

    fn change(&mut self, name: &str, at: &str, change: impl FnOnce(&mut SimNode)) -> Answer {
        match self.nodes.get(name) {
            None => Answer::Gone,
            Some(node) if node.version.to_string() != at => Answer::Conflict("it was changed".to_owned()),
            Some(_) => {
                self.touch(name, change);
                self.done()
            }
        }
    }

    fn done(&self) -> Answer {
        Answer::Done { resource_version: self.version.to_string() }
    }
}

fn pod_view(name: &str, there: &SimPod) -> Pod {
    let mut view = pod(name, &there.uid, there.is_ready);
    view.spec.node_name = there.node.as_str().into();
    view
}

fn view(name: &str, node: &SimNode) -> Node {
    let ready = match node.health {
        Health::Ready => "True",
        Health::NotReady => "False",
        Health::Silent => "Unknown",
    };
    let mut taints = vec![json!({"key": "somebody/else", "effect": "NoSchedule"})];
    if node.is_tainted {
        taints.push(json!({"key": QUARANTINE, "effect": "NoSchedule"}));
    }
    let marks = [(QUARANTINE, &node.mark), (ATTEMPT, &node.attempt)];
    let annotations: BTreeMap<&str, &String> =
        marks.iter().filter_map(|(key, value)| Some((*key, value.as_ref()?))).collect();
    let node = json!({
        "metadata": {"name": name, "uid": format!("u-{name}"), "resourceVersion": node.version.to_string(),
            "annotations": annotations},
        "spec": {"taints": taints, "unschedulable": node.is_cordoned},
        "status": {"conditions": [{"type": "Ready", "status": ready}]},
    });
    serde_json::from_value(node).expect("a view")
}

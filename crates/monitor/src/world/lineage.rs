//! Whose trouble a subject's is: the way from a pod to what outlives it, and back.

use jiff::Timestamp;
use model::{Lineage, ObjectRef};

use super::controller::Controller;
use super::owner;
use super::{Deployment, Node, Pod, ReplicaSet, Service, World};
use crate::kind::Kind;
use crate::sources::Sources;

const REPLICA_SET: &str = Kind::ReplicaSet.as_str();
const JOB: &str = Kind::Job.as_str();
const STATEFUL_SET: &str = Kind::StatefulSet.as_str();
const DAEMON_SET: &str = Kind::DaemonSet.as_str();
const DEPLOYMENT: &str = Kind::Deployment.as_str();

/// How far a lineage has got over the trouble of its pods.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Recovery {
    /// Nothing is left of the lineage.
    Gone,
    /// A pod that came after the trouble began has yet to show that it is well, or to come.
    Unproven,
    /// All is well, as far as pods that came later go: since this time, where there are some.
    Well(Option<Timestamp>),
}

impl World {
    /// The lineage of a pod.
    pub(crate) fn lineage_of_pod(&self, pod: &Pod) -> Lineage {
        let namespace: &str = &pod.namespace;
        let Some(own) = &pod.owner else {
            return Lineage::namespaced(Kind::Pod.as_str(), namespace, &*pod.name);
        };
        let above = match own.kind() {
            REPLICA_SET => self.replica_sets.get(namespace, own.name()).and_then(|set| set.owner.as_ref()),
            JOB => self.jobs.get(namespace, own.name()).and_then(|job| job.owner.as_ref()),
            STATEFUL_SET => {
                return Lineage::instance(STATEFUL_SET, namespace, own.name(), &*pod.name);
            }
            DAEMON_SET => {
                return Lineage::instance(DAEMON_SET, namespace, own.name(), pod.place());
            }
            _ => None,
        };
        let top = above.unwrap_or(own);
        Lineage::namespaced(top.kind(), namespace, top.name())
    }

    /// The lineage of a node.
    pub(crate) fn lineage_of_node(node: &Node) -> Lineage {
        Lineage::cluster_wide(Kind::Node.as_str(), &*node.name)
    }

    /// The lineage of a Deployment.
    pub(crate) fn lineage_of_deployment(deployment: &Deployment) -> Lineage {
        Lineage::namespaced(DEPLOYMENT, &*deployment.namespace, &*deployment.name)
    }

    /// The lineage of a Service.
    pub(crate) fn lineage_of_service(service: &Service) -> Lineage {
        Lineage::namespaced(Kind::Service.as_str(), &*service.namespace, &*service.name)
    }

    /// The lineage's own object, with its UID where it is known.
    pub(crate) fn object_of(&self, lineage: &Lineage) -> ObjectRef {
        let (namespace, name) = (lineage.namespace.as_str(), lineage.name.as_str());
        let uid = match lineage.kind.as_str() {
            "Node" => self.nodes.get("", name).map(|own| own.uid.to_string()),
            "Pod" => self.pods.get(namespace, name).map(|own| own.uid.to_string()),
            "Service" => self.services.get(namespace, name).map(|own| own.uid.to_string()),
            DEPLOYMENT => self.deployments.get(namespace, name).map(|own| own.uid.to_string()),
            STATEFUL_SET => self.stateful_sets.get(namespace, name).map(|own| own.uid.to_string()),
            DAEMON_SET => self.daemon_sets.get(namespace, name).map(|own| own.uid.to_string()),
            REPLICA_SET => self.replica_sets.get(namespace, name).map(|own| own.top_uid.to_string()),
            JOB => self.jobs.get(namespace, name).map(|own| own.top_uid.to_string()),
            _ => None,
        };
        let uid = uid.or_else(|| self.uid_from_below(lineage)).unwrap_or_default();
        ObjectRef { kind: lineage.kind.clone(), namespace: namespace.into(), name: name.into(), uid }
    }

    /// The UID of a controller that is not watched, as what it owns names it.
    fn uid_from_below(&self, lineage: &Lineage) -> Option<String> {
        let key = owner::key(&lineage.kind, &lineage.name);
        let set = self.replica_sets_by_owner.get(&lineage.namespace, &key).first();
        let job = self.jobs_by_owner.get(&lineage.namespace, &key).first();
        let from_set = set.and_then(|id| self.replica_sets.at(*id)).map(|set| set.top_uid.to_string());
        from_set.or_else(|| job.and_then(|id| self.jobs.at(*id)).map(|job| job.top_uid.to_string()))
    }

    /// Who owns a lineage, by its own object's label.
    pub(crate) fn team_of(&self, lineage: &Lineage) -> Option<&str> {
        let (namespace, name) = (lineage.namespace.as_str(), lineage.name.as_str());
        match lineage.kind.as_str() {
            "Node" => self.nodes.get("", name)?.team.as_deref(),
            "Service" => self.services.get(namespace, name)?.team.as_deref(),
            "Pod" => self.pods.get(namespace, name)?.team.as_deref(),
            DEPLOYMENT => self.deployments.get(namespace, name)?.team.as_deref(),
            STATEFUL_SET => self.stateful_sets.get(namespace, name)?.team.as_deref(),
            DAEMON_SET => self.daemon_sets.get(namespace, name)?.team.as_deref(),
            _ => None,
        }
    }

    /// The pods of a lineage, in no particular order.
    pub(crate) fn pods_of(&self, lineage: &Lineage) -> Vec<&Pod> {
        let namespace = lineage.namespace.as_str();
        let one = |name: &str| self.pods.get(namespace, name).into_iter().collect();
        match lineage.kind.as_str() {
            "Node" | "Service" => Vec::new(),
            "Pod" => one(&lineage.name),
            STATEFUL_SET => one(&lineage.instance),
            kind => {
                let on = lineage.instance.as_str();
                let is_here = |pod: &&Pod| on.is_empty() || pod.place() == on;
                self.pods_under(kind, namespace, &lineage.name).filter(is_here).collect()
            }
        }
    }

    /// The pods that a controller owns, itself or through its ReplicaSets and Jobs.
    fn pods_under<'a: 'b, 'b>(
        &'a self,
        kind: &'b str,
        namespace: &'b str,
        name: &'b str,
    ) -> impl Iterator<Item = &'a Pod> + use<'a, 'b> {
        let key = owner::key(kind, name);
        let sets = self.replica_sets_by_owner.get(namespace, &key).iter();
        let sets = sets.filter_map(|id| Some((REPLICA_SET, &*self.replica_sets.at(*id)?.name)));
        let jobs = self.jobs_by_owner.get(namespace, &key).iter();
        let jobs = jobs.filter_map(|id| Some((JOB, &*self.jobs.at(*id)?.name)));
        let below = std::iter::once((kind, name)).chain(sets).chain(jobs);
        below.flat_map(move |(kind, name)| self.pods_owned_by(kind, namespace, name))
    }

    /// The pods that a controller owns directly, in no particular order.
    pub(crate) fn pods_owned_by(
        &self,
        kind: &str,
        namespace: &str,
        name: &str,
    ) -> impl Iterator<Item = &Pod> + use<'_> {
        let ids = self.pods_by_owner.get(namespace, &owner::key(kind, name)).iter();
        ids.filter_map(|id| self.pods.at(*id))
    }

    /// The newest revision of a Deployment.
    pub(crate) fn newest_revision(&self, namespace: &str, deployment: &str) -> Option<&ReplicaSet> {
        let sets = self.replica_sets_by_owner.get(namespace, &owner::key(DEPLOYMENT, deployment));
        let sets = sets.iter().filter_map(|id| self.replica_sets.at(*id));
        sets.max_by(|a, b| (a.revision, &a.name).cmp(&(b.revision, &b.name)))
    }

    /// How many pods a lineage has, but for those that are on their way out or have done their work.
    pub(crate) fn alive(&self, lineage: &Lineage) -> usize {
        self.own_pods(lineage).into_iter().filter(|pod| is_alive(pod)).count()
    }

    /// How far a lineage has got over a trouble of its pods that began at `since`, when it had so many
    /// of them.
    pub(crate) fn recovery(
        &self,
        lineage: &Lineage,
        since: Timestamp,
        had: usize,
        sources: &Sources,
    ) -> Recovery {
        let pods = self.own_pods(lineage);
        if !self.exists(lineage, &pods, sources) {
            return Recovery::Gone;
        }
        let alive = || pods.iter().filter(|pod| is_alive(pod));
        // What was short of pods before is not asked for more than it had.
        if alive().count() < self.wanted(lineage, &pods).min(had.max(1)) {
            return Recovery::Unproven;
        }
        let mut well_since = None;
        for pod in alive().filter(|pod| pod.created.get().is_some_and(|created| created >= since)) {
            if !pod.ready {
                return Recovery::Unproven;
            }
            well_since = well_since.max(pod.ready_changed.get());
        }
        Recovery::Well(well_since)
    }

    /// Whether there is still something of a lineage.
    fn exists(&self, lineage: &Lineage, pods: &[&Pod], sources: &Sources) -> bool {
        if !pods.is_empty() {
            return true;
        }
        let (namespace, name) = (lineage.namespace.as_str(), lineage.name.as_str());
        let unless_listed = |kind, is_there: bool| is_there || !sources.is_listed(kind);
        match lineage.kind.as_str() {
            "Node" => unless_listed(Kind::Node, self.nodes.get("", name).is_some()),
            "Service" => unless_listed(Kind::Service, self.services.get(namespace, name).is_some()),
            "Pod" => !sources.is_listed(Kind::Pod),
            DEPLOYMENT => unless_listed(Kind::Deployment, self.deployments.get(namespace, name).is_some()),
            REPLICA_SET => {
                let set = self.replica_sets.get(namespace, name);
                unless_listed(Kind::ReplicaSet, set.is_some_and(|set| set.owner.is_none()))
            }
            JOB => {
                let job = self.jobs.get(namespace, name);
                unless_listed(Kind::Job, job.is_some_and(|job| job.owner.is_none()))
            }
            STATEFUL_SET => {
                let set = self.stateful_sets.get(namespace, name);
                unless_listed(Kind::StatefulSet, set.is_some_and(|set| set.wants(ordinal(&lineage.instance))))
            }
            // A DaemonSet's pod that does not come back may not belong on its node any more.
            DAEMON_SET => {
                let stays = self.daemon_sets.get(namespace, name).is_some()
                    && self.nodes.get("", &lineage.instance).is_some();
                unless_listed(Kind::DaemonSet, stays)
            }
            kind => {
                let key = owner::key(kind, name);
                !self.replica_sets_by_owner.get(namespace, &key).is_empty()
                    || !self.jobs_by_owner.get(namespace, &key).is_empty()
            }
        }
    }

    /// The pods whose lineage it is.
    fn own_pods(&self, lineage: &Lineage) -> Vec<&Pod> {
        let mut pods = self.pods_of(lineage);
        // What stands above a ReplicaSet or Job may have become known only later.
        pods.retain(|pod| self.lineage_of_pod(pod) == *lineage);
        pods
    }

    /// How many pods a lineage should have, as far as its own object tells.
    fn wanted(&self, lineage: &Lineage, pods: &[&Pod]) -> usize {
        let (namespace, name) = (lineage.namespace.as_str(), lineage.name.as_str());
        let wanted = match lineage.kind.as_str() {
            DEPLOYMENT => self.deployments.get(namespace, name).map(|own| own.replicas),
            REPLICA_SET => self.replica_sets.get(namespace, name).map(|own| own.desired),
            STATEFUL_SET => {
                let set = self.stateful_sets.get(namespace, name);
                set.map(|set| i32::from(set.wants(ordinal(&lineage.instance))))
            }
            DAEMON_SET => {
                let set = self.daemon_sets.get(namespace, name);
                set.map(|set| i32::from(!pods.is_empty() || self.lacks_a_daemon(set)))
            }
            // Of an owner that is not watched, its ReplicaSets tell.
            kind => {
                let sets = self.replica_sets_by_owner.get(namespace, &owner::key(kind, name)).iter();
                Some(sets.filter_map(|id| self.replica_sets.at(*id)).map(|set| set.desired).sum())
            }
        };
        usize::try_from(wanted.unwrap_or(0)).unwrap_or(0)
    }

    /// Whether a DaemonSet has no pod somewhere: it does not say where. How many there are is counted
    /// here, since a controller that stands still goes on saying what was.
    fn lacks_a_daemon(&self, set: &Controller) -> bool {
        let pods = self.pods_by_owner.get(&set.namespace, &owner::key(DAEMON_SET, &set.name)).len();
        i64::try_from(pods).is_ok_and(|pods| pods < i64::from(set.desired) + i64::from(set.misplaced))
    }
}

fn is_alive(pod: &Pod) -> bool {
    !pod.is_terminating() && !pod.is_finished()
}

/// The number at the end of a StatefulSet's pod's name.
fn ordinal(pod: &str) -> i64 {
    pod.rsplit_once('-').and_then(|(_, number)| number.parse().ok()).unwrap_or(0)
}

//! Quorum reads for one decision.

use std::collections::{BTreeMap, BTreeSet};
use std::pin::pin;
use std::time::Duration;

use cluster::read;
use cluster::views::{self, NODE_NAMESPACE, Node, Pod, View};
use cluster::watch::{Event, Spec, watch};
use environment::Environment;
use futures::StreamExt;
use model::Lineage;

use crate::facts::{Claim, Facts, Found, LeaseAge, Look, Subject, Workload, dns_label, is_ready};

/// Most pods collected of one node: twice what a kubelet can be told to run at most in practice.
const PODS_MAX: usize = 1_000;
/// How many pods are read at a time: fifty members in some seven requests' time.
const PODS_AT_A_TIME: usize = 8;
/// Where operators that remediate nodes (medik8s, by its convention) keep one Lease for each node
/// that one of them works on, `node-` and its name.
const CLAIMS: &str = "medik8s-leases";
/// How long a lease's last change is remembered when nobody asks about its node.
const LEASES_KEPT: Duration = Duration::from_mins(10);

/// Reads objects live. Remembers when it saw node leases change, by its own clock.
pub(super) struct Reader {
    client: kube::Client,
    environment: Environment,
    deadline: Duration,
    leases: BTreeMap<String, SeenLease>,
}

struct SeenLease {
    version: String,
    changed: Duration,
    looked: Duration,
}

impl Reader {
    pub(super) fn new(client: kube::Client, environment: Environment, deadline: Duration) -> Self {
        Self { client, environment, deadline, leases: BTreeMap::new() }
    }

    /// Forgets what was seen of leases: it may be old.
    pub(super) fn forget(&mut self) {
        self.leases.clear();
    }

    /// Reads what is asked for.
    pub(super) async fn read(&mut self, look: &Look) -> Facts {
        let mut facts = Facts::at(self.environment.monotonic());
        if let Some(lineage) = &look.subject {
            facts.subject = self.subject(lineage).await;
            if lineage.kind == "Node" {
                facts.lease = self.lease(&lineage.name).await;
                facts.claim = self.claim(&lineage.name).await;
            }
        }
        facts.pods = self.pods(look).await;
        if let Some(node) = &look.pods_on {
            let spec = Spec { fields: format!("spec.nodeName={node}"), ..Spec::default() };
            facts.pods_on_node = Some(self.list(spec).await);
        }
        if let Some(pod) = look.owner_of.as_ref().and_then(|pod| facts.pod(pod)?.there()).cloned() {
            (facts.owner, facts.top) = self.owners(&pod).await;
            facts.other_ready_dns = self.other_ready_dns(&pod).await;
        }
        facts
    }

    /// The pods that are asked for by name, several at a time and all of them within two requests'
    /// time: what is read first must not be too old when the last is.
    async fn pods(&self, look: &Look) -> BTreeMap<(String, String), Found<Pod>> {
        let names: BTreeSet<(String, String)> = look
            .pods
            .iter()
            .chain(&look.owner_of)
            .map(|pod| (pod.namespace.clone(), pod.name.clone()))
            .collect();
        let mut found: BTreeMap<_, _> = names
            .iter()
            .map(|name| (name.clone(), Found::Unreadable("reading pods took too long".to_owned())))
            .collect();
        let read = |name: (String, String)| async move {
            let pod = self.get::<Pod>(Some(&name.0), &name.1).await;
            (name, pod)
        };
        let mut reading = pin!(futures::stream::iter(names).map(read).buffered(PODS_AT_A_TIME));
        let all = async {
            while let Some((name, pod)) = reading.next().await {
                found.insert(name, pod);
            }
        };
        // What was not read in time stays as it is.
        let _ = tokio::time::timeout(self.deadline * 2, all).await;
        found
    }

    async fn get<V: View>(&self, namespace: Option<&str>, name: &str) -> Found<V> {
        match read::get::<V>(&self.client, namespace, name, self.deadline).await {
            Ok(object) => Found::There(object),
            Err(read::Error::Absent { .. }) => Found::Absent,
            Err(error) => Found::Unreadable(error.to_string()),
        }
    }

    /// The lineage's own object, where it is of a kind that is acted on or counted.
    async fn subject(&self, lineage: &Lineage) -> Option<Found<Subject>> {
        let Lineage { kind, namespace, name, .. } = lineage;
        Some(match kind.as_str() {
            "Node" => map(self.get::<Node>(None, name).await, Subject::Node),
            "Pod" => map(self.get::<Pod>(Some(namespace), name).await, Subject::Pod),
            kind => map(self.workload(kind, namespace, name).await?, Subject::Workload),
        })
    }

    async fn workload(&self, kind: &str, namespace: &str, name: &str) -> Option<Found<Workload>> {
        let namespace = Some(namespace);
        Some(match kind {
            "Deployment" => map(self.get::<views::Deployment>(namespace, name).await, |v| (&v).into()),
            "StatefulSet" => map(self.get::<views::StatefulSet>(namespace, name).await, |v| (&v).into()),
            "DaemonSet" => map(self.get::<views::DaemonSet>(namespace, name).await, |v| (&v).into()),
            "ReplicaSet" => map(self.get::<views::ReplicaSet>(namespace, name).await, |v| (&v).into()),
            _ => return None,
        })
    }

    /// Who makes the pod anew, and the Deployment above that one if it has one.
    async fn owners(&self, pod: &Pod) -> (Option<Found<Workload>>, Option<Found<Workload>>) {
        let Some(owner) = pod.metadata.controller() else { return (None, None) };
        let namespace = pod.metadata.namespace.as_str();
        if owner.kind == "ReplicaSet" {
            let set = self.get::<views::ReplicaSet>(Some(namespace), &owner.name).await;
            let above = set.there().and_then(|set| set.metadata.controller());
            let top = match above.filter(|above| above.kind == "Deployment") {
                Some(deployment) => self.workload("Deployment", namespace, &deployment.name).await,
                None => None,
            };
            return (Some(map(set, |set| (&set).into())), top);
        }
        let unknown = || Found::Unreadable(format!("{} is not a kind the healer reads", owner.kind));
        let found = self.workload(&owner.kind, namespace, &owner.name).await;
        (Some(found.unwrap_or_else(unknown)), None)
    }

    async fn other_ready_dns(&self, pod: &Pod) -> Option<Found<u32>> {
        let labels = &pod.metadata.labels;
        let (key, value) = dns_label(|key| labels.get(key).map(str::to_owned))?;
        let spec = Spec { labels: format!("{key}={value}"), ..Spec::in_namespace(&pod.metadata.namespace) };
        let others = |pods: Vec<Pod>| {
            // One that is being deleted serves no longer than it takes to end.
            let stays = |other: &&Pod| is_ready(other) && !other.metadata.is_terminating();
            pods.iter().filter(|other| other.metadata.uid != pod.metadata.uid).filter(stays).count() as u32
        };
        Some(map(self.list(spec).await, others))
    }

    /// All pods of a selection, by the list that begins a watch, each as it was last: what changes
    /// while the list is read comes again.
    async fn list(&self, spec: Spec) -> Found<Vec<Pod>> {
        let collect = async {
            let mut events = pin!(watch::<Pod>(self.client.clone(), self.environment.clone(), spec));
            let mut pods = BTreeMap::new();
            let name = |pod: &Pod| (pod.metadata.namespace.clone(), pod.metadata.name.clone());
            loop {
                match events.next().await {
                    Some(Event::ListStarted) => pods.clear(),
                    Some(Event::Listed(_)) if pods.len() >= PODS_MAX => {
                        return Found::Unreadable(format!("more than {PODS_MAX} pods"));
                    }
                    Some(Event::Listed(pod)) => drop(pods.insert(name(&pod), pod)),
                    Some(Event::Deleted(pod)) => drop(pods.remove(&name(&pod))),
                    Some(Event::ListDone) => return Found::There(pods.into_values().collect()),
                    Some(Event::Malformed { name, reason, .. }) => {
                        return Found::Unreadable(format!("pod {name}: {reason}"));
                    }
                    // It lists in pages instead, by itself.
                    Some(
                        Event::Failed { error: cluster::watch::Error::NoStreaming, .. }
                        | Event::Applied(_)
                        | Event::Heard
                        | Event::Progressed,
                    ) => {}
                    Some(Event::Failed { error, .. }) => return Found::Unreadable(error.to_string()),
                    None => return Found::Unreadable("the list ended early".to_owned()),
                }
            }
        };
        tokio::time::timeout(self.deadline, collect)
            .await
            .unwrap_or_else(|_| Found::Unreadable("listing pods took too long".to_owned()))
    }

    /// For how long the node's lease has been seen unchanged.
    async fn lease(&mut self, node: &str) -> LeaseAge {
        let lease = match self.get::<views::Lease>(Some(NODE_NAMESPACE), node).await {
            Found::There(lease) => lease,
            Found::Absent => return LeaseAge::Absent,
            Found::Unreadable(why) => return LeaseAge::Unreadable(why),
        };
        let (so_long, duration) = self.unchanged(&lease);
        LeaseAge::Unchanged { so_long, duration }
    }

    /// Who works on the node besides us.
    async fn claim(&mut self, node: &str) -> Claim {
        let lease = match self.get::<views::Lease>(Some(CLAIMS), &format!("node-{node}")).await {
            Found::There(lease) => lease,
            Found::Absent => return Claim::Free,
            Found::Unreadable(why) => return Claim::Unreadable(why),
        };
        let (so_long, duration) = self.unchanged(&lease);
        if lease.spec.holder_identity.is_empty() || so_long > duration {
            return Claim::Free;
        }
        Claim::Held(lease.spec.holder_identity.to_string())
    }

    /// For how long a lease has been seen unchanged, and for how long a renewal of it counts.
    fn unchanged(&mut self, lease: &views::Lease) -> (Duration, Duration) {
        let now = self.environment.monotonic();
        self.leases.retain(|_, seen| now.saturating_sub(seen.looked) < LEASES_KEPT);
        let version = lease.metadata.resource_version.to_string();
        let name = format!("{}/{}", lease.metadata.namespace, lease.metadata.name);
        let seen = self.leases.entry(name).or_insert_with(|| SeenLease {
            version: version.clone(),
            changed: now,
            looked: now,
        });
        if seen.version != version {
            (seen.version, seen.changed) = (version, now);
        }
        seen.looked = now;
        let seconds = lease.spec.lease_duration_seconds.unwrap_or(40).clamp(1, 3600);
        (now.saturating_sub(seen.changed), Duration::from_secs(seconds.unsigned_abs()))
    }
}

fn map<T, U>(found: Found<T>, f: impl FnOnce(T) -> U) -> Found<U> {
    match found {
        Found::There(object) => Found::There(f(object)),
        Found::Absent => Found::Absent,
        Found::Unreadable(why) => Found::Unreadable(why),
    }
}

#[cfg(test)]
mod tests {
    use http_body::Frame;
    use http_body_util::StreamBody;
    use serde_json::{Value, json};

    use super::*;

    fn pod(name: &str, version: u32, ready: &str) -> Value {
        json!({
            "metadata": {"name": name, "namespace": "kube-system", "uid": name, "resourceVersion": version.to_string()},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": ready}]},
        })
    }

    /// A server whose every watch says this, and then nothing more.
    fn says(events: &[(&str, Value)]) -> kube::Client {
        let line =
            |(event, object): &(&str, Value)| format!("{{\"type\":\"{event}\",\"object\":{object}}}\n");
        let text: String = events.iter().map(line).collect();
        kube::Client::new(
            tower::service_fn(move |_: http::Request<kube::client::Body>| {
                let frame = Ok::<_, std::io::Error>(Frame::data(bytes::Bytes::from(text.clone())));
                let frames = futures::stream::iter([frame]).chain(futures::stream::pending());
                std::future::ready(Ok::<_, std::io::Error>(http::Response::new(StreamBody::new(frames))))
            }),
            "default",
        )
    }

    #[tokio::test(start_paused = true)]
    async fn a_pod_that_changes_while_it_is_listed_is_one_pod_as_it_is_now() {
        let end = json!({"metadata": {
            "name": "", "uid": "", "resourceVersion": "9", "annotations": {"k8s.io/initial-events-end": "true"},
        }});
        let client = says(&[
            ("ADDED", pod("dns-1", 1, "True")),
            ("ADDED", pod("dns-2", 2, "True")),
            ("MODIFIED", pod("dns-1", 5, "False")),
            ("DELETED", pod("dns-2", 6, "True")),
            ("ADDED", pod("dns-3", 7, "True")),
            ("BOOKMARK", end),
        ]);
        let reader = Reader::new(client, Environment::test(1), Duration::from_secs(5));
        let Found::There(pods) = reader.list(Spec::default()).await else { panic!("it can be read") };
        let seen: Vec<(&str, bool)> =
            pods.iter().map(|pod| (pod.metadata.name.as_str(), is_ready(pod))).collect();
        assert_eq!(seen, [("dns-1", false), ("dns-3", true)]);
    }
}

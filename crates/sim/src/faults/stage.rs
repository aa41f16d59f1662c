//! What faults work on: the cluster as its owners see it, the services, and the ways between them.

use std::time::Duration;

use bytes::Bytes;
use environment::Environment;
use net::http::Endpoint;
use net::tls::Identity;
use serde_json::{Value, json};
use tokio::sync::oneshot;

use super::switched::Switched;
use crate::actors::Actors;
use crate::api::{Server, Side};
use crate::kinds::{self, Kind};
use crate::machinery::Kubelets;
use crate::registry::{Deletion, Part, Registry, Status};
use crate::run::cluster::{self, Cluster};
use crate::run::policies;
use crate::run::roads::Roads;
use crate::run::staff::Staff;
use crate::run::witness::Witness;
use crate::seen::What;
use crate::storage::{Address, Object};

/// The stage of one run. Cheap to clone.
#[derive(Clone)]
pub struct Stage {
    /// The cluster.
    pub(crate) cluster: Cluster,
    /// The services.
    pub(crate) staff: Staff,
    /// The roads between them, and to receivers.
    pub(crate) roads: Roads,
    /// What is wrong on the ways to the API server.
    pub(crate) switched: Switched,
    /// Who sees everything.
    pub(crate) witness: Witness,
    /// Others at work.
    pub(crate) actors: Actors,
    /// What goes on beside the services goes on in here.
    pub(crate) environment: Environment,
}

/// How long a person waits for the alerter, and before asking again.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often a person asks again: for longer than any storm lasts, which is 40 minutes.
const ASKED_AGAIN: u32 = 480;

/// What a pod's container does with its life, for the kubelets.
const BEHAVIOUR: &str = "sim.seaworthy.test/behaviour";

/// A budget that a fault has put there.
const TIGHT: &str = "no-room";

impl Stage {
    /// The cluster's objects.
    pub fn registry(&self) -> &Registry {
        &self.cluster.registry
    }

    /// The cluster's API server.
    pub fn server(&self) -> &Server {
        &self.cluster.server
    }

    /// Who sees everything.
    pub fn witness(&self) -> &Witness {
        &self.witness
    }

    /// The services.
    pub fn staff(&self) -> &Staff {
        &self.staff
    }

    /// The roads between services, and to receivers.
    pub fn roads(&self) -> &Roads {
        &self.roads
    }

    /// What is wrong on the ways to the API server.
    pub(super) fn switched(&self) -> &Switched {
        &self.switched
    }

    /// Lets a service crash before or after its so many-th request from now, wherever that goes.
    pub fn crash_at(&self, service: &str, request: u64, side: Side) {
        let faults = self.cluster.server.faults();
        let (staff, name) = (self.staff.clone(), service.to_owned());
        faults.at_call(service, faults.calls(service) + request, side, move || staff.kill(&name));
    }

    /// Makes all ways fine, and forgets where services were to crash.
    pub(crate) fn clear(&self) {
        self.roads.clear();
        self.switched.clear();
    }

    /// Changes a node; nothing happens if it is gone.
    pub fn change_node(&self, node: &str, change: impl FnOnce(&mut Value) -> Value) {
        self.change(&Address::new(kinds::NODE, "", node), change);
    }

    /// Changes an object's spec or metadata, as its owner would; nothing happens if it is gone.
    pub fn change(&self, address: &Address, change: impl FnOnce(&mut Value) -> Value) {
        // Somebody who finds it gone, or refused, leaves it at that.
        let _ = self.cluster.registry.modify(address, Part::Main, |value| {
            change(value);
            Ok(())
        });
    }

    /// The address of `kind/namespace/name`.
    pub fn workload(&self, text: &str) -> Option<Address> {
        let mut parts = text.split('/');
        let (kind, namespace, name) = (parts.next()?, parts.next()?, parts.next()?);
        let kind = [kinds::DEPLOYMENT, kinds::STATEFUL_SET, kinds::DAEMON_SET]
            .into_iter()
            .find(|own| own.kind == kind)?;
        Some(Address::new(kind, namespace, name))
    }

    /// A workload's pods: those that its selector finds.
    pub fn pods_of(&self, workload: &str) -> Vec<Address> {
        let Some(address) = self.workload(workload) else { return Vec::new() };
        let Ok(object) = self.cluster.registry.get(&address) else { return Vec::new() };
        let wanted = object.value()["spec"]["selector"]["matchLabels"].clone();
        let is_its = |pod: &Object| {
            let labels = wanted.as_object().into_iter().flatten();
            labels.into_iter().all(|(name, value)| pod.label(name) == value.as_str())
        };
        let pods = self.cluster.registry.storage().list(kinds::POD, Some(&address.namespace)).0;
        pods.into_iter().filter(|(_, pod)| is_its(pod)).map(|(address, _)| address).collect()
    }

    /// Rolls out a version of a workload that behaves like this; the words are the kubelet's.
    pub fn behave(&self, workload: &str, behaviour: &str) {
        if let Some(address) = self.workload(workload) {
            self.change(&address, |value| {
                let annotations = &mut value["spec"]["template"]["metadata"]["annotations"];
                annotations[BEHAVIOUR] = behaviour.into();
                Value::Null
            });
        }
    }

    /// What befalls machines and containers.
    pub fn kubelets(&self) -> Kubelets {
        self.cluster.machinery.kubelets()
    }

    /// A pod's containers run on, and are never ready again.
    pub fn hang(&self, pod: &Address) {
        self.befall(pod, "never-ready");
    }

    /// A pod's containers crash again and again.
    pub fn crash(&self, pod: &Address) {
        self.befall(pod, "crashes-after=5s");
    }

    /// A pod behaves like this from now on; the words are the kubelet's.
    fn befall(&self, pod: &Address, behaviour: &str) {
        if let (Ok(found), Ok(behaviour)) = (self.registry().get(pod), behaviour.parse()) {
            self.kubelets().disturb_pod(&found.uid, behaviour);
        }
    }

    /// A person looks at what fires and takes the first that nobody has. Whether there was any. Who
    /// does not wait for it does not keep it from being done.
    pub async fn acknowledge(&self) -> bool {
        let client = self.staff.road("person", "alerter", Identity::operator());
        let Ok(alerter) = Endpoint::new("https://alerter", client) else { return false };
        let witness = self.witness.clone();
        let (tell, is_taken) = oneshot::channel();
        self.environment.spawn("acknowledges", async move {
            let taken = take_first(&alerter).await;
            let is_taken = taken.is_some();
            if let Some((lineage, check)) = taken {
                witness.see(What::Acknowledged(lineage, check));
            }
            // Nobody may be waiting for it any more.
            let _ = tell.send(is_taken);
        });
        is_taken.await.unwrap_or(false)
    }

    /// Sets the Brake.
    pub fn set_brake(&self, is_paused: bool) {
        let reason = if is_paused { "somebody pulled it" } else { "" };
        let spec = json!({"paused": is_paused, "reason": reason});
        let address = Address::new(cluster::brake(), "", "cluster");
        let result = self.cluster.registry.modify(&address, Part::Main, |value| {
            value["spec"] = spec.clone();
            Ok(())
        });
        if result.is_err_and(|status| status.code == 404) {
            // It cannot be there: it was not found.
            let _ = self.cluster.registry.create(
                address.kind,
                "",
                json!({"metadata": {"name": "cluster"}, "spec": spec}),
            );
        }
    }

    /// Takes back what the policies of the run enforce, or says it again.
    pub fn set_enforced(&self, is_enforced: bool) {
        for (name, _) in policies::enforced() {
            self.change(&Address::new(cluster::healing_policy(), "", name), |value| {
                value["spec"]["mode"] = if is_enforced { "Enforce" } else { "Observe" }.into();
                Value::Null
            });
        }
    }

    /// Writes a note on the policies of the run that enforce something, which changes nothing.
    pub fn note_policies(&self) {
        for (name, _) in policies::enforced() {
            self.change(&Address::new(cluster::healing_policy(), "", name), |value| {
                value["metadata"]["annotations"]["example.com/reviewed"] = "yes".into();
                Value::Null
            });
        }
    }

    /// Deletes the Brake.
    pub fn delete_brake(&self) {
        self.delete(&Address::new(cluster::brake(), "", "cluster"));
    }

    /// Deletes a workload's pods, as `kubectl delete pod` does.
    pub fn delete_pods(&self, workload: &str) {
        for pod in self.pods_of(workload) {
            self.delete(&pod);
        }
    }

    /// Deletes the pods that bear a label.
    pub fn delete_labelled(&self, name: &str, value: &str) {
        let (pods, _) = self.cluster.registry.storage().list(kinds::POD, None);
        for (address, _) in pods.iter().filter(|(_, pod)| pod.label(name) == Some(value)) {
            self.delete(address);
        }
    }

    /// Changes a workload's replicas by so many, to one at least.
    pub fn scale(&self, workload: &str, by: i64) {
        let Some(address) = self.workload(workload).filter(|own| own.kind != kinds::DAEMON_SET) else {
            return;
        };
        self.change(&address, |value| {
            let replicas = value["spec"]["replicas"].as_i64().unwrap_or(1);
            value["spec"]["replicas"] = (replicas + by).max(1).into();
            Value::Null
        });
    }

    /// Puts a disruption budget without room on a workload, or takes it off.
    pub fn set_budget(&self, workload: &str, is_there: bool) {
        let Some(address) = self.workload(workload) else { return };
        let name = format!("{}-{TIGHT}", address.name);
        if !is_there {
            self.delete(&Address::new(kinds::POD_DISRUPTION_BUDGET, &address.namespace, &name));
            return;
        }
        let Ok(object) = self.cluster.registry.get(&address) else { return };
        let selector = object.value()["spec"]["selector"].clone();
        let budget = json!({"metadata": {"name": name}, "spec": {"maxUnavailable": 0, "selector": selector}});
        self.create(kinds::POD_DISRUPTION_BUDGET, &address.namespace, budget);
    }

    /// Creates an object; one that is there already stays.
    pub fn create(&self, kind: Kind, namespace: &str, value: Value) {
        let result: Result<_, Status> = self.cluster.registry.create(kind, namespace, value);
        if let Err(status) = result {
            tracing::debug!(%status, "a fault found its object there already");
        }
    }

    fn delete(&self, address: &Address) {
        // What is gone already needs no deletion.
        let _ = self.cluster.registry.delete(address, &Deletion::default());
    }
}

/// Acknowledges the first live episode that is nobody's; which it was, if the alerter said yes. Who gets
/// no answer does not know, and asks again.
async fn take_first(alerter: &Endpoint) -> Option<(String, String)> {
    let listed = alerter.get("/api/v1/episodes", PATIENCE).await.ok()?;
    let listed: Value = serde_json::from_slice(listed.body()).ok()?;
    let is_free = |episode: &&Value| episode["ended"].is_null() && episode["acknowledged"].is_null();
    let episode = listed["episodes"].as_array()?.iter().find(is_free)?;
    let path = format!("/api/v1/episodes/{}/ack", episode["key"].as_str()?);
    let ask = || alerter.post_json(&path, Bytes::from_static(br#"{"by": "ada"}"#), PATIENCE);
    let mut answer = ask().await;
    for _ in 0..ASKED_AGAIN {
        if answer.as_ref().is_ok_and(|answer| !answer.status().is_server_error()) {
            break;
        }
        tokio::time::sleep(PATIENCE).await;
        answer = ask().await;
    }
    let answer = answer.ok()?;
    let text = |name: &str| episode["labels"][name].as_str().map(str::to_owned);
    answer.status().is_success().then_some((text("lineage")?, text("alertname")?))
}

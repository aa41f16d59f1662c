//! The cluster as the suite's administrator sees it.

use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::core::v1::{Namespace, Node, Pod};
use k8s_openapi::{ClusterResourceScope, NamespaceResourceScope};
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Client, Config, Resource};
use model::Lineage;
use model::brake::{self, Brake};
use model::policy::HealingPolicy;
use model::remediation::{Phase, Remediation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use crate::eventually;

/// The name under which the suite writes.
const MANAGER: &str = "e2e";
/// How long the API server may take for what involves no containers.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long the healer may take to say what it thinks of a policy.
const POLICY_ACCEPTED: Duration = Duration::from_mins(1);

/// A connection to the cluster.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
}

impl Cluster {
    /// Connects with a kubeconfig.
    pub async fn connect(kubeconfig: &Path) -> Result<Self> {
        let file = Kubeconfig::read_from(kubeconfig)?;
        let mut config = Config::from_custom_kubeconfig(file, &KubeConfigOptions::default()).await?;
        config.read_timeout = Some(PATIENCE);
        Ok(Self { client: Client::try_from(config)? })
    }

    /// The cluster behind a client.
    pub fn of(client: Client) -> Self {
        Self { client }
    }

    /// Objects of a cluster-wide kind.
    pub fn cluster_wide<K>(&self) -> Api<K>
    where
        K: Resource<Scope = ClusterResourceScope, DynamicType = ()>,
    {
        Api::all(self.client.clone())
    }

    /// Objects of a kind in one namespace.
    pub fn within<K>(&self, namespace: &str) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::namespaced(self.client.clone(), namespace)
    }

    /// Objects of a kind in all namespaces, for lists.
    pub fn everywhere<K>(&self) -> Api<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
    {
        Api::all(self.client.clone())
    }

    /// Seaworthy's own kinds, which are cluster-wide.
    pub fn own<K>(&self) -> Api<K>
    where
        K: Resource<DynamicType = ()>,
    {
        Api::all(self.client.clone())
    }

    /// Makes a namespace. It must not be there yet: what is left of an earlier run would be taken
    /// for what this one did.
    pub async fn make_namespace(&self, name: &str) -> Result<()> {
        let namespace = from(json!({"metadata": {"name": name}}))?;
        self.cluster_wide::<Namespace>().create(&PostParams::default(), &namespace).await?;
        self.default_account(name).await
    }

    /// Pods are refused until the controller manager has made the namespace's default account.
    async fn default_account(&self, namespace: &str) -> Result<()> {
        let accounts: Api<k8s_openapi::api::core::v1::ServiceAccount> = self.within(namespace);
        eventually("the namespace has its default account", PATIENCE, || async {
            accounts.get("default").await?;
            Ok(())
        })
        .await
    }

    /// Asks for a namespace's deletion; its end is not waited for.
    pub async fn drop_namespace(&self, name: &str) -> Result<()> {
        self.cluster_wide::<Namespace>().delete(name, &DeleteParams::default()).await.map(drop)?;
        Ok(())
    }

    /// Creates an object in a namespace.
    pub async fn create<K>(&self, namespace: &str, object: Value) -> Result<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: Serialize + DeserializeOwned + Clone + Debug,
    {
        let object = from(object)?;
        Ok(self.within::<K>(namespace).create(&PostParams::default(), &object).await?)
    }

    /// Patches an object in a namespace, as `kubectl patch` does: lists of containers are merged.
    pub async fn change<K>(&self, namespace: &str, name: &str, patch: Value) -> Result<K>
    where
        K: Resource<Scope = NamespaceResourceScope, DynamicType = ()>,
        K: DeserializeOwned + Clone + Debug,
    {
        let parameters = PatchParams { field_manager: Some(MANAGER.into()), ..PatchParams::default() };
        Ok(self.within::<K>(namespace).patch(name, &parameters, &Patch::Strategic(patch)).await?)
    }

    /// Writes a healing policy, new or changed.
    pub async fn policy(&self, name: &str, spec: Value) -> Result<()> {
        let policy = json!({
            "apiVersion": "seaworthy.dev/v1alpha1", "kind": "HealingPolicy",
            "metadata": {"name": name}, "spec": spec,
        });
        let parameters = PatchParams::apply(MANAGER).force();
        self.own::<HealingPolicy>().patch(name, &parameters, &Patch::Apply(policy)).await?;
        Ok(())
    }

    /// Waits until the healer has accepted a policy as it is now.
    pub async fn policy_accepted(&self, name: &str) -> Result<()> {
        eventually("the policy is accepted", POLICY_ACCEPTED, || async {
            let policy = self.own::<HealingPolicy>().get(name).await?;
            let status = policy.status.unwrap_or_default();
            let accepted = status.conditions.iter().find(|condition| condition.kind == "Accepted");
            let accepted = accepted.context("nothing is said of it yet")?;
            ensure!(
                accepted.status == "True" && Some(status.observed_generation) == policy.metadata.generation,
                "{accepted:?}"
            );
            Ok(())
        })
        .await
    }

    /// Sets the brake, by hand and not through Seaworthy.
    pub async fn set_brake(&self, paused: bool) -> Result<()> {
        let object = json!({
            "apiVersion": "seaworthy.dev/v1alpha1", "kind": "Brake",
            "metadata": {"name": brake::NAME}, "spec": {"paused": paused, "reason": "set by the suite"},
        });
        let parameters = PatchParams::apply(MANAGER).force();
        self.own::<Brake>().patch(brake::NAME, &parameters, &Patch::Apply(object)).await?;
        Ok(())
    }

    /// Removes what earlier installations left in Seaworthy's own group, the brake included.
    pub async fn clear_own_group(&self) -> Result<()> {
        let (delete, list) = (DeleteParams::default(), ListParams::default());
        self.own::<HealingPolicy>().delete_collection(&delete, &list).await?;
        self.own::<Remediation>().delete_collection(&delete, &list).await?;
        self.own::<Brake>().delete_collection(&delete, &list).await?;
        Ok(())
    }

    /// Pods of a workload (by its `app` label) that are not on their way out.
    pub async fn pods(&self, namespace: &str, app: &str) -> Result<Vec<Pod>> {
        let list = ListParams::default().labels(&format!("app={app}"));
        let pods = self.within::<Pod>(namespace).list(&list).await?.items;
        Ok(pods.into_iter().filter(|pod| pod.metadata.deletion_timestamp.is_none()).collect())
    }

    /// Waits until a workload has exactly so many pods and all are ready.
    pub async fn ready_pods(&self, namespace: &str, app: &str, count: usize) -> Result<Vec<Pod>> {
        eventually(&format!("{count} pods of {namespace}/{app} are ready"), 4 * PATIENCE, || async {
            let pods = self.pods(namespace, app).await?;
            let ready = pods.iter().filter(|pod| is_ready(pod)).count();
            ensure!(ready == count && pods.len() == count, "{ready} of {} pods are ready", pods.len());
            Ok(pods)
        })
        .await
    }

    /// A node.
    pub async fn node(&self, name: &str) -> Result<Node> {
        Ok(self.cluster_wide::<Node>().get(name).await?)
    }

    /// What keeps nodes from being as good as new: conditions, cordons and the node controller's taints. Nobody's marks
    /// of another kind count.
    pub async fn unwell_nodes(&self) -> Result<Vec<String>> {
        let nodes = self.cluster_wide::<Node>().list(&ListParams::default()).await?.items;
        Ok(nodes.iter().flat_map(unwell).collect())
    }

    /// Waits until every node is well.
    pub async fn nodes_are_well(&self) -> Result<()> {
        eventually("every node is well", 4 * PATIENCE, || async {
            let unwell = self.unwell_nodes().await?;
            ensure!(unwell.is_empty(), "{}", unwell.join("; "));
            Ok(())
        })
        .await
    }

    /// Every remediation of a lineage, oldest first.
    pub async fn remediations(&self, lineage: &Lineage) -> Result<Vec<Remediation>> {
        let mut all = self.own::<Remediation>().list(&ListParams::default()).await?.items;
        all.retain(|remediation| remediation.spec.lineage == *lineage);
        all.sort_by(|left, right| left.metadata.creation_timestamp.cmp(&right.metadata.creation_timestamp));
        Ok(all)
    }

    /// The only remediation of a lineage and check.
    pub async fn remediation(&self, lineage: &Lineage, check: &str) -> Result<Remediation> {
        let mut all = self.remediations(lineage).await?;
        all.retain(|remediation| remediation.spec.check == check);
        ensure!(all.len() == 1, "{} remediations of {lineage} for {check}", all.len());
        Ok(all.remove(0))
    }

    /// Waits until the only remediation of a lineage and check is in a phase.
    pub async fn reaches(
        &self,
        lineage: &Lineage,
        check: &str,
        phase: Phase,
        patience: Duration,
    ) -> Result<Remediation> {
        let what = format!("the remediation of {lineage} for {check} is {}", phase.as_str());
        eventually(&what, patience, || async {
            let remediation = self.remediation(lineage, check).await?;
            let status = remediation.status.clone().unwrap_or_default();
            ensure!(status.phase == phase, "it is {}: {}", status.phase.as_str(), told(&remediation));
            Ok(remediation)
        })
        .await
    }

    /// Waits until the only remediation of a lineage and check is in a phase, by the word of a rule whose reason
    /// has these words. What was decided just before may have been held by another: a pod is seen as it was, a
    /// lease is about to be renewed.
    pub async fn held_by(
        &self,
        lineage: &Lineage,
        check: &str,
        phase: Phase,
        (rule, words): (&str, &str),
        patience: Duration,
    ) -> Result<Remediation> {
        eventually(&format!("{lineage} is held by {rule}"), patience, || async {
            let held = self.reaches(lineage, check, phase, patience).await?;
            let decision = held.status.clone().unwrap_or_default().decision.context("it was decided")?;
            let is_so = decision.rule == rule && decision.reason.contains(words);
            ensure!(is_so, "{rule}, {words}: {}", told(&held));
            Ok(held)
        })
        .await
    }
}

/// What a remediation says of itself, for messages.
pub fn told(remediation: &Remediation) -> String {
    let status = remediation.status.clone().unwrap_or_default();
    let decision = status.decision.map(|decision| format!(" [{}: {}]", decision.rule, decision.reason));
    format!("{}{}, {} attempts", status.message, decision.unwrap_or_default(), status.attempts.len())
}

/// What is wrong with a node.
fn unwell(node: &Node) -> Vec<String> {
    let name = node.metadata.name.as_deref().unwrap_or_default();
    let spec = node.spec.as_ref();
    let conditions =
        node.status.iter().flat_map(|status| status.conditions.iter().flatten()).filter_map(|its| {
            let good = if its.type_ == "Ready" { "True" } else { "False" };
            let said = its.message.as_deref().unwrap_or_default();
            (its.status != good).then(|| format!("{name}: {} is {}: {said}", its.type_, its.status))
        });
    let taints = spec.iter().flat_map(|spec| spec.taints.iter().flatten());
    let taints = taints.filter(|taint| taint.key.starts_with("node.kubernetes.io/"));
    let taints = taints.map(|taint| format!("{name}: has the taint {}:{}", taint.key, taint.effect));
    let cordoned =
        spec.is_some_and(|spec| spec.unschedulable == Some(true)).then(|| format!("{name}: cordoned"));
    conditions.chain(taints).chain(cordoned).collect()
}

/// Whether a pod says it is ready.
pub fn is_ready(pod: &Pod) -> bool {
    let conditions = pod.status.as_ref().and_then(|status| status.conditions.as_ref());
    conditions.is_some_and(|all| all.iter().any(|one| one.type_ == "Ready" && one.status == "True"))
}

/// A typed object of a literal one.
pub fn from<K: DeserializeOwned>(object: Value) -> Result<K> {
    serde_json::from_value(object).context("the suite wrote an object that is none")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_that_is_not_well_says_what_is_wrong() {
        let node = |ready: &str, pressure: &str, spec: Value| {
            let conditions = json!([
                {"type": "DiskPressure", "status": pressure, "message": "no room"},
                {"type": "Ready", "status": ready, "message": "runtime is down"},
            ]);
            from::<Node>(
                json!({"metadata": {"name": "n"}, "spec": spec, "status": {"conditions": conditions}}),
            )
        };
        let own = json!({"taints": [{"key": "seaworthy.dev/quarantine", "effect": "NoSchedule"}]});
        assert!(unwell(&node("True", "False", own).unwrap()).is_empty());
        let taint = json!({"key": "node.kubernetes.io/unreachable", "effect": "NoExecute"});
        let bad = node("Unknown", "True", json!({"unschedulable": true, "taints": [taint]})).unwrap();
        let expected = [
            "n: DiskPressure is True: no room",
            "n: Ready is Unknown: runtime is down",
            "n: has the taint node.kubernetes.io/unreachable:NoExecute",
            "n: cordoned",
        ];
        assert_eq!(unwell(&bad), expected);
    }
}

//! The kinds that are served, and what is true of each by its definition.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// A kind of object. Two are equal when group and plural are.
#[derive(Clone, Copy)]
pub struct Kind(&'static Definition);

/// What a kind is by its definition.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Definition {
    /// The API group; empty for the core.
    pub group: &'static str,
    /// The version served.
    pub version: &'static str,
    /// `Pod`.
    pub kind: &'static str,
    /// `pods`.
    pub plural: &'static str,
    /// `pod`.
    pub singular: &'static str,
    /// `po`.
    pub short: &'static [&'static str],
    /// Groups of kinds it belongs to, as in `kubectl get all`.
    pub categories: &'static [&'static str],
    /// Whether it lives in namespaces.
    pub is_namespaced: bool,
    /// What can be asked for below an object: `status`, `scale`, ….
    pub subresources: &'static [&'static str],
}

macro_rules! kinds {
    ($($name:ident = $group:literal $version:literal $kind:literal $plural:literal $singular:literal
        [$($short:literal)*] [$($category:literal)*] $scope:ident [$($sub:literal)*];)*) => {
        $(
            #[doc = concat!("`", $plural, "`.")]
            pub const $name: Kind = Kind(&Definition {
                group: $group, version: $version, kind: $kind, plural: $plural, singular: $singular,
                short: &[$($short),*], categories: &[$($category),*],
                is_namespaced: kinds!(@$scope), subresources: &[$($sub),*],
            });
        )*
        /// The built-in kinds, by group and plural.
        pub const BUILT_IN: &[Kind] = &[$($name),*];
    };
    (@namespaced) => { true };
    (@cluster) => { false };
}

kinds! {
    BINDING = "" "v1" "Binding" "bindings" "binding" [] [] namespaced [];
    CONFIG_MAP = "" "v1" "ConfigMap" "configmaps" "configmap" ["cm"] [] namespaced [];
    EVENT = "" "v1" "Event" "events" "event" ["ev"] [] namespaced [];
    NAMESPACE = "" "v1" "Namespace" "namespaces" "namespace" ["ns"] [] cluster ["status" "finalize"];
    NODE = "" "v1" "Node" "nodes" "node" ["no"] [] cluster ["status"];
    PERSISTENT_VOLUME = "" "v1" "PersistentVolume" "persistentvolumes" "persistentvolume" ["pv"] [] cluster ["status"];
    PERSISTENT_VOLUME_CLAIM = "" "v1" "PersistentVolumeClaim" "persistentvolumeclaims" "persistentvolumeclaim" ["pvc"] [] namespaced ["status"];
    POD = "" "v1" "Pod" "pods" "pod" ["po"] ["all"] namespaced ["status" "eviction" "binding" "log" "resize" "ephemeralcontainers"];
    SECRET = "" "v1" "Secret" "secrets" "secret" [] [] namespaced [];
    SERVICE = "" "v1" "Service" "services" "service" ["svc"] ["all"] namespaced ["status"];
    SERVICE_ACCOUNT = "" "v1" "ServiceAccount" "serviceaccounts" "serviceaccount" ["sa"] [] namespaced [];
    CUSTOM_RESOURCE_DEFINITION = "apiextensions.k8s.io" "v1" "CustomResourceDefinition" "customresourcedefinitions" "customresourcedefinition" ["crd" "crds"] ["api-extensions"] cluster ["status"];
    DAEMON_SET = "apps" "v1" "DaemonSet" "daemonsets" "daemonset" ["ds"] ["all"] namespaced ["status"];
    DEPLOYMENT = "apps" "v1" "Deployment" "deployments" "deployment" ["deploy"] ["all"] namespaced ["status" "scale"];
    REPLICA_SET = "apps" "v1" "ReplicaSet" "replicasets" "replicaset" ["rs"] ["all"] namespaced ["status" "scale"];
    STATEFUL_SET = "apps" "v1" "StatefulSet" "statefulsets" "statefulset" ["sts"] ["all"] namespaced ["status" "scale"];
    CONTROLLER_REVISION = "apps" "v1" "ControllerRevision" "controllerrevisions" "controllerrevision" [] [] namespaced [];
    JOB = "batch" "v1" "Job" "jobs" "job" [] ["all"] namespaced ["status"];
    CRON_JOB = "batch" "v1" "CronJob" "cronjobs" "cronjob" ["cj"] ["all"] namespaced ["status"];
    LEASE = "coordination.k8s.io" "v1" "Lease" "leases" "lease" [] [] namespaced [];
    ENDPOINT_SLICE = "discovery.k8s.io" "v1" "EndpointSlice" "endpointslices" "endpointslice" [] [] namespaced [];
    EVENT_EVENTS = "events.k8s.io" "v1" "Event" "events" "event" ["ev"] [] namespaced [];
    POD_DISRUPTION_BUDGET = "policy" "v1" "PodDisruptionBudget" "poddisruptionbudgets" "poddisruptionbudget" ["pdb"] [] namespaced ["status"];
    CLUSTER_ROLE = "rbac.authorization.k8s.io" "v1" "ClusterRole" "clusterroles" "clusterrole" [] [] cluster [];
    CLUSTER_ROLE_BINDING = "rbac.authorization.k8s.io" "v1" "ClusterRoleBinding" "clusterrolebindings" "clusterrolebinding" [] [] cluster [];
    ROLE = "rbac.authorization.k8s.io" "v1" "Role" "roles" "role" [] [] namespaced [];
    ROLE_BINDING = "rbac.authorization.k8s.io" "v1" "RoleBinding" "rolebindings" "rolebinding" [] [] namespaced [];
}

/// Definitions that came with custom resources. They live as long as the process: there are as
/// many as there are different definitions, not as many as clusters that were played.
static CUSTOM: Mutex<BTreeMap<Definition, Kind>> = Mutex::new(BTreeMap::new());

impl Kind {
    /// The kind of a custom resource. `definition`'s texts must live as long as the process; see
    /// [`intern`].
    pub fn custom(definition: Definition) -> Self {
        let mut known = CUSTOM.lock().unwrap_or_else(PoisonError::into_inner);
        *known.entry(definition).or_insert_with_key(|own| Self(Box::leak(Box::new(own.clone()))))
    }

    /// What `apiVersion` says: `v1`, `apps/v1`.
    pub fn api_version(self) -> String {
        if self.group.is_empty() {
            self.version.to_owned()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// Whether it comes with Kubernetes, rather than by a CustomResourceDefinition.
    pub fn is_built_in(self) -> bool {
        BUILT_IN.contains(&self)
    }

    /// `pods`, `deployments.apps`: how messages of the server name it.
    pub fn qualified(self) -> String {
        if self.group.is_empty() { self.plural.to_owned() } else { format!("{}.{}", self.plural, self.group) }
    }
}

impl std::ops::Deref for Kind {
    type Target = Definition;
    fn deref(&self) -> &Definition {
        self.0
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        (self.group, self.plural) == (other.group, other.plural)
    }
}

impl Eq for Kind {}

impl PartialOrd for Kind {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Kind {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.group, self.plural).cmp(&(other.group, other.plural))
    }
}

impl fmt::Debug for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.qualified())
    }
}

/// A text that lives as long as the process, the same one for the same content.
pub fn intern(text: &str) -> &'static str {
    static TEXTS: Mutex<std::collections::BTreeSet<&'static str>> =
        Mutex::new(std::collections::BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = texts.get(text) {
        return known;
    }
    let leaked: &'static str = Box::leak(text.to_owned().into_boxed_str());
    texts.insert(leaked);
    leaked
}

/// [`intern`], for a list of texts.
pub fn intern_all(texts: &[String]) -> &'static [&'static str] {
    static LISTS: Mutex<std::collections::BTreeSet<&'static [&'static str]>> =
        Mutex::new(std::collections::BTreeSet::new());
    let texts: Vec<&'static str> = texts.iter().map(|text| intern(text)).collect();
    let mut lists = LISTS.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = lists.get(&texts[..]) {
        return known;
    }
    let leaked: &'static [&'static str] = Box::leak(texts.into_boxed_slice());
    lists.insert(leaked);
    leaked
}

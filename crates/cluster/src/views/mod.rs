//! Slim views of the kinds that Seaworthy reads: only the fields that checks, evidence, lineages
//! and the governor need, one file per kind.
//!
//! Views take what they do not know as it comes and are strict about what matters: an object
//! without a name, UID or version, or with a field of the wrong type, is malformed; the watch
//! skips and reports it.
//!
//! Architecture invariant: a view is decoded straight from the wire. The full types of
//! `k8s-openapi` are never built for what there is much of (34.6 KB a pod, against under 2 here).

mod condition;
mod daemon_set;
mod deployment;
mod disruption_budget;
mod endpoint_slice;
mod job;
mod lease;
mod meta;
mod namespace;
mod node;
mod pod;
mod replica_set;
mod selector;
mod service;
mod stateful_set;
#[cfg(test)]
mod tests;
mod text;
mod workload;

use k8s_openapi::api;
use serde::de::DeserializeOwned;

pub use condition::{Condition, Status, find};
pub use daemon_set::DaemonSet;
pub use deployment::Deployment;
pub use disruption_budget::{Amount, PodDisruptionBudget};
pub use endpoint_slice::{Endpoint, EndpointSlice, SERVICE_NAME};
pub use job::Job;
pub use lease::{Lease, NODE_NAMESPACE};
pub use meta::{Meta, Owner};
pub use namespace::Namespace;
pub use node::{Node, Taint, ZONE};
pub use pod::{Container, ContainerStatus, Phase, Pod, Running, State, Terminated, Waiting};
pub use replica_set::ReplicaSet;
pub use selector::{Operator, Requirement, Selector};
pub use service::Service;
pub use stateful_set::StatefulSet;
pub use text::{ANNOTATIONS_KEPT, Annotations, Pairs, RESTARTED_AT, Text};
pub use workload::{Template, TemplateContainer};

/// What an object is called, and which of its versions this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Identity<'a> {
    /// Empty for cluster-wide kinds.
    pub namespace: &'a str,
    /// Its name.
    pub name: &'a str,
    /// Its UID.
    pub uid: &'a str,
    /// The version that was decoded.
    pub resource_version: &'a str,
}

/// A type that can be read and watched.
pub trait View: DeserializeOwned + Send + 'static {
    /// The full type whose address in the API this view shares.
    type Of: kube::Resource<DynamicType = ()>;

    /// What the decoded object is called.
    fn identity(&self) -> Identity<'_>;

    /// The kind as the API spells it.
    fn kind() -> String {
        <Self::Of as kube::Resource>::kind(&()).into_owned()
    }

    /// The resource as RBAC spells it: `pods`, `deployments`.
    fn resource() -> String {
        <Self::Of as kube::Resource>::plural(&()).into_owned()
    }

    /// The API group; empty for the core one.
    fn group() -> String {
        <Self::Of as kube::Resource>::group(&()).into_owned()
    }

    /// The address of the collection, in one namespace or all.
    fn collection(namespace: Option<&str>) -> String {
        <Self::Of as kube::Resource>::url_path(&(), namespace)
    }
}

/// The views of the cluster's own kinds.
macro_rules! views {
    ($($view:ident of $full:ty;)*) => {$(
        impl View for $view {
            type Of = $full;

            fn identity(&self) -> Identity<'_> {
                let Meta { namespace, name, uid, resource_version, .. } = &self.metadata;
                Identity { namespace, name, uid, resource_version }
            }
        }
    )*};
}

views! {
    Pod of api::core::v1::Pod;
    Node of api::core::v1::Node;
    Lease of api::coordination::v1::Lease;
    Deployment of api::apps::v1::Deployment;
    ReplicaSet of api::apps::v1::ReplicaSet;
    StatefulSet of api::apps::v1::StatefulSet;
    DaemonSet of api::apps::v1::DaemonSet;
    Job of api::batch::v1::Job;
    Service of api::core::v1::Service;
    EndpointSlice of api::discovery::v1::EndpointSlice;
    Namespace of api::core::v1::Namespace;
    PodDisruptionBudget of api::policy::v1::PodDisruptionBudget;
}

/// Our own resources are their own views: there are few of them, and all of each is read.
macro_rules! own_resources {
    ($($resource:ty;)*) => {$(
        impl View for $resource {
            type Of = Self;

            fn identity(&self) -> Identity<'_> {
                let meta = &self.metadata;
                Identity {
                    namespace: meta.namespace.as_deref().unwrap_or_default(),
                    name: meta.name.as_deref().unwrap_or_default(),
                    uid: meta.uid.as_deref().unwrap_or_default(),
                    resource_version: meta.resource_version.as_deref().unwrap_or_default(),
                }
            }
        }
    )*};
}

own_resources! {
    model::policy::HealingPolicy;
    model::remediation::Remediation;
    model::brake::Brake;
}

//! What RBAC grants to an account, to be compared with what it made use of.

use std::collections::BTreeSet;

use anyhow::{Context, Result};
use k8s_openapi::api::rbac::v1::{ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, Subject};
use kube::api::{Api, ListParams, Patch, PatchParams};
use serde_json::json;

use crate::audit::Permission;
use crate::cluster::Cluster;
use crate::installation::{NAMESPACE, Service};

/// Every permission that is granted to a service's account, by whichever binding.
pub async fn granted(cluster: &Cluster, service: Service) -> Result<BTreeSet<Permission>> {
    let mut rules = Vec::new();
    for role in cluster_roles(cluster, service).await? {
        rules.extend(cluster.cluster_wide::<ClusterRole>().get(&role).await?.rules.unwrap_or_default());
    }
    let bindings: Api<RoleBinding> = cluster.everywhere();
    for binding in bindings.list(&ListParams::default()).await?.items {
        if speaks_of(binding.subjects.as_deref(), service) {
            let namespace = binding.metadata.namespace.as_deref().context("a binding has a namespace")?;
            let role = cluster.within::<Role>(namespace).get(&binding.role_ref.name).await?;
            rules.extend(role.rules.unwrap_or_default());
        }
    }
    Ok(rules.iter().flat_map(permissions).collect())
}

async fn cluster_roles(cluster: &Cluster, service: Service) -> Result<Vec<String>> {
    let bindings = cluster.cluster_wide::<ClusterRoleBinding>().list(&ListParams::default()).await?;
    let ours = bindings.items.into_iter().filter(|one| speaks_of(one.subjects.as_deref(), service));
    Ok(ours.map(|binding| binding.role_ref.name).collect())
}

fn speaks_of(subjects: Option<&[Subject]>, service: Service) -> bool {
    let account = |subject: &Subject| {
        subject.kind == "ServiceAccount"
            && subject.namespace.as_deref() == Some(NAMESPACE)
            && subject.name == service.account()
    };
    subjects.unwrap_or_default().iter().any(account)
}

fn permissions(rule: &PolicyRule) -> Vec<Permission> {
    let groups = rule.api_groups.as_deref().unwrap_or_default();
    let resources = rule.resources.as_deref().unwrap_or_default();
    let of = |group: &String, resource: &String, verb: &String| Permission {
        group: group.clone(),
        resource: resource.clone(),
        verb: verb.clone(),
    };
    groups
        .iter()
        .flat_map(|group| resources.iter().map(move |resource| (group, resource)))
        .flat_map(|(group, resource)| rule.verbs.iter().map(move |verb| of(group, resource, verb)))
        .collect()
}

/// Rights that were taken away; dropped without giving them back, they come back with the next
/// installation, which applies its manifest anew.
#[must_use = "give them back"]
pub struct Withheld {
    cluster: Cluster,
    roles: Vec<(String, Vec<PolicyRule>)>,
}

/// Takes away from a service every right on a resource.
pub async fn withhold(cluster: &Cluster, service: Service, resource: &str) -> Result<Withheld> {
    let mut roles = Vec::new();
    for name in cluster_roles(cluster, service).await? {
        let granted = cluster.cluster_wide::<ClusterRole>().get(&name).await?.rules.unwrap_or_default();
        let without = |rule: &PolicyRule| {
            let mut rule = rule.clone();
            let of_it = |one: &String| one == resource || one.starts_with(&format!("{resource}/"));
            rule.resources.iter_mut().for_each(|resources| resources.retain(|one| !of_it(one)));
            rule
        };
        // A rule without resources is not valid, and grants nothing anyway.
        let less: Vec<PolicyRule> = granted
            .iter()
            .map(without)
            .filter(|rule| {
                rule.resources.as_ref().is_some_and(|all| !all.is_empty()) || rule.non_resource_urls.is_some()
            })
            .collect();
        if less != granted {
            set_rules(cluster, &name, &less).await?;
            roles.push((name, granted));
        }
    }
    anyhow::ensure!(!roles.is_empty(), "no role speaks of {resource}");
    Ok(Withheld { cluster: cluster.clone(), roles })
}

impl Withheld {
    /// Gives them back.
    pub async fn give_back(self) -> Result<()> {
        for (name, rules) in &self.roles {
            set_rules(&self.cluster, name, rules).await?;
        }
        Ok(())
    }
}

async fn set_rules(cluster: &Cluster, role: &str, rules: &[PolicyRule]) -> Result<()> {
    let patch = Patch::Merge(json!({"rules": rules}));
    cluster.cluster_wide::<ClusterRole>().patch(role, &PatchParams::default(), &patch).await?;
    Ok(())
}

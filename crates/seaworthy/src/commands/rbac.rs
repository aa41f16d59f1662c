//! `seaworthy rbac`: accounts with the least rights, for `kubectl apply -f -`.

use std::collections::BTreeSet;

use clap::{Args, ValueEnum};
use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use model::policy::ActionName;
use serde::Serialize;
use serde_json::Value;

use super::Outcome;
use crate::arguments::namespace;
use crate::exit::Exit;
use crate::output;
use crate::rights::{Place, Service};

/// Where kubelets keep their leases.
const NODE_LEASES: &str = "kube-node-lease";
/// The account that has no rights, because nothing on the paging path needs the Kubernetes API.
const ALERTER: &str = "seaworthy-alerter";

/// Where, and for what
#[derive(Args)]
pub(crate) struct Arguments {
    /// The namespace that Seaworthy runs in
    #[arg(short, long, value_name = "NAME", default_value = "seaworthy-system", value_parser = namespace)]
    namespace: String,
    /// The actions that the healer may take, separated by commas; all when none is named
    #[arg(long, value_enum, value_name = "ACTION", value_delimiter = ',')]
    actions: Vec<Action>,
}

/// The healer's actions as the command line takes them: by their names in policies.
#[derive(Clone, Copy, ValueEnum)]
#[value(rename_all = "PascalCase")]
enum Action {
    CollectEvidence,
    EvictPod,
    RolloutRestart,
    QuarantineNode,
    DrainNode,
    ReleaseNode,
}

impl From<Action> for ActionName {
    fn from(action: Action) -> Self {
        match action {
            Action::CollectEvidence => Self::CollectEvidence,
            Action::EvictPod => Self::EvictPod,
            Action::RolloutRestart => Self::RolloutRestart,
            Action::QuarantineNode => Self::QuarantineNode,
            Action::DrainNode => Self::DrainNode,
            Action::ReleaseNode => Self::ReleaseNode,
        }
    }
}

pub(super) fn run(arguments: &Arguments) -> Outcome {
    let actions =
        if arguments.actions.is_empty() { Action::value_variants() } else { arguments.actions.as_slice() };
    let allowed: BTreeSet<ActionName> = actions.iter().map(|action| (*action).into()).collect();
    output::print(manifest(&arguments.namespace, &allowed)?.trim_end())?;
    Ok(Exit::Fine)
}

/// The whole manifest, the same to the byte each time.
fn manifest(namespace: &str, allowed: &BTreeSet<ActionName>) -> anyhow::Result<String> {
    let mut stream = Stream(String::from(
        "# Made by `seaworthy rbac`: the least that the services need. Narrow it with --actions.\n",
    ));
    stream.add(&Namespace { metadata: named(namespace), ..Namespace::default() })?;
    stream.add(&account(namespace, ALERTER, false))?;
    for service in Service::ALL {
        let name = service.account();
        stream.add(&account(namespace, name, true))?;
        let rules = Some(service.rules(Place::Cluster, allowed));
        stream.add(&ClusterRole { metadata: named(name), rules, aggregation_rule: None })?;
        stream.add(&ClusterRoleBinding {
            metadata: named(name),
            role_ref: role_ref("ClusterRole", name),
            subjects: Some(vec![subject(namespace, name)]),
        })?;
        for (place, within) in [(Place::NodeLeases, NODE_LEASES), (Place::Own, namespace)] {
            stream.add_role(service.rules(place, allowed), within, namespace, name)?;
        }
    }
    Ok(stream.0)
}

/// A YAML stream that grows by a document at a time.
struct Stream(String);

impl Stream {
    fn add<T: Serialize>(&mut self, object: &T) -> anyhow::Result<()> {
        // Through a value, whose maps are sorted.
        let value: Value = serde_json::to_value(object)?;
        self.0.push_str("---\n");
        self.0.push_str(&serde_saphyr::to_string(&value)?);
        Ok(())
    }

    fn add_role(
        &mut self,
        rules: Vec<PolicyRule>,
        within: &str,
        namespace: &str,
        name: &str,
    ) -> anyhow::Result<()> {
        if rules.is_empty() {
            return Ok(());
        }
        let metadata = || ObjectMeta { namespace: Some(within.to_owned()), ..named(name) };
        self.add(&Role { metadata: metadata(), rules: Some(rules) })?;
        self.add(&RoleBinding {
            metadata: metadata(),
            role_ref: role_ref("Role", name),
            subjects: Some(vec![subject(namespace, name)]),
        })
    }
}

fn named(name: &str) -> ObjectMeta {
    ObjectMeta { name: Some(name.to_owned()), ..ObjectMeta::default() }
}

/// A pod without business in the API gets no token for it.
fn account(namespace: &str, name: &str, token: bool) -> ServiceAccount {
    ServiceAccount {
        metadata: ObjectMeta { namespace: Some(namespace.to_owned()), ..named(name) },
        automount_service_account_token: (!token).then_some(false),
        ..ServiceAccount::default()
    }
}

fn role_ref(kind: &str, name: &str) -> RoleRef {
    RoleRef {
        api_group: Some("rbac.authorization.k8s.io".to_owned()),
        kind: kind.to_owned(),
        name: name.to_owned(),
    }
}

fn subject(namespace: &str, name: &str) -> Subject {
    Subject {
        kind: "ServiceAccount".to_owned(),
        name: name.to_owned(),
        namespace: Some(namespace.to_owned()),
        ..Subject::default()
    }
}

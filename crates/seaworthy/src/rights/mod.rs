//! What each service has to be allowed in the cluster, and no more. The end-to-end suite compares these tables with what
//! the API server's audit log says was used.

mod healer;
mod monitor;

use std::collections::BTreeSet;

use k8s_openapi::api::rbac::v1::PolicyRule;
use model::policy::ActionName;

/// Verbs on some resources of one API group.
pub(crate) struct Rule {
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
    /// Only these objects; all where none are named.
    names: &'static [&'static str],
    place: Place,
    /// Only where one of these actions is allowed; always where none are named.
    actions: &'static [ActionName],
}

/// Where a rule holds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Place {
    /// In the whole cluster.
    Cluster,
    /// In the namespace of the kubelets' leases.
    NodeLeases,
    /// In Seaworthy's own namespace.
    Own,
}

/// What reading takes: a list, and a watch that goes on from it.
const FOLLOW: &[&str] = &["list", "watch"];

/// A rule for the whole cluster, whatever is enabled.
const fn always(
    group: &'static str,
    resources: &'static [&'static str],
    verbs: &'static [&'static str],
) -> Rule {
    Rule { group, resources, verbs, names: &[], place: Place::Cluster, actions: &[] }
}

impl Rule {
    const fn named(self, names: &'static [&'static str]) -> Self {
        Self { names, ..self }
    }

    const fn at(self, place: Place) -> Self {
        Self { place, ..self }
    }

    const fn only_for(self, actions: &'static [ActionName]) -> Self {
        Self { actions, ..self }
    }

    fn is_for(&self, place: Place, allowed: &BTreeSet<ActionName>) -> bool {
        self.place == place
            && (self.actions.is_empty() || self.actions.iter().any(|action| allowed.contains(action)))
    }

    fn policy_rule(&self) -> PolicyRule {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        PolicyRule {
            api_groups: Some(vec![self.group.to_owned()]),
            resources: Some(owned(self.resources)),
            resource_names: (!self.names.is_empty()).then(|| owned(self.names)),
            verbs: owned(self.verbs),
            non_resource_urls: None,
        }
    }
}

/// A service that speaks to the Kubernetes API. The alerter does not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Service {
    Monitor,
    Healer,
}

impl Service {
    pub(crate) const ALL: [Self; 2] = [Self::Monitor, Self::Healer];

    /// The name of its ServiceAccount, roles and bindings.
    pub(crate) const fn account(self) -> &'static str {
        match self {
            Self::Monitor => "seaworthy-monitor",
            Self::Healer => "seaworthy-healer",
        }
    }

    /// What it has to be allowed at a place, if the healer may take these actions.
    pub(crate) fn rules(self, place: Place, allowed: &BTreeSet<ActionName>) -> Vec<PolicyRule> {
        let table = match self {
            Self::Monitor => monitor::RULES,
            Self::Healer => healer::RULES,
        };
        table.iter().filter(|rule| rule.is_for(place, allowed)).map(Rule::policy_rule).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use model::policy::ActionName;

    use super::{Place, Service};

    const WRITES: [&str; 6] = ["create", "update", "patch", "delete", "deletecollection", "*"];

    fn granted(service: Service, allowed: &[ActionName]) -> Vec<String> {
        let allowed: BTreeSet<ActionName> = allowed.iter().copied().collect();
        [Place::Cluster, Place::NodeLeases, Place::Own]
            .iter()
            .flat_map(|place| service.rules(*place, &allowed))
            .flat_map(|rule| {
                let resources = rule.resources.unwrap_or_default();
                let verbs = rule.verbs;
                resources.into_iter().flat_map(move |resource| {
                    verbs.clone().into_iter().map(move |verb| format!("{verb} {resource}"))
                })
            })
            .collect()
    }

    #[test]
    fn the_monitor_writes_nothing_and_reads_no_secrets() {
        let granted = granted(Service::Monitor, &[]);
        let writes = |right: &&String| WRITES.iter().any(|verb| right.starts_with(&format!("{verb} ")));
        assert_eq!(granted.iter().filter(writes).count(), 0, "{granted:?}");
        assert!(granted.iter().all(|right| !right.contains("secrets")), "{granted:?}");
    }

    #[test]
    fn the_healer_is_granted_what_its_actions_take_and_no_more() {
        let effects = ["create pods/eviction", "patch nodes", "patch deployments"];
        for (allowed, expected) in [
            (&[][..], [false, false, false]),
            (&[ActionName::CollectEvidence], [false, false, false]),
            (&[ActionName::EvictPod], [true, false, false]),
            (&[ActionName::QuarantineNode], [false, true, false]),
            (&[ActionName::DrainNode], [true, true, false]),
            (&[ActionName::RolloutRestart], [false, false, true]),
        ] {
            let granted = granted(Service::Healer, allowed);
            let has = effects.map(|effect| granted.iter().any(|right| right == effect));
            assert_eq!(has, expected, "{allowed:?}: {granted:?}");
            for never in ["secrets", "pods/exec", "nodes/proxy", "roles", "bindings", "*"] {
                assert!(granted.iter().all(|right| !right.contains(never)), "{never}: {granted:?}");
            }
        }
    }
}

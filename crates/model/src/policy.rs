//! What may be done about which issues: the `HealingPolicy` resource, also read from files.

use std::collections::BTreeMap;

use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{DurationText, Severity};

/// What the healer may do by a policy.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Mode {
    /// Record what would have been done.
    #[default]
    Observe,
    /// Plan, then wait for a person.
    Approve,
    /// Act, within the governor's rules.
    Enforce,
}

impl Mode {
    /// The text used in resources and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Observe => "Observe",
            Self::Approve => "Approve",
            Self::Enforce => "Enforce",
        }
    }
}

/// The names of the actions: they are the API.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum ActionName {
    /// Keep the previous container's last words, events and state; changes nothing.
    CollectEvidence,
    /// Remove a pod through the eviction API, so that its controller makes another.
    EvictPod,
    /// Replace a workload's pods one by one, as its own strategy has it.
    RolloutRestart,
    /// Keep new pods off a node by a taint of Seaworthy's own.
    QuarantineNode,
    /// Move a node's pods away through the eviction API.
    DrainNode,
    /// Take Seaworthy's own marks off a node again.
    ReleaseNode,
}

impl ActionName {
    /// Every action, from the mildest to the one that moves most.
    pub const ALL: [Self; 6] = [
        Self::CollectEvidence,
        Self::EvictPod,
        Self::RolloutRestart,
        Self::QuarantineNode,
        Self::DrainNode,
        Self::ReleaseNode,
    ];

    /// Whether it mends nothing, and keeps others out of harm's way until it is mended.
    pub const fn contains(self) -> bool {
        matches!(self, Self::QuarantineNode | Self::DrainNode)
    }

    /// The text used in resources, metrics and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::CollectEvidence => "CollectEvidence",
            Self::EvictPod => "EvictPod",
            Self::RolloutRestart => "RolloutRestart",
            Self::QuarantineNode => "QuarantineNode",
            Self::DrainNode => "DrainNode",
            Self::ReleaseNode => "ReleaseNode",
        }
    }
}

impl std::fmt::Display for ActionName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// A ladder of steps for issues that match.
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "seaworthy.dev",
    version = "v1alpha1",
    kind = "HealingPolicy",
    plural = "healingpolicies",
    shortname = "hp",
    category = "seaworthy",
    status = "HealingPolicyStatus",
    printcolumn = r#"{"name":"Mode","type":"string","jsonPath":".spec.mode"}"#,
    printcolumn = r#"{"name":"Codes","type":"string","jsonPath":".spec.match.codes"}"#,
    printcolumn = r#"{"name":"Accepted","type":"string","jsonPath":".status.conditions[?(@.type=='Accepted')].status"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    doc = "What Seaworthy's healer may do about which issues: a ladder of steps, in a mode."
)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HealingPolicySpec {
    /// What the healer may do by this policy; without it, only observe.
    #[serde(default)]
    pub mode: Mode,
    /// Which issues it is for.
    #[serde(rename = "match")]
    pub selects: Match,
    /// The ladder: the next step is taken when the one before did not help. The step after the
    /// last is a person.
    pub steps: Vec<Step>,
    /// How long the lineage must be healthy before a step counts as a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub healthy_for: Option<DurationText>,
    /// How long an approval is waited for before a person is told once more and the plan lapses.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval_timeout: Option<DurationText>,
    /// The most attempts per lineage over all its remediations within the healer's window,
    /// narrower than the healer's own cap.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<u32>,
    /// Evict pods that no controller replaces. They are lost.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_loss_of_bare_pods: bool,
}

/// Which issues a policy is for. What is absent does not narrow; what is present and empty is an
/// error, because an empty list must never come to mean everything.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Match {
    /// Codes of checks.
    pub codes: Vec<String>,
    /// Severities.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub severities: Option<Vec<Severity>>,
    /// Namespaces by name; `["*"]` says all. Namespaced issues need this or `namespaceSelector`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespaces: Option<Vec<String>>,
    /// Namespaces by their labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace_selector: Option<Selector>,
    /// Subjects by their labels.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selector: Option<Selector>,
}

/// A label selector in the form Kubernetes gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Selector {
    /// Labels that must have exactly these values.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub match_labels: BTreeMap<String, String>,
    /// Conditions on labels, all of which must hold.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub match_expressions: Vec<Expression>,
}

/// One condition on a label.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Expression {
    /// The label's name.
    pub key: String,
    /// How it is compared.
    pub operator: Operator,
    /// The values of `In` and `NotIn`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub values: Vec<String>,
}

/// How a label is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Operator {
    /// The label has one of the values.
    In,
    /// The label has none of the values, or is absent.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is absent.
    DoesNotExist,
}

impl Selector {
    /// Whether the selector says nothing.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether labels match. An empty selector matches nothing.
    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.is_empty()
            && self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|expression| expression.holds(labels))
    }
}

impl Expression {
    fn holds(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match self.operator {
            Operator::In => value.is_some_and(|value| self.values.contains(value)),
            Operator::NotIn => value.is_none_or(|value| !self.values.contains(value)),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

/// One step of a ladder.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Step {
    /// What to do.
    pub action: ActionName,
    /// How; each action says in its page what it takes.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parameters: BTreeMap<String, String>,
    /// How long after the effect the lineage may take to become healthy.
    #[serde(default = "Step::default_timeout")]
    pub timeout: DurationText,
    /// How often this step is tried before the next.
    #[serde(default = "Step::default_attempts")]
    pub attempts: u32,
}

impl Step {
    // Long enough for an image pull and a slow start; a policy that knows better says so.
    fn default_timeout() -> DurationText {
        DurationText::from_secs(300)
    }

    fn default_attempts() -> u32 {
        1
    }
}

/// What the healer says of a policy.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct HealingPolicyStatus {
    /// The generation this status speaks of.
    #[serde(default)]
    pub observed_generation: i64,
    /// `Accepted`, with the reason where it is not.
    #[serde(default)]
    pub conditions: Vec<Condition>,
}

/// A condition, as Kubernetes writes them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Condition {
    /// What it is about.
    #[serde(rename = "type")]
    pub kind: String,
    /// `True`, `False` or `Unknown`.
    pub status: String,
    /// One word.
    pub reason: String,
    /// One sentence, with the way out.
    pub message: String,
    /// Since when it is so.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub last_transition_time: Option<jiff::Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn an_empty_selector_matches_nothing() {
        assert!(!Selector::default().matches(&labels(&[("a", "b")])));
        assert!(!Selector::default().matches(&labels(&[])));
    }

    #[test]
    fn expressions_compare_as_kubernetes_does() {
        let with = |operator, values: &[&str]| Selector {
            match_expressions: vec![Expression {
                key: "tier".into(),
                operator,
                values: values.iter().map(|value| (*value).to_owned()).collect(),
            }],
            ..Selector::default()
        };
        let web = labels(&[("tier", "web")]);
        let none = labels(&[]);
        assert!(with(Operator::In, &["web"]).matches(&web));
        assert!(!with(Operator::In, &["web"]).matches(&none));
        assert!(with(Operator::NotIn, &["db"]).matches(&web));
        assert!(with(Operator::NotIn, &["web"]).matches(&none));
        assert!(with(Operator::Exists, &[]).matches(&web));
        assert!(with(Operator::DoesNotExist, &[]).matches(&none));
    }
}

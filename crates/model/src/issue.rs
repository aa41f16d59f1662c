//! What the monitor found: one trouble of one lineage.

use std::collections::BTreeMap;

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Lineage, ObjectRef, Severity, object};

/// Facts a person can act on: exit code, last log reason, image, limit, the scheduler's words.
/// Ordered, so that the same facts always print the same.
pub type Evidence = BTreeMap<String, String>;

/// One object an issue was found on. Members come and go while the issue stays.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Member {
    /// The object, with the UID it had when the issue was found on it.
    #[serde(flatten, serialize_with = "object::whole")]
    pub object: ObjectRef,
    /// The container, where the trouble is one container's; else empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub container: String,
    /// The node it is on; empty where it has none.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// What was found on this member.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub evidence: Evidence,
}

/// The issue that explains another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Cause {
    /// Kind of the cause's subject.
    pub kind: String,
    /// Namespace of the cause's subject; empty where it has none.
    #[serde(default)]
    pub namespace: String,
    /// Name of the cause's subject.
    pub name: String,
    /// The code of the check that found the cause.
    pub code: String,
    /// The cause's lineage: with the code, the key of the issue that explains this one.
    pub lineage: Lineage,
}

/// Labels for routing. They may change during an episode without making it another.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Routing {
    /// The node concerned, where it is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// The zone concerned, where it is one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub zone: String,
    /// The top controller's name.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub workload: String,
    /// Who owns it, from the label that the configuration names.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub team: String,
}

/// One trouble of one lineage, found by one check. (lineage, code) is its identity.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Issue {
    /// The check's code: `PodCrashLoopBackOff`.
    pub code: String,
    /// How bad it is, the worst of its members.
    pub severity: Severity,
    /// Whose trouble it is.
    pub lineage: Lineage,
    /// The lineage's own object (the Deployment, the Node), as far as it is known.
    #[serde(serialize_with = "object::whole")]
    pub subject: ObjectRef,
    /// The objects it is found on at the moment, ordered by namespace and name.
    pub members: Vec<Member>,
    /// Members beyond those listed: lists are bounded, counts are not.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub members_omitted: usize,
    /// Since when it is one continuous trouble.
    pub since: Timestamp,
    /// One sentence for a person.
    pub summary: String,
    /// What supports it.
    #[serde(default)]
    pub evidence: Evidence,
    /// The issue that explains this one, if one does.
    pub cause: Option<Cause>,
    /// Labels for routing.
    #[serde(default)]
    pub routing: Routing,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's skip_serializing_if passes a reference")]
fn is_zero(count: &usize) -> bool {
    *count == 0
}

impl Issue {
    /// The identity of the issue.
    pub fn key(&self) -> Key {
        Key { lineage: self.lineage.clone(), code: self.code.clone() }
    }
}

/// A check that could not look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unseen {
    /// Its code.
    pub check: String,
    /// Why, and what is missing: `not allowed to list nodes`.
    pub reason: String,
}

/// The identity of an issue.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Key {
    /// Whose trouble.
    pub lineage: Lineage,
    /// Which check.
    pub code: String,
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.lineage, self.code)
    }
}

/// Why an issue ended. Only [`Resolution::Healthy`] counts as a repair.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Resolution {
    /// The lineage's members were seen healthy for `healthyFor`.
    Healthy,
    /// The lineage is gone.
    SubjectGone,
    /// The check was switched off.
    CheckDisabled,
    /// Another replica answers for it now.
    Handover,
    /// The same trouble goes on under other routing labels.
    Relabelled,
}

impl Resolution {
    /// The text of the `resolution` annotation.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::SubjectGone => "subject-gone",
            Self::CheckDisabled => "check-disabled",
            Self::Handover => "handover",
            Self::Relabelled => "relabelled",
        }
    }

    /// Reads the `resolution` annotation; `None` for a text that is none of ours.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Healthy, Self::SubjectGone, Self::CheckDisabled, Self::Handover, Self::Relabelled]
            .into_iter()
            .find(|resolution| resolution.as_str() == text)
    }
}

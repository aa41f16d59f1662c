//! The `Remediation` resource: the healer's durable queue, its audit log, and what people read.

use jiff::Timestamp;
use kube::CustomResource;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::issue::{Evidence, Key};
use crate::policy::{ActionName, HealingPolicySpec, Mode, Step};
use crate::{Lineage, ObjectRef, Severity};

/// The most attempts a Remediation lists: more than any ladder and cap may lead to, so nothing is
/// ever cut.
pub const ATTEMPTS_MAX: usize = 64;
/// The most objects one attempt touches: a little more than the 110 pods a kubelet runs by
/// default. What is beyond waits for the next attempt.
pub const PARTS_MAX: usize = 128;
/// The largest evidence kept, in bytes: whoever may read remediations reads all of it.
pub const EVIDENCE_BYTES_MAX: usize = 32 * 1024;
/// The label by which all remediations of one (lineage, check) are found; its value is what their
/// names have in common (see [`key_hash`]).
pub const KEY_LABEL: &str = "seaworthy.dev/key";

/// One trouble taken up: one object per (lineage, check, episode).
#[derive(CustomResource, Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[kube(
    group = "seaworthy.dev",
    version = "v1alpha1",
    kind = "Remediation",
    plural = "remediations",
    shortname = "rem",
    category = "seaworthy",
    status = "RemediationStatus",
    printcolumn = r#"{"name":"Lineage","type":"string","jsonPath":".spec.lineage"}"#,
    printcolumn = r#"{"name":"Check","type":"string","jsonPath":".spec.check"}"#,
    printcolumn = r#"{"name":"Phase","type":"string","jsonPath":".status.phase"}"#,
    printcolumn = r#"{"name":"Step","type":"string","jsonPath":".status.action"}"#,
    printcolumn = r#"{"name":"Rule","type":"string","jsonPath":".status.decision.rule"}"#,
    printcolumn = r#"{"name":"Age","type":"date","jsonPath":".metadata.creationTimestamp"}"#,
    doc = "One trouble that Seaworthy's healer took up: what was planned, decided, done, and how it ended."
)]
#[serde(rename_all = "camelCase")]
pub struct RemediationSpec {
    /// The cluster, as the monitor names it.
    pub cluster: String,
    /// Whose trouble.
    pub lineage: Lineage,
    /// The check that found it, and that will say whether it is over.
    pub check: String,
    /// The lineage's own object.
    pub subject: ObjectRef,
    /// Since when the issue was open when it was taken up: with lineage and check, the episode.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub since: Timestamp,
    /// How bad it was.
    pub severity: Severity,
    /// The policy that matched.
    pub policy: String,
    /// The policy's mode when it matched.
    pub mode: Mode,
    /// The ladder when it matched: later changes of the policy make a new remediation.
    pub steps: Vec<Step>,
    /// A hash of policy, mode, steps and bounds: what an approval approves.
    pub plan_hash: String,
    /// How long the lineage must be healthy for success, in seconds.
    pub healthy_for_s: u64,
    /// How long an approval is waited for, in seconds.
    #[serde(default)]
    pub approval_timeout_s: u64,
    /// The most attempts per lineage within the healer's window, where the policy narrows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attempts_max: Option<u32>,
    /// Whether the policy names the loss of pods that no controller replaces.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub accept_loss_of_bare_pods: bool,
    /// The only part of the spec that may change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approval: Option<Approval>,
}

/// A person's word on a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Approval {
    /// Who; an admission policy enforces that it is the requesting user.
    pub by: String,
    /// Which plan; another plan is not approved by it.
    pub plan_hash: String,
    /// Yes or no.
    pub verdict: ApprovalVerdict,
    /// Until when it counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub expires: Option<Timestamp>,
}

/// Yes or no.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum ApprovalVerdict {
    /// Do it.
    Approved,
    /// Do not.
    Rejected,
}

/// Where a remediation stands.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
pub enum Phase {
    /// Taken up; nothing decided yet.
    #[default]
    Pending,
    /// Waits for a person's approval.
    AwaitingApproval,
    /// A rule says not now; it is looked at again at `decision.until`.
    Deferred,
    /// An attempt is open: its intent is written, its effect may be on the way.
    Acting,
    /// The effect happened; the lineage is watched until it is healthy or the step times out.
    Verifying,
    /// Over: the lineage is healthy by the check that found it.
    Succeeded,
    /// Over: the trouble went away before anything was done, or without our doing.
    Cleared,
    /// Over: mode Observe; the plan is recorded, nothing was done.
    Observed,
    /// Over: a rule says never, for this episode.
    Denied,
    /// Over: a person said no, or nobody answered in time.
    Rejected,
    /// Over: the ladder is exhausted or the cap reached; a person has been told.
    Escalated,
    /// Over: the lineage is gone, or the policy was changed or removed.
    Cancelled,
}

impl Phase {
    /// Every phase, in the order in which a remediation may come to them.
    pub const ALL: [Self; 12] = [
        Self::Pending,
        Self::AwaitingApproval,
        Self::Deferred,
        Self::Acting,
        Self::Verifying,
        Self::Succeeded,
        Self::Cleared,
        Self::Observed,
        Self::Denied,
        Self::Rejected,
        Self::Escalated,
        Self::Cancelled,
    ];

    /// Whether nothing more will happen under this remediation.
    pub const fn is_over(self) -> bool {
        !matches!(
            self,
            Self::Pending | Self::AwaitingApproval | Self::Deferred | Self::Acting | Self::Verifying
        )
    }

    /// The text used in resources, metrics and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "Pending",
            Self::AwaitingApproval => "AwaitingApproval",
            Self::Deferred => "Deferred",
            Self::Acting => "Acting",
            Self::Verifying => "Verifying",
            Self::Succeeded => "Succeeded",
            Self::Cleared => "Cleared",
            Self::Observed => "Observed",
            Self::Denied => "Denied",
            Self::Rejected => "Rejected",
            Self::Escalated => "Escalated",
            Self::Cancelled => "Cancelled",
        }
    }
}

/// What the healer recorded.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RemediationStatus {
    /// Where it stands.
    #[serde(default)]
    pub phase: Phase,
    /// In plain words: why it stands there.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// The action of the current or last step.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub action: Option<ActionName>,
    /// The epoch of the leader that wrote last; a leader with a lower one must not write.
    #[serde(default)]
    pub epoch: u64,
    /// Number of transitions so far; with the name, the idempotency key of what is told about them.
    #[serde(default)]
    pub transitions: u64,
    /// The governor's last word.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Decision>,
    /// Everything that was tried, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// What was kept before anything was changed. No tenant's logs: whoever may read this reads all.
    #[serde(default, skip_serializing_if = "Evidence::is_empty")]
    pub evidence: Evidence,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub ended: Option<Timestamp>,
    /// When the trouble was seen to be over although this was given up; until then, and for an hour
    /// at most, what it took away counts as away.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub recovered: Option<Timestamp>,
    /// Number of the last transition the alerter has accepted.
    #[serde(default)]
    pub told: u64,
}

/// The governor's word on a request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Decision {
    /// What it is.
    pub verdict: Verdict,
    /// The rule that decided; empty for an admission.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub rule: String,
    /// Why, with the figures it rests on.
    pub reason: String,
    /// When it will be looked at again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub until: Option<Timestamp>,
    /// When it was decided.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub at: Timestamp,
}

/// Kinds of decisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub enum Verdict {
    /// Do it now.
    Admit,
    /// Not now.
    Defer,
    /// Not in this episode.
    Deny,
}

/// One attempt at one step. It is written before its first effect and counts from then on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Attempt {
    /// Index of the step in the ladder.
    pub step: u32,
    /// Number of the attempt within the remediation, from 1.
    pub number: u32,
    /// What is done.
    pub action: ActionName,
    /// What it is done to: the pod, the workload or the node.
    pub target: ObjectRef,
    /// Epoch of the leader that wrote it.
    pub epoch: u64,
    /// When the intent was written.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub intended: Timestamp,
    /// No request of this attempt that was sent so far can land after this moment.
    #[schemars(with = "String", extend("format" = "date-time"))]
    pub lands_until: Timestamp,
    /// The effects, one after the other, fixed when the intent was written. Most attempts have
    /// one; a drain has one for each pod; what changes nothing has none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub parts: Vec<Part>,
    /// How it ended, as far as is known.
    pub result: AttemptResult,
    /// The server's answer, or what was observed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
    /// When the effect was known to have happened, or not to have.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub observed: Option<Timestamp>,
    /// When the attempt was closed: verified, failed, or given up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub closed: Option<Timestamp>,
}

/// One effect on one object: what is sent at most once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Part {
    /// The object, with the UID that is the effect's precondition.
    pub target: ObjectRef,
    /// The node it is on, where it is on one: a zone's disruptions are counted by it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub node: String,
    /// Whose pod it is, where that is not the remediation's own lineage.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<Lineage>,
    /// How many pods it takes away at once, where that may be more than one: a restart, as the
    /// workload's strategy has it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pods: Option<u32>,
    /// Where it stands.
    pub state: PartState,
    /// When its own intent was written; absent while it is only planned.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    pub opened: Option<Timestamp>,
    /// How many pods of the owner are ready when it has recovered: as many as just before, and one
    /// more in the place of a pod that was taken because it served nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ready_after: Option<u32>,
    /// The server's answer, or what was observed.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub detail: String,
}

/// Where one effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub enum PartState {
    /// Listed when the attempt began; not sent.
    Planned,
    /// Its intent is written; whether it was sent or has landed is not yet known.
    Open,
    /// It happened; what it disrupted has not recovered yet.
    Happened,
    /// The same, but it may have been somebody else's doing.
    HappenedMaybeNotOurs,
    /// It happened, and what it disrupted has recovered.
    Settled,
    /// The server refused, finally for this attempt.
    Refused,
    /// It did not happen, and no request for it can land any more.
    NotHappened,
    /// It was not needed any more, or no longer allowed, when its turn came; nothing was sent.
    Skipped,
}

impl PartState {
    /// Whether the effect is known to have happened.
    pub const fn happened(self) -> bool {
        matches!(self, Self::Happened | Self::HappenedMaybeNotOurs | Self::Settled)
    }

    /// Whether something is, or may be, disrupted by it at this moment.
    pub const fn disrupts(self) -> bool {
        matches!(self, Self::Open | Self::Happened | Self::HappenedMaybeNotOurs)
    }
}

/// What is known about an attempt's effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
pub enum AttemptResult {
    /// The intent is written; whether the effect was sent or landed is not yet known.
    Open,
    /// The server refused, finally for this attempt (a PDB's answer, a failed precondition).
    Refused,
    /// The effect is seen in the cluster.
    Happened,
    /// The effect is seen in the cluster, but may have been somebody else's.
    HappenedMaybeNotOurs,
    /// The effect did not happen, and no request of this attempt can land any more.
    NotHappened,
    /// It happened and helped: the lineage is healthy.
    Helped,
    /// It happened, and the lineage did not become healthy in time.
    DidNotHelp,
}

impl Attempt {
    /// Whether it is not closed yet.
    pub const fn is_open(&self) -> bool {
        self.closed.is_none()
    }

    /// Whether its effect is known to have happened, in part at least.
    pub fn happened(&self) -> bool {
        self.parts.iter().any(|part| part.state.happened())
    }
}

impl RemediationStatus {
    /// The attempt that is not closed yet; there is at most one.
    pub fn open_attempt(&self) -> Option<&Attempt> {
        self.attempts.last().filter(|attempt| attempt.is_open())
    }

    /// What a rule said last, as long as that is why it stands where it does: a question that was answered, and a trouble
    /// that another one explains by now, wait for no rule any more.
    pub fn standing_decision(&self) -> Option<&Decision> {
        let is_past = match self.phase {
            Phase::Rejected => true,
            Phase::Pending => !self.tells_decision(),
            _ => false,
        };
        self.decision.as_ref().filter(|_| !is_past)
    }

    /// Whether the message is what a rule said.
    pub fn tells_decision(&self) -> bool {
        self.decision.as_ref().is_some_and(|decision| self.message.contains(&decision.reason))
    }
}

impl RemediationSpec {
    /// The issue it is for.
    pub fn key(&self) -> Key {
        Key { lineage: self.lineage.clone(), code: self.check.clone() }
    }
}

/// The mark that an attempt leaves on what it changes in place: `<remediation>/<attempt>`.
pub fn attempt_id(remediation: &str, attempt: u32) -> String {
    format!("{remediation}/{attempt}")
}

/// The name of a remediation: `r-<hash of lineage and check>-<n>`.
pub fn name(key: &Key, n: u64) -> String {
    format!("{}{n}", name_prefix(key))
}

/// What the names of all remediations of one (lineage, check) begin with.
pub fn name_prefix(key: &Key) -> String {
    format!("r-{}-", key_hash(key))
}

/// The hash that stands for a (lineage, check) in names and in the label [`KEY_LABEL`].
pub fn key_hash(key: &Key) -> String {
    let digest = Sha256::digest(format!("{}\n{}", key.lineage, key.code));
    // 64 bits: a collision among a million lineages has a chance of about 3 in 10^8, and would
    // be noticed, because the spec names both.
    hex::encode(&digest[..8])
}

/// The number in a remediation's name, if the name is one of this (lineage, check).
pub fn number(key: &Key, name: &str) -> Option<u64> {
    name.strip_prefix(&name_prefix(key))?.parse().ok()
}

/// The hash of a plan: what an approval approves, and by which it is known that a policy says
/// something else now. All that says how far it may go is in it.
pub fn plan_hash(policy: &str, spec: &HealingPolicySpec) -> String {
    let HealingPolicySpec { mode, steps, attempts_max, accept_loss_of_bare_pods, .. } = spec;
    let text = serde_json::to_string(&(policy, mode, steps, attempts_max, accept_loss_of_bare_pods))
        .expect("a plan is plain data");
    hex::encode(&Sha256::digest(text)[..8])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_valid_stable_and_tell_their_number() {
        let key = Key { lineage: "Deployment/shop/web".parse().unwrap(), code: "PodOOMKilled".into() };
        let first = name(&key, 1);
        assert_eq!(first, name(&key, 1));
        assert!(first.len() <= 63 && first.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-'));
        assert_eq!(number(&key, &name(&key, 12)), Some(12));
        let other = Key { code: "PodRunningNotReady".into(), ..key.clone() };
        assert_eq!(number(&other, &first), None);
    }
}

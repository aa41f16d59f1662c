//! How much, how often and how long: the figures that the governor's rules work with.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Amount, Invalid};
use crate::DurationText;

/// How much may be disrupted at once and per hour. What others hold down counts too.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Budgets {
    /// Nodes that are quarantined or drained.
    pub nodes: NodeBudget,
    /// Pods that are evicted or restarted.
    pub pods: PodBudget,
}

/// Nodes at once, of all nodes and of the zone's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct NodeBudget {
    /// Of the cluster.
    pub cluster: Amount,
    /// Of one zone.
    pub zone: Amount,
    /// In any sixty minutes.
    pub per_hour: u32,
}

impl Default for NodeBudget {
    fn default() -> Self {
        // A tenth is what cluster autoscalers and managed node pools replace at once by default.
        Self { cluster: Amount::Percent(10), zone: Amount::Percent(20), per_hour: 10 }
    }
}

/// Pods at once.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct PodBudget {
    /// In the cluster, a number.
    pub cluster: u32,
    /// On the nodes of one zone, a number.
    pub zone: u32,
    /// In one namespace, a number.
    pub namespace: u32,
    /// Of one workload's replicas.
    pub owner: Amount,
    /// In any sixty minutes.
    pub per_hour: u32,
}

impl Default for PodBudget {
    fn default() -> Self {
        // A quarter is what a Deployment's own rolling update takes down at once by default.
        Self { cluster: 10, zone: 5, namespace: 3, owner: Amount::Percent(25), per_hour: 60 }
    }
}

impl Budgets {
    pub(super) fn validate(&self) -> Vec<Invalid> {
        let why = "allows nothing, which mode Observe says better: write at least 1";
        [
            ("budgets.nodes.cluster", self.nodes.cluster.is_nothing()),
            ("budgets.nodes.zone", self.nodes.zone.is_nothing()),
            ("budgets.nodes.perHour", self.nodes.per_hour == 0),
            ("budgets.pods.cluster", self.pods.cluster == 0),
            ("budgets.pods.zone", self.pods.zone == 0),
            ("budgets.pods.namespace", self.pods.namespace == 0),
            ("budgets.pods.owner", self.pods.owner.is_nothing()),
            ("budgets.pods.perHour", self.pods.per_hour == 0),
        ]
        .into_iter()
        .filter(|(_, is_nothing)| *is_nothing)
        .map(|(key, _)| Invalid { key, reason: why.to_owned() })
        .collect()
    }
}

/// When many failures at once are taken for one, and everything but recovery is held.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Correlated {
    /// The share of unhealthy nodes from which on everything is held. One node alone is never a
    /// correlated failure.
    pub unhealthy_share: Amount,
    /// How long a node must have been in trouble before anything is done to it, so that those
    /// that fell together are all known by then.
    pub settle: DurationText,
    /// How long the share must have been below the threshold before anything is done again.
    pub calm: DurationText,
}

impl Default for Correlated {
    fn default() -> Self {
        Self {
            unhealthy_share: Amount::Percent(30),
            // Kubelets renew their leases every 10 s: those that stop together are seen to lapse
            // within that, and the reports take a moment more.
            settle: DurationText::from_secs(15),
            calm: DurationText::from_secs(60),
        }
    }
}

impl Correlated {
    pub(super) fn validate(&self) -> Vec<Invalid> {
        let mut wrong = Vec::new();
        if !matches!(self.unhealthy_share, Amount::Percent(1..=100)) {
            let reason = "is to be a percentage from 1% to 100%".to_owned();
            wrong.push(Invalid { key: "correlated.unhealthyShare", reason });
        }
        wrong
    }
}

/// How often something is tried before a person is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Attempts {
    /// The most attempts per lineage within the window, over all its remediations.
    pub per_lineage: u32,
    /// The window that attempts are counted in.
    pub window: DurationText,
    /// The wait after the first attempt; it doubles with every further one.
    pub back_off: DurationText,
    /// The longest wait.
    pub back_off_max: DurationText,
    /// How soon after a repair the same trouble counts as not repaired: the ladder goes on from
    /// where it was, instead of from its first step.
    pub recurrence: DurationText,
}

impl Default for Attempts {
    fn default() -> Self {
        Self {
            per_lineage: 5,
            window: DurationText::from_secs(6 * 3600),
            back_off: DurationText::from_secs(30),
            back_off_max: DurationText::from_secs(3600),
            recurrence: DurationText::from_secs(900),
        }
    }
}

impl Attempts {
    pub(super) fn validate(&self) -> Vec<Invalid> {
        let mut wrong = Vec::new();
        // A remediation lists at most 64 attempts: the cap has to bite well before.
        if self.per_lineage == 0 || self.per_lineage > 32 {
            let reason = "is to be between 1 and 32".to_owned();
            wrong.push(Invalid { key: "attempts.perLineage", reason });
        }
        if self.window.0.as_secs() < 60 {
            let reason = "is to be at least 1m: a shorter one forgets attempts before they end".to_owned();
            wrong.push(Invalid { key: "attempts.window", reason });
        }
        if self.back_off.0.is_zero() || self.back_off > self.back_off_max {
            let reason = "is to be more than zero and at most attempts.backOffMax".to_owned();
            wrong.push(Invalid { key: "attempts.backOff", reason });
        }
        wrong
    }
}

/// How long things may take.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Timeouts {
    /// One request to the API server.
    pub request: DurationText,
    /// What is added to a request's deadline before it is believed that it cannot land any more.
    pub landing_margin: DurationText,
    /// How old a watch's last sign of life may be.
    pub watch_silence: DurationText,
    /// How long what a part of an attempt disrupted may take to recover before the next part.
    pub settle: DurationText,
    /// How long the alerter is asked to hold a page at most.
    pub hold: DurationText,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            request: DurationText::from_secs(5),
            // The API server gives up on a request whose client is gone within its own queues'
            // wait; 10 s covers that and a slow etcd.
            landing_margin: DurationText::from_secs(10),
            // Bookmarks come about once a minute.
            watch_silence: DurationText::from_secs(150),
            settle: DurationText::from_secs(120),
            hold: DurationText::from_secs(900),
        }
    }
}

impl Timeouts {
    pub(super) fn validate(&self) -> Vec<Invalid> {
        let mut wrong = Vec::new();
        if self.request.0.as_millis() < 100 {
            wrong.push(Invalid { key: "timeouts.request", reason: "is to be at least 100ms".to_owned() });
        }
        if self.landing_margin.0.as_secs() < 1 {
            let reason = "is to be at least 1s: networks deliver late".to_owned();
            wrong.push(Invalid { key: "timeouts.landingMargin", reason });
        }
        if self.watch_silence.0.as_secs() < 5 {
            let reason = "is to be at least 5s".to_owned();
            wrong.push(Invalid { key: "timeouts.watchSilence", reason });
        }
        wrong
    }
}

//! The thresholds of the built-in checks. Every check can be switched off, has a severity and a
//! time for which it must be healthy before its issue ends; what else there is depends on it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Invalid;
use crate::{DurationText, Severity};

/// Longest threshold accepted: what is wrong for longer than a month without being told is not
/// being watched.
const DURATION_MAX: DurationText = DurationText::from_secs(31 * 24 * 3600);

/// Shortest silence after which a node may count as unreachable. Kubelets renew their lease every
/// ten seconds: one renewal may be late.
const SILENCE_MIN: DurationText = DurationText::from_secs(15);

/// What every check has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Common {
    /// Whether it runs.
    pub enabled: bool,
    /// How bad its issues are.
    pub severity: Severity,
    /// For how long it must be healthy before its issue ends.
    pub healthy_for: DurationText,
}

/// Defines the settings of all checks: a struct for each, and one that holds them by code.
macro_rules! checks {
    ($(
        #[doc = $doc:literal]
        $name:ident, $field:ident, $code:literal {
            severity: $severity:ident,
            healthy_for: $healthy_for:literal s,
            $($(#[doc = $own_doc:literal])+ $own:ident: $own_type:ty = $value:expr,)*
        }
    )*) => {
        $(
            #[doc = $doc]
            #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
            #[serde(rename_all = "camelCase", deny_unknown_fields, default)]
            pub struct $name {
                /// Whether the check runs.
                pub enabled: bool,
                /// How bad its issues are.
                pub severity: Severity,
                /// For how long it must be healthy before its issue ends.
                pub healthy_for: DurationText,
                $($(#[doc = $own_doc])+ pub $own: $own_type,)*
            }

            impl Default for $name {
                fn default() -> Self {
                    Self {
                        enabled: true,
                        severity: Severity::$severity,
                        healthy_for: DurationText::from_secs($healthy_for),
                        $($own: $value,)*
                    }
                }
            }
        )*

        /// The settings of the built-in checks, by code.
        #[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
        #[serde(deny_unknown_fields, default)]
        pub struct Checks {
            $(#[doc = $doc] #[serde(rename = $code)] pub $field: $name,)*
        }

        impl Checks {
            /// What every check has, for the check with this code.
            pub fn get(&self, code: &str) -> Option<Common> {
                match code {
                    $($code => Some(Common {
                        enabled: self.$field.enabled,
                        severity: self.$field.severity,
                        healthy_for: self.$field.healthy_for,
                    }),)*
                    _ => None,
                }
            }
        }
    };
}

checks! {
    /// The kubelet says that its node is not ready.
    NodeNotReady, node_not_ready, "NodeNotReady" {
        severity: Critical,
        healthy_for: 30 s,
        /// How long it must last. The default lets a runtime restart pass.
        r#for: DurationText = DurationText::from_secs(30),
        /// How long a new node may take to become ready for the first time: networking and
        /// storage plugins have to arrive.
        startup_for: DurationText = DurationText::from_secs(300),
    }
    /// Nobody has heard from a node's kubelet.
    NodeUnreachable, node_unreachable, "NodeUnreachable" {
        severity: Critical,
        healthy_for: 30 s,
        /// How long its lease may go without renewal. The default is the duration that kubelets
        /// write into their leases: three renewals missed and one on its way.
        after: DurationText = DurationText::from_secs(40),
        /// How far a node's clock may be off. Only the age of a lease that was never seen to be
        /// renewed is judged by the node's clock.
        clock_skew: DurationText = DurationText::from_secs(60),
    }
    /// A kubelet reports memory pressure.
    NodeMemoryPressure, node_memory_pressure, "NodeMemoryPressure" {
        severity: Warning,
        healthy_for: 60 s,
        /// How long it must last.
        r#for: DurationText = DurationText::from_secs(30),
    }
    /// A kubelet reports disk pressure.
    NodeDiskPressure, node_disk_pressure, "NodeDiskPressure" {
        severity: Warning,
        healthy_for: 60 s,
        /// How long it must last.
        r#for: DurationText = DurationText::from_secs(30),
    }
    /// A container keeps exiting.
    PodCrashLoopBackOff, pod_crash_loop_back_off, "PodCrashLoopBackOff" {
        severity: Warning,
        healthy_for: 30 s,
        /// From how many restarts on. The default lets a container fail while what it needs
        /// comes up, and is reached about a minute after the first exit.
        restarts: u32 = 3,
        /// How long it must run after its last exit before it is over.
        stable_for: DurationText = DurationText::from_secs(120),
    }
    /// A container was killed for exceeding its memory limit.
    PodOOMKilled, pod_oom_killed, "PodOOMKilled" {
        severity: Warning,
        // A pod that comes in the place of one that was killed takes a while to need as much.
        healthy_for: 30 s,
        /// For how long a kill counts, also when the container runs again.
        window: DurationText = DurationText::from_secs(600),
    }
    /// An image cannot be pulled.
    PodImagePullBackOff, pod_image_pull_back_off, "PodImagePullBackOff" {
        severity: Warning,
        healthy_for: 15 s,
        /// How long after the pod got its node a failing pull is still let pass.
        r#for: DurationText = DurationText::from_secs(10),
    }
    /// The scheduler finds no node for a pod.
    PodUnschedulable, pod_unschedulable, "PodUnschedulable" {
        severity: Warning,
        healthy_for: 15 s,
        /// How long it must last. The default leaves an autoscaler the time to decide.
        r#for: DurationText = DurationText::from_secs(60),
    }
    /// A pod is still there after its deletion's grace period.
    PodStuckTerminating, pod_stuck_terminating, "PodStuckTerminating" {
        severity: Warning,
        healthy_for: 0 s,
        /// How long after the grace period.
        r#for: DurationText = DurationText::from_secs(60),
    }
    /// A pod's containers run, and it is not ready.
    PodRunningNotReady, pod_running_not_ready, "PodRunningNotReady" {
        severity: Warning,
        healthy_for: 30 s,
        /// How long it must last for a pod that lost its readiness while its containers ran.
        r#for: DurationText = DurationText::from_secs(30),
        /// How long a pod whose containers were started may take to become ready.
        startup_for: DurationText = DurationText::from_secs(600),
    }
    /// A Deployment exceeded its progress deadline.
    WorkloadRolloutStuck, workload_rollout_stuck, "WorkloadRolloutStuck" {
        severity: Warning,
        healthy_for: 15 s,
        /// How long after its deadline.
        r#for: DurationText = DurationText::from_secs(0),
    }
    /// A Service with a selector has no ready endpoint.
    ServiceNoReadyEndpoints, service_no_ready_endpoints, "ServiceNoReadyEndpoints" {
        severity: Critical,
        healthy_for: 15 s,
        /// How long it must last, from when the monitor first saw it.
        r#for: DurationText = DurationText::from_secs(30),
    }
}

impl Checks {
    /// Everything that is wrong with the thresholds.
    pub(super) fn validate(&self) -> Vec<Invalid> {
        let mut wrong = Vec::new();
        for code in crate::codes::ALL {
            if let Some(common) = self.get(code) {
                at_most(&mut wrong, code, "healthyFor", common.healthy_for);
            }
        }
        for (code, key, value) in self.durations() {
            at_most(&mut wrong, code, key, value);
        }
        if self.node_unreachable.after < SILENCE_MIN {
            wrong.push(Invalid::new(
                "checks.NodeUnreachable.after",
                format!(
                    "is to be at least {SILENCE_MIN}: kubelets renew every 10s, and one renewal may be late"
                ),
            ));
        }
        if self.pod_crash_loop_back_off.restarts == 0 {
            wrong.push(Invalid::new("checks.PodCrashLoopBackOff.restarts", "is to be at least 1"));
        }
        if self.pod_oom_killed.window.0.is_zero() {
            wrong.push(Invalid::new(
                "checks.PodOOMKilled.window",
                "is zero, so that no kill would ever count: use `enabled: false` to switch the check off",
            ));
        }
        wrong
    }

    fn durations(&self) -> [(&'static str, &'static str, DurationText); 15] {
        [
            ("NodeNotReady", "for", self.node_not_ready.r#for),
            ("NodeNotReady", "startupFor", self.node_not_ready.startup_for),
            ("NodeUnreachable", "after", self.node_unreachable.after),
            ("NodeUnreachable", "clockSkew", self.node_unreachable.clock_skew),
            ("NodeMemoryPressure", "for", self.node_memory_pressure.r#for),
            ("NodeDiskPressure", "for", self.node_disk_pressure.r#for),
            ("PodCrashLoopBackOff", "stableFor", self.pod_crash_loop_back_off.stable_for),
            ("PodOOMKilled", "window", self.pod_oom_killed.window),
            ("PodImagePullBackOff", "for", self.pod_image_pull_back_off.r#for),
            ("PodUnschedulable", "for", self.pod_unschedulable.r#for),
            ("PodStuckTerminating", "for", self.pod_stuck_terminating.r#for),
            ("PodRunningNotReady", "for", self.pod_running_not_ready.r#for),
            ("PodRunningNotReady", "startupFor", self.pod_running_not_ready.startup_for),
            ("WorkloadRolloutStuck", "for", self.workload_rollout_stuck.r#for),
            ("ServiceNoReadyEndpoints", "for", self.service_no_ready_endpoints.r#for),
        ]
    }
}

fn at_most(wrong: &mut Vec<Invalid>, code: &str, key: &str, value: DurationText) {
    if value > DURATION_MAX {
        wrong.push(Invalid::new(format!("checks.{code}.{key}"), format!("is to be at most {DURATION_MAX}")));
    }
}

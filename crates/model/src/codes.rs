//! The stable codes of the built-in checks: the `alertname` of their alerts, the key of their
//! thresholds in the configuration, and what policies select by.

/// The node's kubelet says it is not ready.
pub const NODE_NOT_READY: &str = "NodeNotReady";
/// The node's lease lapsed: nobody has heard from its kubelet.
pub const NODE_UNREACHABLE: &str = "NodeUnreachable";
/// The kubelet reports memory pressure.
pub const NODE_MEMORY_PRESSURE: &str = "NodeMemoryPressure";
/// The kubelet reports disk pressure.
pub const NODE_DISK_PRESSURE: &str = "NodeDiskPressure";
/// A container keeps exiting and is restarted with back-off.
pub const POD_CRASH_LOOP_BACK_OFF: &str = "PodCrashLoopBackOff";
/// A container was killed for exceeding its memory limit.
pub const POD_OOM_KILLED: &str = "PodOOMKilled";
/// An image cannot be pulled.
pub const POD_IMAGE_PULL_BACK_OFF: &str = "PodImagePullBackOff";
/// The scheduler finds no node for a pod.
pub const POD_UNSCHEDULABLE: &str = "PodUnschedulable";
/// A pod is past its deletion's grace period and still there.
pub const POD_STUCK_TERMINATING: &str = "PodStuckTerminating";
/// A pod runs but does not become (or stay) ready.
pub const POD_RUNNING_NOT_READY: &str = "PodRunningNotReady";
/// A Deployment exceeded its progress deadline.
pub const WORKLOAD_ROLLOUT_STUCK: &str = "WorkloadRolloutStuck";
/// A Service with a selector has no ready endpoint.
pub const SERVICE_NO_READY_ENDPOINTS: &str = "ServiceNoReadyEndpoints";

/// Every built-in code, in the order of the catalog.
pub const ALL: [&str; 12] = [
    NODE_NOT_READY,
    NODE_UNREACHABLE,
    NODE_MEMORY_PRESSURE,
    NODE_DISK_PRESSURE,
    POD_CRASH_LOOP_BACK_OFF,
    POD_OOM_KILLED,
    POD_IMAGE_PULL_BACK_OFF,
    POD_UNSCHEDULABLE,
    POD_STUCK_TERMINATING,
    POD_RUNNING_NOT_READY,
    WORKLOAD_ROLLOUT_STUCK,
    SERVICE_NO_READY_ENDPOINTS,
];

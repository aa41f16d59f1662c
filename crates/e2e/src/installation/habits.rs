//! How the services behave in scenarios, wherever they run: thresholds and waits that a cluster's owner
//! would not choose, so that a suite does not wait.

use serde_json::{Value, json};

use super::{HOOK, Options};

/// What stands for the receiver's address in [`Options`]: it is not known before it listens.
pub(crate) const RECEIVER: &str = "$RECEIVER";
pub(super) const API_VERSION: &str = "config.seaworthy.dev/v1alpha1";

/// The part of each configuration file that is not about addresses.
pub(crate) struct Habits {
    pub(crate) monitor: Value,
    pub(crate) healer: Value,
    pub(crate) alerter: Value,
    pub(crate) alertmanager: Value,
}

/// What is usual, with what an installation wants otherwise.
pub(crate) fn of(options: &Options) -> Habits {
    let with = |mut usual: Value, changes: &Value| {
        merge(&mut usual, changes);
        usual
    };
    Habits {
        monitor: with(monitor(), &options.monitor),
        healer: with(healer(), &options.healer),
        alerter: with(alerter(), &options.alerter),
        alertmanager: with(alertmanager(), &options.alertmanager),
    }
}

fn monitor() -> Value {
    json!({
        "checks": {
            "NodeNotReady": {"for": "2s", "startupFor": "0s", "healthyFor": "2s"},
            "NodeDiskPressure": {"for": "2s", "healthyFor": "2s"},
            "NodeMemoryPressure": {"for": "2s", "healthyFor": "2s"},
            "NodeUnreachable": {"after": "15s", "healthyFor": "2s"},
            "PodCrashLoopBackOff": {"restarts": 1, "stableFor": "10s", "healthyFor": "2s"},
            "PodImagePullBackOff": {"for": "10s", "healthyFor": "2s"},
            // Longer than a busy machine takes to end a container.
            "PodStuckTerminating": {"for": "10s"},
            "PodRunningNotReady": {"for": "0s", "startupFor": "10s", "healthyFor": "2s"},
            "PodUnschedulable": {"for": "2s", "healthyFor": "2s"},
            "WorkloadRolloutStuck": {"healthyFor": "2s"},
            "ServiceNoReadyEndpoints": {"for": "2s", "healthyFor": "2s"},
        },
    })
}

fn healer() -> Value {
    json!({
        "healthyFor": "2s",
        // Scenarios run side by side, and each counts only its own disruptions.
        "budgets": {
            "nodes": {"cluster": 1, "zone": 1},
            "pods": {"cluster": 20, "zone": 20, "namespace": 3, "owner": "100%", "perHour": 500},
        },
        "attempts": {"backOff": "1s", "backOffMax": "2s"},
        "correlated": {"settle": "2s", "calm": "5s"},
        "timeouts": {"request": "2s", "landingMargin": "2s", "settle": "20s"},
        "retention": {"perLineage": 1},
    })
}

fn alerter() -> Value {
    json!({
        "holds": {"preHold": "5s", "grace": "20s"},
        "delivery": {"timeout": "10s", "retryMin": "200ms", "retryMax": "1s"},
    })
}

/// One group per issue, told at once, and not again while the suite runs.
fn alertmanager() -> Value {
    json!({
        "route": {
            "receiver": "hook",
            "group_by": ["cluster", "lineage", "check"],
            "group_wait": "1s",
            "group_interval": "2s",
            "repeat_interval": "4h",
        },
        "receivers": [{
            "name": "hook",
            "webhook_configs": [{"url": format!("{RECEIVER}{HOOK}"), "send_resolved": true}],
        }],
    })
}

/// Objects are merged key by key; everything else is replaced.
pub(crate) fn merge(into: &mut Value, changes: &Value) {
    match (into, changes) {
        (_, Value::Null) => {}
        (Value::Object(into), Value::Object(changes)) => {
            for (key, change) in changes {
                merge(into.entry(key).or_insert(Value::Null), change);
            }
        }
        (into, change) => *into = change.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_merged_deeply() {
        let mut config = json!({"a": {"b": 1, "c": 2}, "d": [1, 2]});
        merge(&mut config, &json!({"a": {"b": 3}, "d": [4], "e": "new"}));
        assert_eq!(config, json!({"a": {"b": 3, "c": 2}, "d": [4], "e": "new"}));
        merge(&mut config, &Value::Null);
        assert_eq!(config["a"]["b"], 3);
    }
}

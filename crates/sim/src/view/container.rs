//! A container, as its pod's spec has it.

use compact_str::CompactString;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Value};

use super::quantity::Resources;

/// A container.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Container {
    /// Its name.
    pub name: CompactString,
    /// What it runs.
    pub image: CompactString,
    /// What it asks for; its limits, where it asks for nothing.
    #[serde(rename = "resources", deserialize_with = "requests")]
    pub requests: Resources,
    /// When it takes requests.
    pub readiness_probe: Option<Probe>,
    /// When it is to be restarted.
    pub liveness_probe: Option<Probe>,
}

/// How often it is asked, and how many answers it takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Probe {
    /// Seconds before the first question.
    pub initial_delay_seconds: u64,
    /// Seconds between questions.
    pub period_seconds: u64,
    /// Failures in a row that count.
    pub failure_threshold: u64,
    /// Successes in a row that count.
    pub success_threshold: u64,
}

impl Default for Probe {
    /// The API's defaults.
    fn default() -> Self {
        Self { initial_delay_seconds: 0, period_seconds: 10, failure_threshold: 3, success_threshold: 1 }
    }
}

fn requests<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Resources, D::Error> {
    #[derive(Default, Deserialize)]
    struct Raw {
        #[serde(default)]
        requests: Option<Map<String, Value>>,
        #[serde(default)]
        limits: Option<Map<String, Value>>,
    }
    let raw = Option::<Raw>::deserialize(deserializer)?.unwrap_or_default();
    let mut asked = raw.limits.unwrap_or_default();
    asked.extend(raw.requests.unwrap_or_default());
    Ok(Resources { pods: 0, ..Resources::of(Some(&asked)) })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn requests_default_to_limits() {
        let read = Container::deserialize(json!({
            "name": "main", "resources": {"limits": {"memory": "1Gi"}, "requests": {"cpu": "100m"}},
            "readinessProbe": {"periodSeconds": 1, "exec": {}},
        }))
        .unwrap();
        assert_eq!((read.requests.cpu_milli, read.requests.memory_bytes), (100, 1 << 30));
        let probe = read.readiness_probe.unwrap();
        assert_eq!((probe.period_seconds, probe.failure_threshold), (1, 3));
    }
}

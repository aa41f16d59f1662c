//! From what was changed and when, to how long it took until the issue was known.

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

/// What the load makes of pods.
const CRASH: &str = "PodCrashLoopBackOff";

/// Times from a change to what follows from it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Latencies {
    pub(super) count: usize,
    pub(super) p50: Duration,
    pub(super) p99: Duration,
    pub(super) worst: Duration,
}

impl Latencies {
    fn new(mut all: Vec<Duration>) -> Self {
        all.sort_unstable();
        // The index of a share of a list: what is cut off is less than one place.
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "shares lie between 0 and 1"
        )]
        let at = |share: f64| {
            let place = (all.len().saturating_sub(1) as f64 * share) as usize;
            all.get(place).copied().unwrap_or_default()
        };
        Self { count: all.len(), p50: at(0.5), p99: at(0.99), worst: at(1.0) }
    }
}

/// How long it took from the first change of each Deployment's pods until the monitor's log named an issue of it.
/// `changes` is the log of the load, `log` that of the monitor, both one JSON object a line.
pub(super) fn until_logged(changes: &Path, log: &Path) -> Result<Latencies> {
    let mut first_change: BTreeMap<String, Timestamp> = BTreeMap::new();
    for change in lines(changes)? {
        let (Some(namespace), Some(pod)) = (change["namespace"].as_str(), change["name"].as_str()) else {
            continue;
        };
        let at = Timestamp::from_nanosecond(change["at"].as_i64().unwrap_or_default().into())?;
        let Some(deployment) = pod.rsplitn(3, '-').nth(2) else { continue };
        let first = first_change.entry(format!("Deployment/{namespace}/{deployment}")).or_insert(at);
        *first = at.min(*first);
    }
    let mut latencies = BTreeMap::new();
    for line in lines(log)? {
        if line["code"] != CRASH || !line["resolution"].is_null() {
            continue;
        }
        let (Some(lineage), Some(at)) = (line["lineage"].as_str(), line["timestamp"].as_str()) else {
            continue;
        };
        let Some(began) = first_change.get(lineage) else { continue };
        let took = Duration::try_from(at.parse::<Timestamp>()?.duration_since(*began));
        if let Ok(took) = took {
            latencies.entry(lineage.to_owned()).or_insert(took);
        }
    }
    Ok(Latencies::new(latencies.into_values().collect()))
}

/// The lines that are JSON objects. Others, such as a panic's, are no business of ours.
fn lines(path: &Path) -> Result<Vec<Value>> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect())
}

#[cfg(test)]
mod tests {
    use super::{Latencies, until_logged};
    use std::time::Duration;

    #[test]
    fn the_first_change_and_the_first_word_count() {
        let folder = std::env::temp_dir().join(format!("seaworthy-churn-{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let (changes, log) = (folder.join("changes"), folder.join("log"));
        let change = |pod: &str, at: u64| format!("{{\"namespace\":\"a\",\"name\":\"{pod}\",\"at\":{at}}}\n");
        std::fs::write(&changes, change("web-5d-x", 2_000_000_000) + &change("web-5d-y", 3_000_000_000))
            .unwrap();
        let word = |second: &str| {
            let issue = "\"lineage\":\"Deployment/a/web\",\"code\":\"PodCrashLoopBackOff\"";
            format!("{{\"timestamp\":\"1970-01-01T00:00:{second}Z\",{issue}}}\n")
        };
        let other = word("02.1").replace("PodCrashLoopBackOff", "PodOOMKilled");
        std::fs::write(&log, "not json\n".to_owned() + &other + &word("02.5") + &word("09")).unwrap();
        let latencies = until_logged(&changes, &log).unwrap();
        assert_eq!((latencies.count, latencies.worst), (1, Duration::from_millis(500)));
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn shares_of_a_list() {
        let all = (1..=100).map(Duration::from_millis).collect();
        let latencies = Latencies::new(all);
        assert_eq!(latencies.p50, Duration::from_millis(50));
        assert_eq!(latencies.p99, Duration::from_millis(99));
        assert_eq!(latencies.worst, Duration::from_millis(100));
        assert_eq!(Latencies::new(Vec::new()).worst, Duration::ZERO);
    }
}

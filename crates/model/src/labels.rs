//! Label sets and the names of the labels and annotations that Seaworthy's alerts carry.

use std::collections::BTreeMap;

/// Labels or annotations, ordered by name.
pub type LabelSet = BTreeMap<String, String>;

/// The check's code, as every Alertmanager-shaped tool expects it.
pub const ALERT_NAME: &str = "alertname";
/// The check's code once more: inhibition rules need it apart from `alertname`, which a hold's own
/// alert uses for itself.
pub const CHECK: &str = "check";
/// The cluster's configured name, else the UID of its kube-system namespace.
pub const CLUSTER: &str = "cluster";
/// Whose trouble it is.
pub const LINEAGE: &str = "lineage";
/// Kind of the subject.
pub const KIND: &str = "kind";
/// Namespace of the subject.
pub const NAMESPACE: &str = "namespace";
/// Name of the subject.
pub const NAME: &str = "name";
/// Severity; may change during an episode.
pub const SEVERITY: &str = "severity";
/// Node; may change during an episode.
pub const NODE: &str = "node";
/// Zone; may change during an episode.
pub const ZONE: &str = "zone";
/// The top controller's name; may change during an episode.
pub const WORKLOAD: &str = "workload";
/// Owner; may change during an episode.
pub const TEAM: &str = "team";

/// The labels that make an alert of ours one episode, whatever its other labels become.
pub const IDENTITY: [&str; 7] = [ALERT_NAME, CHECK, CLUSTER, LINEAGE, KIND, NAMESPACE, NAME];

/// Annotations of Seaworthy's alerts.
pub mod annotation {
    /// One sentence.
    pub const SUMMARY: &str = "summary";
    /// Several sentences.
    pub const DESCRIPTION: &str = "description";
    /// Where the runbook is.
    pub const RUNBOOK_URL: &str = "runbook_url";
    /// Since when the issue is open: the alert's `startsAt` restarts when it is relabelled.
    pub const SINCE: &str = "since";
    /// The members, as JSON.
    pub const MEMBERS: &str = "members";
    /// The evidence, as JSON.
    pub const EVIDENCE: &str = "evidence";
    /// The cause, as JSON; its presence says that the issue is folded.
    pub const CAUSE: &str = "cause";
    /// The subject, as JSON, with its UID.
    pub const SUBJECT: &str = "subject";
    /// Why the issue ended.
    pub const RESOLUTION: &str = "resolution";
}

/// Prometheus's hash of a label set: FNV-1a, 64 bits, over the sorted pairs, each name and each
/// value followed by 0xFF. The `fingerprint` of an alert in hexadecimal is this number.
pub fn fingerprint(labels: &LabelSet) -> u64 {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    const SEPARATOR: u8 = 0xFF;
    let mut hash = OFFSET;
    let mut add = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(PRIME);
    for (name, value) in labels {
        name.bytes().chain([SEPARATOR]).chain(value.bytes()).chain([SEPARATOR]).for_each(&mut add);
    }
    hash
}

/// The fingerprint as the API writes it: sixteen hexadecimal digits.
pub fn fingerprint_text(labels: &LabelSet) -> String {
    format!("{:016x}", fingerprint(labels))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_empty_set_hashes_to_the_offset() {
        // Prometheus defines the fingerprint of no labels as the hash's offset basis.
        assert_eq!(fingerprint_text(&LabelSet::new()), "cbf29ce484222325");
    }
}

//! CollectEvidence: keep what is known, before anything is changed. Facts about objects, no logs:
//! whoever may read remediations reads all of them.

use std::fmt::Write as _;

use cluster::views::{ContainerStatus, Pod};
use model::issue::Evidence;
use model::policy::ActionName;
use model::remediation::EVIDENCE_BYTES_MAX;

use super::{Action, Disrupts, Observed, Verify};
use crate::facts::{Facts, Look, Subject};

pub(super) const ACTION: Action = Action {
    name: ActionName::CollectEvidence,
    suits: |_| true,
    parameters: &[],
    disrupts: Disrupts::Nothing,
    look: |spec, issue| Look {
        subject: Some(spec.lineage.clone()),
        pods: issue.map(super::evict_pod::pods).unwrap_or_default(),
        ..Look::default()
    },
    targets: |_| Ok(Vec::new()),
    act: |_| Err("it sends nothing".to_owned()),
    observe: |_| Observed::Happened("kept".to_owned()),
    verify: Verify::Nothing,
    undo: None,
};

/// The facts that the monitor's checks know and that say something about an object. What a
/// container said last, and messages that quote it, a probe or a webhook, are not among them.
const ABOUT_OBJECTS: [&str; 33] = [
    "changedAt",
    "container",
    "controlPlane",
    "cordoned",
    "deletedAt",
    "exitCode",
    "exitReason",
    "exitedAt",
    "finalizers",
    "grace",
    "image",
    "images",
    "kubelet",
    "killedAt",
    "lastRenewal",
    "memoryLimit",
    "node",
    "pods",
    "ready",
    "reason",
    "replicaSet",
    "restarts",
    "revision",
    "scheduler",
    "selector",
    "signal",
    "startedAt",
    "startup",
    "unmetGates",
    "unreadyPods",
    "unreadySince",
    "updated",
    "wanted",
];

/// By name, and what is not named is left out: a check may learn to quote something tomorrow.
fn is_about_objects(fact: &str) -> bool {
    ABOUT_OBJECTS.contains(&fact)
}

/// What the monitor found and what was read, by object; what is beyond the bound is left out and
/// said so.
pub fn evidence(issue: Option<&model::Issue>, facts: &Facts) -> Evidence {
    let mut kept = Bounded::default();
    if let Some(issue) = issue {
        kept.add("summary".to_owned(), issue.summary.clone());
        for (name, value) in issue.evidence.iter().filter(|(name, _)| is_about_objects(name)) {
            kept.add(name.clone(), value.clone());
        }
        for member in &issue.members {
            for (name, value) in member.evidence.iter().filter(|(name, _)| is_about_objects(name)) {
                kept.add(format!("{}: {name}", member.object), value.clone());
            }
        }
    }
    match facts.subject.as_ref().and_then(|found| found.there()) {
        Some(Subject::Node(node)) => {
            for condition in &node.status.conditions {
                let value = format!("{:?} {}: {}", condition.status, condition.reason, condition.message);
                kept.add(format!("Node/{}: {}", node.metadata.name, condition.kind), value);
            }
        }
        Some(Subject::Workload(workload)) => {
            let value = format!("{} of {} ready", workload.ready, workload.desired);
            kept.add(format!("{}: replicas", workload.reference), value);
        }
        Some(Subject::Pod(_)) | None => {}
    }
    for pod in facts.pods.values().filter_map(|found| found.there()) {
        add_pod(pod, &mut kept);
    }
    kept.finish()
}

fn add_pod(pod: &Pod, kept: &mut Bounded) {
    let reference = pod.metadata.reference("Pod");
    kept.add(format!("{reference}: node"), pod.spec.node_name.to_string());
    for status in pod.status.init_container_statuses.iter().chain(&pod.status.container_statuses) {
        kept.add(format!("{reference}: container {}", status.name), container(status));
    }
}

/// Without the termination message: it may be the end of a tenant's log. Writing to a string
/// cannot fail.
fn container(status: &ContainerStatus) -> String {
    let mut text =
        format!("image {}, ready {}, restarts {}", status.image, status.ready, status.restart_count);
    if let Some(waiting) = &status.state.waiting {
        let _ = write!(text, ", waiting: {}", waiting.reason);
    }
    for (when, state) in [("now", &status.state), ("before", &status.last_state)] {
        if let Some(terminated) = &state.terminated {
            let _ = write!(text, ", ended {when}: {} exit code {}", terminated.reason, terminated.exit_code);
        }
    }
    text
}

#[derive(Default)]
struct Bounded {
    evidence: Evidence,
    bytes: usize,
    omitted: usize,
}

impl Bounded {
    /// Room for saying how much was left out.
    const RESERVE: usize = 64;
    /// One fact is a sentence or two, not a document.
    const VALUE_MAX: usize = 1024;

    fn add(&mut self, name: String, mut value: String) {
        value.truncate(value.floor_char_boundary(Self::VALUE_MAX));
        let bytes = name.len() + value.len();
        if value.is_empty() || self.evidence.contains_key(&name) {
            return;
        }
        if self.bytes + bytes > EVIDENCE_BYTES_MAX - Self::RESERVE {
            self.omitted += 1;
            return;
        }
        self.bytes += bytes;
        self.evidence.insert(name, value);
    }

    fn finish(mut self) -> Evidence {
        if self.omitted > 0 {
            self.evidence.insert("omitted".to_owned(), format!("{} more facts", self.omitted));
        }
        self.evidence
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::facts::Found;
    use crate::machine::tests_support::{issue, pod};

    /// The end of a log is in the termination message where a pod says `FallbackToLogsOnError`.
    #[test]
    fn nothing_that_a_tenant_logged_is_kept() {
        const SECRET: &str = "token=hunter2";
        let mut told = issue();
        let facts = [("exitCode", "1"), ("lastWords", SECRET), ("message", SECRET), ("tomorrow", SECRET)];
        for (name, value) in facts {
            told.evidence.insert(name.to_owned(), value.to_owned());
            told.members[0].evidence.insert(name.to_owned(), value.to_owned());
        }
        let mut sick = pod("web-1", "p-1", false);
        let last = json!({"terminated": {"exitCode": 1, "reason": "Error", "message": SECRET}});
        let status = json!([{"name": "app", "ready": false, "restartCount": 3, "lastState": last}]);
        sick.status.container_statuses = serde_json::from_value(status).unwrap();
        let mut read = Facts::at(Duration::ZERO);
        read.pods.insert(("shop".into(), "web-1".into()), Found::There(sick));
        let kept = evidence(Some(&told), &read);
        assert_eq!(kept["exitCode"], "1");
        assert_eq!(kept["Pod/shop/web-1: exitCode"], "1");
        assert!(!format!("{kept:?}").contains(SECRET), "{kept:#?}");
    }

    #[test]
    fn evidence_is_bounded_and_says_so() {
        let mut large = issue();
        for n in 0..100 {
            let object = model::ObjectRef::namespaced("Pod", "shop", format!("web-{n}"), format!("p-{n}"));
            let facts = [("image".to_owned(), "x".repeat(5000))].into();
            large.members.push(model::issue::Member { object, evidence: facts, ..large.members[0].clone() });
        }
        let kept = evidence(Some(&large), &Facts::at(Duration::ZERO));
        let bytes: usize = kept.iter().map(|(name, value)| name.len() + value.len()).sum();
        assert!(bytes <= EVIDENCE_BYTES_MAX, "{bytes}");
        assert!(kept["omitted"].ends_with("more facts"));
    }
}

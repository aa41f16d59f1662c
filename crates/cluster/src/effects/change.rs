//! A change in place: which fields, and nothing else.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::ATTEMPT;
use crate::views::{RESTARTED_AT, Taint};

/// What to change. Built up from nothing; sent as one merge patch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    annotations: BTreeMap<String, Option<String>>,
    template_annotations: BTreeMap<String, String>,
    taints: Option<Vec<Taint>>,
}

impl Change {
    /// No change but the attempt's mark.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets an annotation of the object.
    #[must_use]
    pub fn annotate(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.to_owned(), Some(value.to_owned()));
        self
    }

    /// Removes an annotation of the object.
    #[must_use]
    pub fn remove_annotation(mut self, key: &str) -> Self {
        self.annotations.insert(key.to_owned(), None);
        self
    }

    /// Writes a node's taints: the whole list, as read at the resourceVersion that the change
    /// goes out with, plus or minus our own.
    #[must_use]
    pub fn taints(mut self, taints: Vec<Taint>) -> Self {
        self.taints = Some(taints);
        self
    }

    /// Restarts a workload's pods, as `kubectl rollout restart` does.
    #[must_use]
    pub fn restart(mut self, at: Timestamp) -> Self {
        self.template_annotations.insert(RESTARTED_AT.to_owned(), at.to_string());
        self
    }

    /// The merge patch, with its preconditions and the attempt's mark.
    pub(super) fn patch(&self, uid: &str, resource_version: &str, attempt: &str) -> Value {
        let mut annotations = json!(self.annotations);
        annotations[ATTEMPT] = attempt.into();
        let mut patch = json!({
            "metadata": { "uid": uid, "resourceVersion": resource_version, "annotations": annotations },
        });
        if let Some(taints) = &self.taints {
            patch["spec"]["taints"] = json!(taints);
        }
        if !self.template_annotations.is_empty() {
            patch["spec"]["template"]["metadata"]["annotations"] = json!(self.template_annotations);
        }
        patch
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_patch_has_its_preconditions_its_mark_and_only_what_was_asked_for() {
        let patch = Change::new().patch("u", "7", "r-1/2");
        assert_eq!(
            patch,
            json!({"metadata": {"uid": "u", "resourceVersion": "7", "annotations": {ATTEMPT: "r-1/2"}}})
        );
        let change = Change::new()
            .annotate("seaworthy.dev/quarantined-by", "r-1")
            .remove_annotation("seaworthy.dev/old")
            .taints(vec![Taint::new("seaworthy.dev/quarantine", "", "NoSchedule")]);
        let patch = change.patch("u", "7", "r-1/2");
        assert_eq!(patch["metadata"]["annotations"]["seaworthy.dev/old"], Value::Null);
        assert_eq!(
            patch["spec"],
            json!({"taints": [{"key": "seaworthy.dev/quarantine", "effect": "NoSchedule"}]})
        );
    }

    #[test]
    fn a_restart_is_what_kubectl_does() {
        let at = "2026-01-01T00:00:00Z".parse().unwrap();
        let patch = Change::new().restart(at).patch("u", "7", "r-1/2");
        assert_eq!(
            patch["spec"],
            json!({"template": {"metadata": {"annotations": {
                "kubectl.kubernetes.io/restartedAt": "2026-01-01T00:00:00Z"}}}})
        );
    }
}

//! The templates a StatefulSet has had, kept as ControllerRevisions.

use serde_json::{Value, json};

use super::super::{Context, pod_template, revision};
use crate::kinds;
use crate::storage::Address;
use crate::view::Pod;

/// Which template is to be, and which was complete last.
pub(super) struct Templates {
    /// The name of the revision to be.
    pub(super) update: String,
    /// The name of the revision that was complete last.
    pub(super) current: String,
    before: Option<Value>,
    partition: i64,
}

impl Templates {
    /// Finds the revisions, and keeps the current template as one.
    pub(super) fn find(cx: &Context<'_>, address: &Address, set: &Value) -> Self {
        let update = revision::keep(cx, kinds::STATEFUL_SET, address, set);
        let current = set["status"]["currentRevision"].as_str().filter(|name| !name.is_empty());
        let current = current.map_or_else(|| update.clone(), str::to_owned);
        let before = if current == update { None } else { revision::template(cx, address, &current) };
        let partition = set["spec"]["updateStrategy"]["rollingUpdate"]["partition"].as_i64().unwrap_or(0);
        Self { update, current, before, partition }
    }

    /// Whether a pod is of the template that is to be.
    pub(super) fn is_current(&self, pod: &Pod) -> bool {
        pod.object.label(revision::LABEL) == Some(self.update.as_str())
    }

    /// Whether a pod is of the template that was complete last.
    pub(super) fn is_before(&self, pod: &Pod) -> bool {
        pod.object.label(revision::LABEL) == Some(self.current.as_str())
    }

    /// Makes a pod; below the partition, of the template before.
    pub(super) fn create_pod(
        &self,
        cx: &Context<'_>,
        set: &Value,
        address: &Address,
        ordinal: i64,
        start: i64,
    ) {
        let is_held_back = ordinal < start.max(self.partition);
        let (mut source, mut name) = (std::borrow::Cow::Borrowed(set), &self.update);
        if let Some(before) = self.before.as_ref().filter(|_| is_held_back) {
            source.to_mut()["spec"]["template"] = before.clone();
            name = &self.current;
        }
        let mut pod = pod_template::pod(kinds::STATEFUL_SET, &source);
        let own_name = format!("{}-{ordinal}", address.name);
        pod["metadata"]["name"] = own_name.as_str().into();
        pod["metadata"]["generateName"] = format!("{}-", address.name).into();
        let labels = &mut pod["metadata"]["labels"];
        if !labels.is_object() {
            *labels = json!({});
        }
        labels[revision::LABEL] = name.as_str().into();
        labels["statefulset.kubernetes.io/pod-name"] = own_name.as_str().into();
        labels["apps.kubernetes.io/pod-index"] = ordinal.to_string().into();
        pod["spec"]["hostname"] = own_name.into();
        pod["spec"]["subdomain"] = source["spec"]["serviceName"].clone();
        // A name that is still taken is free at a later look: the pod's end brings it about.
        let _ = cx.create(&pod_template::pods_of(address), pod);
    }
}

//! Whether what is asked about is there: of a name that was mistyped, nothing is known either.

use anyhow::{Result, bail};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};

use crate::subject::Subject;

/// Where the kinds that lineages begin with are served, with the plural of their kind in lower case.
const SERVED: &[(&str, &str, &[&str])] = &[
    ("", "v1", &["Node", "Pod", "Service"]),
    ("apps", "v1", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch", "v1", &["CronJob", "Job"]),
];

/// Fails where the cluster says that there is no such object. A kind that is not known here, or that may not be read, is
/// believed.
pub(super) async fn expect(client: &kube::Client, subject: &Subject) -> Result<()> {
    let Some(resource) = resource(subject.kind()) else { return Ok(()) };
    // One request, whether the namespace is known or not; the server looks the name up in its index of fields.
    let objects: Api<DynamicObject> = Api::all_with(client.clone(), &resource);
    let named = ListParams::default().fields(&format!("metadata.name={}", subject.name()));
    let Ok(found) = objects.list_metadata(&named).await else { return Ok(()) };
    let is_there = found.items.iter().any(|object| {
        let namespace = object.metadata.namespace.as_deref();
        namespace.is_none() || subject.namespace().is_none_or(|wanted| namespace == Some(wanted))
    });
    if is_there {
        return Ok(());
    }
    let elsewhere: Vec<&str> =
        found.items.iter().filter_map(|object| object.metadata.namespace.as_deref()).collect();
    let hint = if elsewhere.is_empty() {
        String::new()
    } else {
        format!("; there is one in {}", elsewhere.join(", "))
    };
    bail!("there is no {subject}, and nothing is known of one{hint}")
}

fn resource(kind: &str) -> Option<ApiResource> {
    let (group, version, _) = SERVED.iter().find(|(_, _, kinds)| kinds.contains(&kind))?;
    let kind = GroupVersionKind::gvk(group, version, kind);
    Some(ApiResource::from_gvk(&kind))
}

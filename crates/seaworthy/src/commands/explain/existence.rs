//! Whether what is asked about is there: of a name that was mistyped, nothing is known either.

use anyhow::{Result, bail};
use kube::api::{Api, ApiResource, DynamicObject, GroupVersionKind, ListParams};

use model::subject::Subject;

/// Where the kinds that lineages begin with are served, with the plural of their kind in lower case.
const SERVED: &[(&str, &str, &[&str])] = &[
    ("", "v1", &["Node", "Pod", "Service"]),
    ("apps", "v1", &["DaemonSet", "Deployment", "ReplicaSet", "StatefulSet"]),
    ("batch", "v1", &["CronJob", "Job"]),
];

/// Fails where the cluster says that there is no such object, or the kind is none that could be known. What may not be
/// read is believed.
pub(super) async fn expect(client: &kube::Client, subject: &Subject) -> Result<()> {
    let Some(resource) = resource(subject.kind()) else { bail!(unknown_kind(subject)) };
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

/// A lineage may begin with a kind that only this cluster has; but of this one, nothing is known.
fn unknown_kind(subject: &Subject) -> String {
    let watched: Vec<&str> = SERVED.iter().flat_map(|(_, _, kinds)| kinds.iter().copied()).collect();
    format!(
        "nothing is known of {subject}, and {} is none of the kinds that are looked at: {}. The kind of another \
         controller is written as its pods' ownerReferences have it",
        subject.kind(),
        watched.join(", ")
    )
}

fn resource(kind: &str) -> Option<ApiResource> {
    let (group, version, _) = SERVED.iter().find(|(_, _, kinds)| kinds.contains(&kind))?;
    let kind = GroupVersionKind::gvk(group, version, kind);
    Some(ApiResource::from_gvk(&kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_that_is_none_is_met_with_those_there_are() {
        let said = unknown_kind(&"foo/web".parse().unwrap());
        assert!(said.contains("nothing is known of foo/web") && said.contains("Deployment"), "{said}");
        assert!(resource("foo").is_none() && resource("Deployment").is_some());
    }
}

//! Whether names are resolved: by the cluster's DNS servers, where there are any.

use crate::view::{Event, Pod, View};

/// The label of DNS servers, and where they are.
const LABEL: (&str, &str) = ("k8s-app", "kube-dns");
const NAMESPACE: &str = "kube-system";

/// Whether an event is about a DNS server.
pub(super) fn concerns(event: &Event) -> bool {
    match event {
        Event::Pod { before, after } => before.iter().chain(after).any(|pod| is_server(pod)),
        Event::Node { .. } | Event::Other(_) => false,
    }
}

/// Whether names are resolved: one server that is ready is enough. A cluster without servers has
/// other ways.
pub(super) fn are_resolved(view: &View) -> bool {
    let mut servers = view.pods.in_namespace(NAMESPACE).filter(|pod| is_server(pod)).peekable();
    servers.peek().is_none() || servers.any(|pod| pod.is_ready())
}

fn is_server(pod: &Pod) -> bool {
    pod.object.label(LABEL.0) == Some(LABEL.1)
}

//! `metrics.k8s.io`: what pods and nodes use, as metrics-server serves it. Only reads, and no
//! watches.

use serde_json::{Value, json};

use super::Server;
use super::answer::Answer;
use super::call::Call;
use super::labels::LabelSelector;
use super::path::Target;
use crate::kinds::{self, Definition, Kind};
use crate::registry::{Status, time};
use crate::storage::{Address, Object};
use crate::view::Resources;

/// The group and its version.
pub(super) const GROUP: &str = "metrics.k8s.io";
pub(super) const VERSION: &str = "v1beta1";
/// How long was measured: metrics-server's default resolution.
const WINDOW: &str = "15s";

/// What is served, for discovery.
pub(super) fn served() -> [Kind; 2] {
    [("NodeMetrics", "nodes", false), ("PodMetrics", "pods", true)].map(|(kind, plural, is_namespaced)| {
        Kind::custom(Definition {
            group: GROUP,
            version: VERSION,
            kind,
            plural,
            singular: "",
            short: &[],
            categories: &[],
            is_namespaced,
            subresources: &[],
        })
    })
}

/// Who measures.
pub trait Usage: Send + Sync {
    /// What the containers of a pod use, by its UID; `None` where nobody knows.
    fn of_pod(&self, uid: &str) -> Option<Vec<(String, Resources)>>;

    /// What a node uses; `None` where nobody knows.
    fn of_node(&self, node: &str) -> Option<Resources>;
}

impl Server {
    /// Answers a request for metrics.
    pub(super) fn metrics(&self, call: &Call, target: &Target) -> Result<Answer, Status> {
        let (kind, shown) = match target.resource.as_str() {
            "nodes" => (kinds::NODE, "NodeMetrics"),
            "pods" => (kinds::POD, "PodMetrics"),
            _ => return Err(Status::resource_not_found()),
        };
        if target.version != VERSION {
            return Err(Status::resource_not_found());
        }
        match call.verb() {
            "get" => self.metrics_of(kind, shown, target),
            "list" => self.all_metrics(kind, shown, call, target),
            _ => Err(Status::method_not_allowed()),
        }
    }

    fn metrics_of(&self, kind: Kind, shown: &str, target: &Target) -> Result<Answer, Status> {
        let name = target.name.as_deref().unwrap_or_default();
        let address = Address::new(kind, target.namespace.as_deref().unwrap_or_default(), name);
        let object = self.registry().storage().get(&address);
        let measured = object.and_then(|object| self.measure(shown, &address, &object));
        let missing = || {
            let (resource, group) = (format!("{}.{GROUP}", kind.plural), GROUP);
            let mut status = Status::new(404, "NotFound", format!("{resource} \"{name}\" not found"));
            status.details = json!({"name": name, "group": group, "kind": kind.plural});
            status
        };
        Ok(Answer::value(200, &measured.ok_or_else(missing)?))
    }

    fn all_metrics(&self, kind: Kind, shown: &str, call: &Call, target: &Target) -> Result<Answer, Status> {
        let labels = LabelSelector::parse(call.query.get("labelSelector"))?;
        let (all, _) = self.registry().storage().list(kind, target.namespace.as_deref());
        let selected = all.iter().filter(|(_, object)| labels.selects(|name| object.label(name)));
        let items: Vec<Value> =
            selected.filter_map(|(address, object)| self.measure(shown, address, object)).collect();
        let list = json!({
            "kind": format!("{shown}List"), "apiVersion": format!("{GROUP}/{VERSION}"), "metadata": {}, "items": items,
        });
        Ok(Answer::value(200, &list))
    }

    /// What is known of one of them; `None` where it was not measured.
    fn measure(&self, shown: &str, address: &Address, object: &Object) -> Option<Value> {
        let usage = self.usage()?;
        let now = time(self.registry().now());
        let labels = &object.value()["metadata"]["labels"];
        let mut measured = json!({
            "kind": shown, "apiVersion": format!("{GROUP}/{VERSION}"), "timestamp": now, "window": WINDOW,
            "metadata": {"name": address.name, "creationTimestamp": now},
        });
        if labels.is_object() {
            measured["metadata"]["labels"] = labels.clone();
        }
        if address.kind == kinds::NODE {
            measured["usage"] = written(usage.of_node(&address.name)?);
            return Some(measured);
        }
        let containers = usage.of_pod(&object.uid)?;
        if containers.is_empty() {
            return None;
        }
        let each = containers.into_iter().map(|(name, used)| json!({"name": name, "usage": written(used)}));
        measured["containers"] = each.collect();
        measured["metadata"]["namespace"] = address.namespace.as_str().into();
        Some(measured)
    }
}

fn written(used: Resources) -> Value {
    json!({"cpu": format!("{}n", used.cpu_milli * 1_000_000), "memory": format!("{}Ki", used.memory_bytes >> 10)})
}

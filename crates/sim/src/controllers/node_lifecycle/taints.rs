//! The taints that follow from a node's conditions.

use serde_json::{Value, json};

use super::super::Context;
use crate::kinds;
use crate::registry::time;
use crate::storage::Address;
use crate::view::{Node, Taint};

const NOT_READY: &str = "node.kubernetes.io/not-ready";
const UNREACHABLE: &str = "node.kubernetes.io/unreachable";
const UNSCHEDULABLE: &str = "node.kubernetes.io/unschedulable";

/// Which condition, having which status, is which taint.
const OF_CONDITIONS: &[(&str, &str, &str)] = &[
    ("Ready", "False", NOT_READY),
    ("Ready", "Unknown", UNREACHABLE),
    ("MemoryPressure", "True", "node.kubernetes.io/memory-pressure"),
    ("DiskPressure", "True", "node.kubernetes.io/disk-pressure"),
    ("PIDPressure", "True", "node.kubernetes.io/pid-pressure"),
    ("NetworkUnavailable", "True", "node.kubernetes.io/network-unavailable"),
];

/// Keeps new pods off a node as its conditions, and a cordon, say.
pub(crate) fn reconcile(cx: &Context<'_>, address: &Address) {
    let Some(node) = cx.view.nodes.get(&address.name) else { return };
    let is = |kind: &str, status: &str| node.conditions.get(kind).is_some_and(|own| own == status);
    let mut wanted: Vec<Taint> = OF_CONDITIONS
        .iter()
        .filter(|(kind, status, _)| is(kind, status))
        .map(|(_, _, key)| Taint::new(key, "NoSchedule"))
        .collect();
    if node.is_unschedulable {
        wanted.push(Taint::new(UNSCHEDULABLE, "NoSchedule"));
    }
    let is_ours = |key: &str, effect: &str| {
        effect == "NoSchedule"
            && (key == UNSCHEDULABLE || OF_CONDITIONS.iter().any(|(_, _, own)| *own == key))
    };
    set(cx, node, &wanted, is_ours);
}

/// Whether pods of a node are being sent away.
pub(super) fn has_execution(node: &Node) -> bool {
    node.taints.iter().any(|taint| is_execution(&taint.key, &taint.effect))
}

/// Has the pods of a node sent away, for the reason there is now.
pub(super) fn execute(cx: &Context<'_>, node: &Node) {
    let key = match node.ready() {
        "Unknown" => UNREACHABLE,
        "False" => NOT_READY,
        _ => return,
    };
    set(cx, node, &[Taint::new(key, "NoExecute")], is_execution);
}

/// Has the pods of a node sent away no longer.
pub(crate) fn without_execution(cx: &Context<'_>, node: &Node) {
    set(cx, node, &[], is_execution);
}

fn is_execution(key: &str, effect: &str) -> bool {
    effect == "NoExecute" && (key == NOT_READY || key == UNREACHABLE)
}

/// Makes those taints of a node that are ours the wanted ones; leaves all others.
fn set(cx: &Context<'_>, node: &Node, wanted: &[Taint], is_ours: impl Fn(&str, &str) -> bool) {
    let own: Vec<&Taint> = node.taints.iter().filter(|taint| is_ours(&taint.key, &taint.effect)).collect();
    let is_as_wanted = own.len() == wanted.len() && own.iter().all(|taint| wanted.contains(taint));
    if is_as_wanted {
        return;
    }
    let now = time(cx.now);
    cx.change(&Address::new(kinds::NODE, "", &node.name), |value| {
        let text = |taint: &Value, field: &str| taint[field].as_str().unwrap_or_default().to_owned();
        let mut taints = value["spec"]["taints"].as_array().cloned().unwrap_or_default();
        taints.retain(|taint| {
            let (key, effect) = (text(taint, "key"), text(taint, "effect"));
            let is_wanted = wanted.iter().any(|one| one.key == key && one.effect == effect);
            is_wanted || !is_ours(&key, &effect)
        });
        for taint in wanted {
            if !taints
                .iter()
                .any(|own| own["key"] == taint.key.as_str() && own["effect"] == taint.effect.as_str())
            {
                taints.push(json!({"key": taint.key, "effect": taint.effect, "timeAdded": now}));
            }
        }
        match (taints.is_empty(), value["spec"].as_object_mut()) {
            (true, Some(spec)) => drop(spec.remove("taints")),
            _ => value["spec"]["taints"] = taints.into(),
        }
    });
}

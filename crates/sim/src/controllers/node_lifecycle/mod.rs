//! Node lifecycle: who has gone silent, what taints follow from conditions, and how fast the pods
//! of failing nodes may be sent away. When most of a zone fails at once, that is taken for a fault
//! of the network rather than of the nodes, and evictions slow down or stop.

mod taints;
mod zone;

use std::collections::BTreeMap;
use std::time::Duration;

use compact_str::CompactString;

use super::condition::{self, Condition};
use super::{Context, Note, Settings};
use crate::kinds;
use crate::storage::Address;
use crate::view::Node;
pub(super) use taints::{reconcile, without_execution};
use zone::{State, Zone};

/// What the kubelet says of a node, and what becomes `Unknown` with its silence.
const CONDITIONS: &[&str] = &["Ready", "MemoryPressure", "DiskPressure", "PIDPressure"];

/// Who tells of it.
const BY: &str = "node-controller";

/// What is remembered between looks.
#[derive(Debug, Default)]
pub(super) struct Nodes {
    /// When each node was heard from last.
    heard: BTreeMap<CompactString, Duration>,
    /// Whether each node was ready at the last look.
    was_ready: BTreeMap<CompactString, bool>,
    zones: BTreeMap<CompactString, Zone>,
    /// All zones are wholly disrupted: it is rather we who cannot see.
    is_blind: bool,
}

impl Nodes {
    /// A node renewed its lease, or came.
    pub(super) fn hear(&mut self, node: &CompactString, at: Duration) {
        self.heard.insert(node.clone(), at);
    }

    /// A node is no more.
    pub(super) fn forget(&mut self, node: &str) {
        self.heard.remove(node);
        self.was_ready.remove(node);
        for zone in self.zones.values_mut() {
            zone.withdraw(node);
        }
    }

    /// One look at all nodes.
    pub(super) fn monitor(&mut self, cx: &mut Context<'_>, settings: &Settings) {
        let view = cx.view;
        let mut tally: BTreeMap<CompactString, zone::Tally> = BTreeMap::new();
        for node in view.nodes.values() {
            let heard = *self.heard.entry(node.name.clone()).or_insert(cx.at);
            let is_silent = cx.at > heard + settings.node_grace;
            if is_silent && node.ready() != "Unknown" {
                silence(cx, node);
            }
            let is_ready = !is_silent && node.ready() == "True";
            let was_ready = self.was_ready.insert(node.name.clone(), is_ready);
            if !is_ready && was_ready == Some(true) {
                let address = Address::new(kinds::NODE, "", &node.name);
                let message = format!("Node {} status is now: NodeNotReady", node.name);
                cx.tell(Note::of(&address, &node.object, BY, "NodeNotReady", &message));
                mark_pods(cx, node);
            }
            tally.entry(node.zone().into()).or_default().add(is_ready);
        }
        self.judge_zones(cx, settings, &tally);
        self.queue(cx);
        self.release(cx);
    }

    fn judge_zones(
        &mut self,
        cx: &Context<'_>,
        settings: &Settings,
        tally: &BTreeMap<CompactString, zone::Tally>,
    ) {
        self.zones.retain(|name, _| tally.contains_key(name));
        for (name, tally) in tally {
            let zone = self.zones.entry(name.clone()).or_default();
            zone.judge(tally, settings);
        }
        let is_blind = !self.zones.is_empty() && self.zones.values().all(|zone| zone.state == State::Full);
        if is_blind && !self.is_blind {
            for node in cx.view.nodes.values() {
                without_execution(cx, node);
            }
        }
        if !is_blind && self.is_blind {
            // Nobody was heard because nothing could be heard: everybody gets a new time of grace.
            for heard in self.heard.values_mut() {
                *heard = cx.at;
            }
        }
        self.is_blind = is_blind;
    }

    /// Nodes that fail wait for their turn to have their pods sent away; nodes that are well again
    /// no longer do.
    fn queue(&mut self, cx: &Context<'_>) {
        for node in cx.view.nodes.values() {
            let Some(zone) = self.zones.get_mut(node.zone()) else { continue };
            if node.ready() == "True" {
                zone.withdraw(&node.name);
                without_execution(cx, node);
            } else if taints::has_execution(node) {
                // Silent now, or speaking again: the one taint becomes the other at once.
                if !self.is_blind {
                    taints::execute(cx, node);
                }
            } else if !node.ready().is_empty() {
                zone.enter(&node.name, cx.at);
            }
        }
    }

    fn release(&mut self, cx: &Context<'_>) {
        if self.is_blind {
            return;
        }
        for zone in self.zones.values_mut() {
            while let Some(name) = zone.next(cx.at) {
                if let Some(node) = cx.view.nodes.get(&name) {
                    taints::execute(cx, node);
                }
            }
        }
    }
}

/// Nothing was heard from a node for too long.
fn silence(cx: &Context<'_>, node: &Node) {
    let now = cx.now;
    cx.change_status(&Address::new(kinds::NODE, "", &node.name), |status| {
        for kind in CONDITIONS {
            let (reason, message) = if condition::find(status, kind).is_null() {
                ("NodeStatusNeverUpdated", "Kubelet never posted node status.")
            } else {
                ("NodeStatusUnknown", "Kubelet stopped posting node status.")
            };
            condition::set(status, Condition { kind, status: "Unknown", reason, message }, now);
        }
    });
}

/// Pods of a node that is not ready are not ready either: no requests go to them.
fn mark_pods(cx: &Context<'_>, node: &Node) {
    let now = cx.now;
    for pod in cx.view.pods.on_node(&node.name).filter(|pod| pod.is_ready()) {
        cx.change_status(&pod.address, |status| {
            let said = Condition { kind: "Ready", status: "False", reason: "", message: "" };
            condition::set(status, said, now);
        });
        cx.tell(Note::of(&pod.address, &pod.object, BY, "NodeNotReady", "Node is not ready"));
    }
}

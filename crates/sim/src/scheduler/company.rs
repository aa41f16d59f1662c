//! How other pods decide where a pod may go: affinity, anti-affinity and spread.

use std::collections::BTreeMap;
use std::sync::Arc;

use compact_str::CompactString;

use super::fit::Reason;
use crate::view::placement::{Neighbours, Spread};
use crate::view::{Node, Pod, View};

/// What a pod's rules about other pods come to, by domain. Counted once for all nodes.
pub(super) struct Company<'a> {
    near: Vec<(&'a Neighbours, Counts, bool)>,
    apart: Vec<(&'a Neighbours, Counts)>,
    /// With the number in the emptiest domain, and one if the rule counts the pod itself.
    spread: Vec<(&'a Spread, Counts, u64, u64)>,
    /// Pods that want this one apart, by the label and value of their domain.
    repelled: Vec<(CompactString, CompactString)>,
}

type Counts = BTreeMap<CompactString, u64>;

impl<'a> Company<'a> {
    /// Counts what `pod` minds.
    pub(super) fn of(
        view: &View,
        pod: &'a Pod,
        repellents: &BTreeMap<Arc<crate::storage::Address>, Arc<Pod>>,
    ) -> Self {
        let placement = &pod.spec.placement;
        let count = |rule: &Neighbours| count(view, pod, rule);
        Self {
            near: placement
                .near
                .iter()
                .map(|rule| {
                    let counts = count(rule);
                    // The first of a group that wants to be together may go anywhere.
                    let is_first =
                        counts.values().all(|count| *count == 0) && rule.selector.matches(&pod.object);
                    (rule, counts, is_first)
                })
                .collect(),
            apart: placement.apart.iter().map(|rule| (rule, count(rule))).collect(),
            spread: placement
                .spread
                .iter()
                .map(|rule| {
                    let counts = domains(view, pod, &rule.pods, count(&rule.pods));
                    let least = counts.values().min().copied().unwrap_or(0);
                    (rule, counts, least, u64::from(rule.pods.selector.matches(&pod.object)))
                })
                .collect(),
            repelled: repelled(view, pod, repellents),
        }
    }

    /// Why other pods keep it off a node.
    pub(super) fn refusal(&self, node: &Node) -> Option<Reason> {
        let domain = |rule: &Neighbours| node.object.label(&rule.topology);
        let there = |counts: &Counts, rule: &Neighbours| {
            domain(rule).and_then(|domain| counts.get(domain)).copied().unwrap_or(0)
        };
        for (rule, counts, least, counts_itself) in &self.spread {
            let is_even = there(counts, &rule.pods) + counts_itself <= least + rule.skew_max;
            if domain(&rule.pods).is_none() || !is_even {
                return Some(Reason::Spread);
            }
        }
        for (rule, counts, is_first) in &self.near {
            if domain(rule).is_none() || (there(counts, rule) == 0 && !is_first) {
                return Some(Reason::Near);
            }
        }
        if self.apart.iter().any(|(rule, counts)| there(counts, rule) > 0) {
            return Some(Reason::Apart);
        }
        let is_repelled = self.repelled.iter().any(|(label, value)| node.object.label(label) == Some(value));
        is_repelled.then_some(Reason::ApartFromOthers)
    }
}

/// How many of the pods that a rule is about are in each domain.
fn count(view: &View, pod: &Pod, rule: &Neighbours) -> Counts {
    let mut counts = Counts::new();
    let placed = view
        .pods
        .in_namespace(&pod.address.namespace)
        .filter(|other| !other.node.is_empty() && other.is_active() && rule.selector.matches(&other.object));
    for other in placed {
        if let Some(domain) = view.nodes.get(&other.node).and_then(|node| node.object.label(&rule.topology)) {
            *counts.entry(domain.into()).or_default() += 1;
        }
    }
    counts
}

/// The same for every domain that the pod could be in, also those without any.
fn domains(view: &View, pod: &Pod, rule: &Neighbours, mut counts: Counts) -> Counts {
    for node in view.nodes.values().filter(|node| pod.spec.placement.selects(node)) {
        if let Some(domain) = node.object.label(&rule.topology) {
            counts.entry(domain.into()).or_default();
        }
    }
    counts
}

fn repelled(
    view: &View,
    pod: &Pod,
    repellents: &BTreeMap<Arc<crate::storage::Address>, Arc<Pod>>,
) -> Vec<(CompactString, CompactString)> {
    let mut domains = Vec::new();
    for other in repellents.values().filter(|other| other.address.namespace == pod.address.namespace) {
        for rule in other.spec.placement.apart.iter().filter(|rule| rule.selector.matches(&pod.object)) {
            if let Some(node) = view.nodes.get(&other.node)
                && let Some(domain) = node.object.label(&rule.topology)
            {
                domains.push((rule.topology.clone(), domain.into()));
            }
        }
    }
    domains
}

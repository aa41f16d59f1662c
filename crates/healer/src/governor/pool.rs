//! The pools that budgets are counted in: what an effect would take, of how much, and what is
//! taken already, by us and by others.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use cluster::views::Node;
use model::Lineage;
use model::config::healer::{Allowance, Amount};

use super::{Request, Ruling, World};
use crate::Now;
use crate::actions::Disrupts;
use crate::facts::{Workload, is_ready};
use crate::ledger::{Disruption, Ledger, Unit, whole};
use crate::marks;

/// When to look again for room.
const LOOK_AGAIN: Duration = Duration::from_secs(15);

/// One pool, seen from one request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pool {
    /// Of what: `nodes of the cluster`, `pods of Deployment/shop/web`.
    pub name: String,
    /// What the configuration says.
    pub limit: Amount,
    /// What that comes to here.
    pub allowance: Allowance,
    /// What is taken already.
    pub used: u32,
    /// What the request would take besides: one, but for a restart.
    pub takes: u32,
}

impl Pool {
    fn new(name: String, limit: Amount, size: usize, used: usize) -> Self {
        let allowance = limit.of(u32::try_from(size).unwrap_or(u32::MAX));
        Self { name, limit, allowance, used: u32::try_from(used).unwrap_or(u32::MAX), takes: 1 }
    }

    /// Whether what the request takes fits.
    pub fn has_room(&self) -> bool {
        self.used.saturating_add(self.takes) <= self.allowance.count
    }

    /// What a pool without room says: not now, or never where even an empty one has none.
    pub fn refuses(&self) -> Ruling {
        let Self { name, limit, allowance, used, takes } = self;
        if *takes > allowance.count {
            let reason = format!("it takes {takes} {name} at once, {} allowed ({limit})", allowance.count);
            return Ruling::deny(reason);
        }
        let besides = if *takes == 1 { String::new() } else { format!(", and it takes {takes}") };
        let reason =
            format!("{used} {name} are disrupted, {} at once allowed ({limit}){besides}", allowance.count);
        Ruling::defer(reason, LOOK_AGAIN)
    }
}

/// The pools that a request would take from.
pub fn pools(request: &Request<'_>, world: &World<'_>, ledger: &Ledger, now: Now) -> Vec<Pool> {
    match request.action.disrupts {
        Disrupts::Nothing => Vec::new(),
        Disrupts::Pods => pods(request, world, ledger, now),
        Disrupts::Node => nodes(request, world, ledger, now),
        Disrupts::NodeAndPods => {
            let mut both = nodes(request, world, ledger, now);
            both.extend(pods(request, world, ledger, now));
            both
        }
    }
}

/// What is taken of the cluster's nodes, by anybody, and of its pods, by us.
pub fn in_use(nodes: &BTreeMap<String, Node>, ledger: &Ledger, now: Now) -> (usize, usize) {
    let ours: BTreeSet<&str> = ledger.all_live(Unit::Node, now).map(|entry| entry.node.as_str()).collect();
    let is_down = |(name, node): &(&String, &Node)| ours.contains(name.as_str()) || is_held(node);
    let pods = ledger.all_live(Unit::Pod, now).map(|entry| entry.pods as usize).sum();
    (nodes.iter().filter(is_down).count(), pods)
}

/// Whether a node takes no new pods by somebody's mark; also by one like ours that no remediation
/// speaks of.
fn is_held(node: &Node) -> bool {
    marks::held_down_by(node).is_some() || marks::has_taint(node)
}

/// Nodes held down by us and by others, the one in question not counted: what is done to it
/// besides does not take another.
fn nodes(request: &Request<'_>, world: &World<'_>, ledger: &Ledger, now: Now) -> Vec<Pool> {
    let target = &request.spec.lineage.name;
    let live = ledger.live(Unit::Node, &request.id, &request.spec.lineage, now);
    let ours = live.map(|entry| entry.node.as_str());
    let theirs = world.nodes.iter().filter(|(_, node)| is_held(node)).map(|(name, _)| name.as_str());
    // A node that is gone takes our mark along.
    let ours = ours.filter(|name| world.nodes.contains_key(*name));
    let down: BTreeSet<&str> = ours.chain(theirs).filter(|name| name != target).collect();
    let limits = &world.config.budgets.nodes;
    let mut pools =
        vec![Pool::new("nodes of the cluster".into(), limits.cluster, world.nodes.len(), down.len())];
    let zone = world.zone(target);
    if !zone.is_empty() {
        let size = world.nodes.values().filter(|node| node.zone() == zone).count();
        let used = down.iter().filter(|name| world.zone(name) == zone).count();
        pools.push(Pool::new(format!("nodes of zone {zone}"), limits.zone, size, used));
    }
    pools
}

fn pods(request: &Request<'_>, world: &World<'_>, ledger: &Ledger, now: Now) -> Vec<Pool> {
    let limits = &world.config.budgets.pods;
    let owner = request.part.owner.as_ref().unwrap_or(&request.spec.lineage);
    let namespace = request.part.target.namespace.as_str();
    let count = |fits: &dyn Fn(&Disruption) -> bool| {
        let live = ledger.live(Unit::Pod, &request.id, owner, now).filter(|entry| fits(entry));
        live.map(|entry| entry.pods as usize).sum()
    };
    let number = |name: String, limit: u32, used: usize| Pool::new(name, Amount::Count(limit), 0, used);
    let mut pools = vec![
        number("pods of the cluster".into(), limits.cluster, count(&|_| true)),
        number(
            format!("pods of namespace {namespace}"),
            limits.namespace,
            count(&|entry| entry.target.namespace == namespace),
        ),
    ];
    for zone in zones(request, world) {
        let used = count(&|entry| entry.is_anywhere() || world.zone(&entry.node) == zone);
        pools.push(number(format!("pods of zone {zone}"), limits.zone, used));
    }
    pools.push(owner_pool(request, world, owner, count(&|entry| whole(&entry.owner) == whole(owner))));
    let takes = request.part.pods.unwrap_or(1);
    pools.into_iter().map(|pool| Pool { takes, ..pool }).collect()
}

/// The zones that a pod is taken from: its node's, or any at all for a restart, because nobody
/// knows which of the workload's pods go first.
fn zones<'a>(request: &Request<'_>, world: &World<'a>) -> BTreeSet<&'a str> {
    let is_anywhere = request.part.target.kind != "Pod";
    let nodes = world.nodes.iter().filter(|(name, _)| is_anywhere || **name == request.part.node);
    nodes.map(|(_, node)| node.zone()).filter(|zone| !zone.is_empty()).collect()
}

/// Of one workload's pods. A pod that serves is not taken while others of its own are away for
/// whatever reason and by whomever; one that does not serve anyway takes nothing more away. The
/// wider pools count our own doing: of whose pods are away elsewhere, and why, nobody keeps books.
fn owner_pool(request: &Request<'_>, world: &World<'_>, owner: &Lineage, ours: usize) -> Pool {
    // In a rollout the Deployment misses pods that the ReplicaSet of one revision does not.
    let workloads = || request.facts.owners().chain(request.facts.workload());
    let missing = |workload: &Workload| workload.desired.saturating_sub(workload.ready) as usize;
    let desired = workloads().map(|workload| workload.desired).max().unwrap_or(1);
    let missing = workloads().map(missing).max().unwrap_or(1);
    let target = request.facts.pod(&request.part.target).and_then(|found| found.there());
    let used = if target.is_some_and(is_ready) { ours.max(missing) } else { ours };
    Pool::new(format!("pods of {}", whole(owner)), world.config.budgets.pods.owner, desired as usize, used)
}

//! The pools that budgets are counted in: what an effect would take, of how much, and what is
//! taken already, by us and by others.

use std::collections::BTreeSet;

use model::Lineage;
use model::config::healer::{Allowance, Amount};

use super::{Request, World};
use crate::actions::Disrupts;
use crate::facts::{Found, is_ready};
use crate::ledger::{Ledger, Unit};
use crate::marks;

/// One pool, seen from one request: it would take one more.
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
}

impl Pool {
    fn new(name: String, limit: Amount, size: usize, used: usize) -> Self {
        let allowance = limit.of(u32::try_from(size).unwrap_or(u32::MAX));
        Self { name, limit, allowance, used: u32::try_from(used).unwrap_or(u32::MAX) }
    }

    /// Whether one more fits.
    pub fn has_room(&self) -> bool {
        self.used < self.allowance.count
    }

    /// The figures, in words.
    pub fn figures(&self) -> String {
        let Self { name, limit, allowance, used } = self;
        format!("{used} {name} are disrupted, {} at once allowed ({limit})", allowance.count)
    }
}

/// The pools that a request would take from.
pub fn pools(request: &Request<'_>, world: &World<'_>, ledger: &Ledger) -> Vec<Pool> {
    match request.action.disrupts {
        Disrupts::Nothing => Vec::new(),
        Disrupts::Pods => pods(request, world, ledger),
        Disrupts::Node => nodes(request, world, ledger),
        Disrupts::NodeAndPods => {
            let mut both = nodes(request, world, ledger);
            both.extend(pods(request, world, ledger));
            both
        }
    }
}

/// Nodes held down by us and by others, the one in question not counted: what is done to it
/// besides does not take another.
fn nodes(request: &Request<'_>, world: &World<'_>, ledger: &Ledger) -> Vec<Pool> {
    let target = &request.spec.lineage.name;
    let ours = ledger.live(Unit::Node, &request.id).map(|entry| entry.node.as_str());
    let theirs = world
        .nodes
        .iter()
        .filter(|(_, node)| marks::held_down_by(node).is_some())
        .map(|(name, _)| name.as_str());
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

fn pods(request: &Request<'_>, world: &World<'_>, ledger: &Ledger) -> Vec<Pool> {
    let limits = &world.config.budgets.pods;
    let owner = request.part.owner.as_ref().unwrap_or(&request.spec.lineage);
    let zone = world.zone(&request.part.node);
    let namespace = request.part.target.namespace.as_str();
    let count = |fits: &dyn Fn(&crate::ledger::Disruption) -> bool| {
        ledger.live(Unit::Pod, &request.id).filter(|entry| fits(entry)).count()
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
    if !zone.is_empty() {
        let used = count(&|entry| world.zone(&entry.node) == zone);
        pools.push(number(format!("pods of zone {zone}"), limits.zone, used));
    }
    pools.push(owner_pool(request, world, ledger, owner));
    pools
}

/// Of one workload's pods. A pod that serves is not taken while others of its own are away for
/// whatever reason; one that does not serve anyway takes nothing more away.
fn owner_pool(request: &Request<'_>, world: &World<'_>, ledger: &Ledger, owner: &Lineage) -> Pool {
    let whole = whole(owner);
    let ours = ledger.live(Unit::Pod, &request.id).filter(|entry| self::whole(&entry.owner) == whole).count();
    let workload = match &request.facts.owner {
        Some(Found::There(workload)) => Some(workload),
        _ => request.facts.workload(),
    };
    let (desired, ready) = workload.map_or((1, 0), |workload| (workload.desired, workload.ready));
    let target = request.facts.pod(&request.part.target).and_then(|found| found.there());
    let missing = desired.saturating_sub(ready) as usize;
    let used = if target.is_some_and(is_ready) { ours.max(missing) } else { ours };
    Pool::new(format!("pods of {whole}"), world.config.budgets.pods.owner, desired as usize, used)
}

/// The workload as a whole: a StatefulSet's or DaemonSet's pods are lineages of their own, and
/// still share one budget.
fn whole(owner: &Lineage) -> Lineage {
    Lineage { instance: String::new(), ..owner.clone() }
}

//! The world as the governor sees it: a handful of small, watched things, what was read for this
//! very decision, and who we are.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::views::{Namespace, Node, Status, find};
use jiff::Timestamp;
use model::config::healer::HealerConfig;

use crate::{Now, Steps};

/// What the rules look at besides the request and the books.
pub struct World<'a> {
    /// All nodes, by name.
    pub nodes: &'a BTreeMap<String, Node>,
    /// All namespaces, by name.
    pub namespaces: &'a BTreeMap<String, Namespace>,
    /// How good these views are.
    pub views: &'a [ViewState],
    /// The cluster-wide pause, read for this decision.
    pub brake: &'a BrakeState,
    /// Whether we lead, and for how much longer.
    pub leadership: Leadership,
    /// Nodes that the monitor says cannot be used, and since when it says so.
    pub troubled: &'a BTreeMap<String, Duration>,
    /// Whether many failures are taken for one.
    pub correlation: &'a Correlation,
    /// Whether the wall clock was stepped.
    pub steps: &'a Steps,
    /// Who we are.
    pub own: &'a Own,
    /// The limits.
    pub config: &'a HealerConfig,
}

/// How good a view is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ViewState {
    /// Of what.
    pub name: &'static str,
    /// Whether all of it was seen once.
    pub is_synced: bool,
    /// Since when nothing was heard, not even a bookmark; on the monotonic clock.
    pub heard: Option<Duration>,
    /// What is wrong with it, in words.
    pub problem: Option<String>,
}

/// The Brake, as a quorum has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BrakeState {
    /// Nobody pauses.
    Off,
    /// Somebody does.
    On {
        /// Why.
        reason: String,
        /// Until when, if it ends by itself.
        until: Option<Timestamp>,
    },
    /// It is absent or cannot be read, which counts as paused, and why.
    Unreadable(String),
}

/// Our claim to lead.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Leadership {
    /// Its number.
    pub epoch: u64,
    /// For how much longer it counts; nothing when it does not.
    pub remaining: Duration,
}

/// Who we are, so that we do not saw at the branch.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Own {
    /// Our namespace.
    pub namespace: String,
    /// The node this replica runs on; empty where it runs outside of the cluster, or nobody said.
    pub node: String,
    /// Whether it runs in the cluster, and so on one of its nodes.
    pub is_in_cluster: bool,
}

/// Whether many failures at once are taken for one. It closes at once and opens slowly, so that a
/// share that flickers around the threshold does not let one act through at each dip.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Correlation {
    unhealthy: usize,
    total: usize,
    is_above: bool,
    above_last: Option<Duration>,
}

impl Correlation {
    /// Takes note of how many nodes are unhealthy now. One alone is never correlated.
    pub fn observe(&mut self, unhealthy: usize, total: usize, config: &HealerConfig, now: Now) {
        let allowed = config.correlated.unhealthy_share;
        let share = match allowed {
            model::config::healer::Amount::Percent(percent) => percent as usize,
            model::config::healer::Amount::Count(_) => 100,
        };
        self.unhealthy = unhealthy;
        self.total = total;
        self.is_above = unhealthy >= 2 && unhealthy * 100 >= share * total;
        if self.is_above {
            self.above_last = Some(now.monotonic);
        }
    }

    /// What was before is not known, and more than one node is unhealthy: as if many had been.
    pub fn suspect(&mut self, now: Now) {
        self.above_last.get_or_insert(now.monotonic);
    }

    /// How many nodes were unhealthy when last counted.
    pub fn unhealthy(&self) -> usize {
        self.unhealthy
    }

    /// Why everything but recovery is held, if it is.
    pub fn holds(&self, config: &HealerConfig, now: Now) -> Option<String> {
        let Self { unhealthy, total, .. } = self;
        let calm = now.monotonic.saturating_sub(self.above_last?);
        if self.is_above {
            let share = config.correlated.unhealthy_share;
            Some(format!(
                "{unhealthy} of {total} nodes are unhealthy, {share} or more are taken for one failure"
            ))
        } else if calm < config.correlated.calm.0 {
            Some(format!(
                "{unhealthy} of {total} nodes are unhealthy, but many more were, or may have been, {}s ago",
                calm.as_secs()
            ))
        } else {
            None
        }
    }
}

impl World<'_> {
    /// The zone of a node; empty where it has none or is not known.
    pub fn zone(&self, node: &str) -> &str {
        self.nodes.get(node).map_or("", Node::zone)
    }
}

/// How many nodes cannot be used, by what they say and by what the monitor says, of how many.
pub fn unhealthy(nodes: &BTreeMap<String, Node>, troubled: &BTreeMap<String, Duration>) -> (usize, usize) {
    let is_ready = |node: &Node| {
        find(&node.status.conditions, "Ready").is_some_and(|ready| ready.status == Status::True)
    };
    let count = nodes.iter().filter(|(name, node)| !is_ready(node) || troubled.contains_key(*name)).count();
    (count, nodes.len())
}

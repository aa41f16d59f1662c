//! Which issue explains which: symptoms are folded under their cause, down to the root.
//!
//! Every issue may be explained by issues of checks that stand before its own in the table of
//! checks, and by no others, so there are no cycles. Each issue remembers which it depends on;
//! when one of these opens, ends, or finds a cause of its own, it is folded anew, and only it.

mod pods;
mod services;

use std::collections::{BTreeMap, BTreeSet};

use model::{Lineage, codes};

use crate::checks;
use crate::kind::Kind;
use crate::tracker::{Key, Tracked, Tracker};
use crate::world::World;

/// How an issue may be explained by another.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Explanation {
    /// The node is unreachable: whatever else is said of it is old.
    Unreachable,
    /// The node fails as a whole.
    OwnNode,
    /// All members are on nodes that fail.
    NodesOfMembers,
    /// All pods of the newest revision that are not ready are on nodes that fail.
    NodesOfNewPods,
    /// A rollout is stuck, and all members are of the revision that it brought.
    Rollout,
    /// All members were last killed for their use of memory.
    Kills,
    /// What is behind the Service fails.
    BehindService,
}

/// Which issues depend on which.
#[derive(Debug, Default)]
pub(crate) struct Causes {
    /// What an issue was last found to depend on.
    depends: BTreeMap<Key, BTreeSet<Key>>,
    /// The other way round.
    explains: BTreeMap<Key, BTreeSet<Key>>,
    /// How many of the latter are the pods of a lineage.
    on_pods: usize,
}

/// In place of a check's code where not an issue is depended on, but which pods a lineage has.
const PODS: &str = "";

/// What an issue depends on if its cause depends on the pods of a lineage.
pub(crate) fn pods_of(lineage: Lineage) -> Key {
    Key { lineage, code: PODS }
}

/// Looks for explanations, and notes where it looked.
struct Search<'a> {
    world: &'a World,
    tracker: &'a Tracker,
    looked_at: BTreeSet<Key>,
    /// The revision whose rollout is to blame, where one is.
    brought: Option<String>,
}

impl Causes {
    /// Folds anew what depends on the changed issues, and these themselves. Gives those whose
    /// cause changed, and those that may have become more or less grave by what they explain.
    pub(crate) fn fold(
        &mut self,
        changed: &BTreeSet<Key>,
        tracker: &mut Tracker,
        world: &World,
    ) -> BTreeSet<Key> {
        let ranked = |key: &Key| (checks::rank(key.code), key.clone());
        let mut queue: BTreeSet<(usize, Key)> = changed.iter().map(ranked).collect();
        for key in changed {
            queue.extend(self.dependents(key).map(ranked));
        }
        let mut news = BTreeSet::new();
        // Whatever is added stands further down in the table, so this ends.
        while let Some((_, key)) = queue.pop_first() {
            let mut search = Search { world, tracker, looked_at: BTreeSet::new(), brought: None };
            let issue = tracker.get(&key).filter(|issue| issue.is_open());
            let cause = issue.and_then(|issue| search.explain(&key, issue)).map(|cause| root(tracker, cause));
            let Search { looked_at, brought, .. } = search;
            self.note(&key, looked_at);
            let cause_of = |tracker: &Tracker| tracker.get(&key).and_then(|tracked| tracked.cause.clone());
            news.extend(cause_of(tracker));
            let is_news = tracker.explain(&key, cause, brought);
            news.extend(cause_of(tracker));
            if is_news {
                queue.extend(self.dependents(&key).map(ranked));
                news.insert(key);
            }
        }
        news
    }

    /// Whether any issue's cause depends on the pods of some lineage.
    pub(crate) fn depend_on_pods(&self) -> bool {
        self.on_pods > 0
    }

    fn dependents(&self, key: &Key) -> impl Iterator<Item = &Key> {
        self.explains.get(key).into_iter().flatten()
    }

    fn note(&mut self, key: &Key, looked_at: BTreeSet<Key>) {
        let old = self.depends.remove(key).unwrap_or_default();
        for gone in old.difference(&looked_at) {
            if let Some(explained) = self.explains.get_mut(gone) {
                explained.remove(key);
                if explained.is_empty() {
                    self.explains.remove(gone);
                    self.on_pods -= usize::from(gone.code == PODS);
                }
            }
        }
        for new in looked_at.difference(&old) {
            let explained = self.explains.entry(new.clone()).or_default();
            self.on_pods += usize::from(explained.is_empty() && new.code == PODS);
            explained.insert(key.clone());
        }
        if !looked_at.is_empty() {
            self.depends.insert(key.clone(), looked_at);
        }
    }
}

/// What explains an explanation: causes are already folded, so one step is all the way.
fn root(tracker: &Tracker, cause: Key) -> Key {
    tracker.get(&cause).and_then(|tracked| tracked.cause.clone()).unwrap_or(cause)
}

impl Search<'_> {
    /// The issue that explains this one best.
    fn explain(&mut self, key: &Key, tracked: &Tracked) -> Option<Key> {
        if tracked.members.is_empty() {
            return self.of_what_is_past(tracked);
        }
        // Try all of them, also after one that explains it: any of them may change the answer.
        let found: Vec<_> = checks::explanations(key.code)
            .iter()
            .map(|explanation| self.by(*explanation, &key.lineage, tracked))
            .collect();
        found.into_iter().flatten().next()
    }

    /// The issue that explains this one in a certain way, if there is one.
    fn by(&mut self, explanation: Explanation, lineage: &Lineage, tracked: &Tracked) -> Option<Key> {
        match explanation {
            Explanation::Unreachable => self.open(lineage, codes::NODE_UNREACHABLE),
            Explanation::OwnNode => self.failing_node(&lineage.name),
            Explanation::NodesOfMembers => self.under_nodes_of_members(tracked),
            Explanation::NodesOfNewPods => self.under_nodes_of_new_pods(lineage),
            Explanation::Rollout => self.under_rollout(lineage, tracked),
            Explanation::Kills => self.under_kills(lineage, tracked),
            Explanation::BehindService => self.behind_service(lineage),
        }
    }

    /// Nothing is wrong any more, and it is not over yet: what explained it still does, also when
    /// that ends a little earlier. Unfolded now, it would be told to people at its very end. But a
    /// lineage that does not recover although its cause is gone has a trouble of its own.
    fn of_what_is_past(&mut self, tracked: &Tracked) -> Option<Key> {
        self.brought.clone_from(&tracked.brought);
        let cause = tracked.cause.clone()?;
        self.looked_at.insert(cause.clone());
        (self.tracker.is_open(&cause) || tracked.is_subsiding()).then_some(cause)
    }

    /// The issue, if it is open.
    fn open(&mut self, lineage: &Lineage, code: &'static str) -> Option<Key> {
        let key = Key { lineage: lineage.clone(), code };
        self.looked_at.insert(key.clone());
        self.tracker.is_open(&key).then_some(key)
    }

    /// The issue by which a node fails as a whole, if it does.
    fn failing_node(&mut self, node: &str) -> Option<Key> {
        let lineage = Lineage::cluster_wide(Kind::Node.as_str(), node);
        let unreachable = self.open(&lineage, codes::NODE_UNREACHABLE);
        let not_ready = self.open(&lineage, codes::NODE_NOT_READY);
        unreachable.or(not_ready)
    }

    /// If all of these nodes fail, the issue of the one named most often, then first by name.
    fn all_failing<'n>(&mut self, nodes: impl Iterator<Item = &'n str>) -> Option<Key> {
        let mut count: BTreeMap<&str, usize> = BTreeMap::new();
        for node in nodes {
            *count.entry(node).or_default() += 1;
        }
        // Look at all of them, also after one that does not fail: any of them may change the answer.
        let failing: Vec<_> = count.iter().map(|(node, count)| (self.failing_node(node), *count)).collect();
        if failing.iter().any(|(issue, _)| issue.is_none()) {
            return None;
        }
        let most = failing.iter().map(|(_, count)| *count).max()?;
        failing.into_iter().find(|(_, count)| *count == most)?.0
    }
}

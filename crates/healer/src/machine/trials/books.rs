//! The model's own books: what was promised, checked from what reaches the cluster and from what is
//! recorded, and not by anything that the healer counts.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use model::ObjectRef;
use model::policy::ActionName;
use model::remediation::Remediation;

use super::cluster::{Cluster, Health};
use crate::Now;
use crate::actions::Effect;

/// The most nodes that may be held down at once, of the model's ten: a fifth.
pub(super) const NODES_AT_ONCE: usize = 2;

#[derive(Clone, Debug, Default)]
pub(super) struct Books {
    /// How often each effect, by attempt and object, has changed the cluster.
    landed: BTreeMap<(String, String), u32>,
    /// When attempts were begun, by lineage.
    begun: BTreeMap<String, Vec<Duration>>,
    /// What has changed the cluster, by kind.
    pub(super) seen: BTreeMap<&'static str, usize>,
}

/// A request that was sent and has not landed yet, if it ever will.
#[derive(Clone, Debug)]
pub(super) struct Flight {
    pub(super) target: ObjectRef,
    pub(super) attempt: String,
    pub(super) effect: Effect,
    pub(super) lands: Duration,
    pub(super) is_lost: bool,
}

impl Flight {
    fn kind(&self) -> &'static str {
        match &self.effect {
            Effect::Fence { .. } => "fence",
            Effect::Evict { .. } => "eviction",
            Effect::Change { .. } if self.target.kind != "Node" => "restart",
            Effect::Change { .. } if self.quarantines() => "quarantine",
            Effect::Change { .. } => "release",
        }
    }

    fn quarantines(&self) -> bool {
        matches!(&self.effect, Effect::Change { taints: Some(taints), .. }
            if taints.iter().any(|taint| taint.key == crate::marks::QUARANTINE))
    }
}

/// An effect has been decided on, by what the cluster was at this moment.
pub(super) fn check_decision(flight: &Flight, cluster: &Cluster, flying: &[Flight], is_paused: bool) {
    assert!(!is_paused, "an effect under the Brake: {flight:?}");
    if flight.quarantines() {
        let is_other = |name: &str| name != flight.target.name;
        let held = cluster.nodes.iter().filter(|(_, node)| node.is_tainted || node.is_cordoned);
        let on_the_way = flying.iter().filter(|other| other.quarantines());
        let down: BTreeSet<&str> = held
            .map(|(name, _)| name.as_str())
            .chain(on_the_way.map(|other| other.target.name.as_str()))
            .filter(|name| is_other(name))
            .collect();
        assert!(down.len() < NODES_AT_ONCE, "{flight:?} although {down:?} are down");
    }
    if let Effect::Evict { .. } = flight.effect {
        let others = flying.iter().filter(|other| matches!(other.effect, Effect::Evict { .. }));
        assert_eq!(others.count(), 0, "{flight:?} while another of its owner's is on its way");
        let is_ready = cluster.pods.get(&flight.target.name).is_some_and(|pod| pod.is_ready);
        let missing = cluster.pods.len() - cluster.ready_pods();
        assert!(!is_ready || missing == 0, "{flight:?}: it serves, and {missing} are away");
    }
}

impl Books {
    /// A request has changed the cluster, which was `before`.
    pub(super) fn landed(&mut self, flight: &Flight, before: &Cluster, after: &Cluster) {
        *self.seen.entry(flight.kind()).or_default() += 1;
        let Flight { target, attempt, effect, .. } = flight;
        if matches!(effect, Effect::Fence { .. }) {
            return;
        }
        let times = self.landed.entry((attempt.clone(), target.to_string())).or_default();
        *times += 1;
        assert_eq!(*times, 1, "{attempt} had its effect on {target} twice");
        if target.kind != "Node" {
            return;
        }
        let (old, new) = (&before.nodes[&target.name], &after.nodes[&target.name]);
        assert_eq!((old.is_cordoned, old.health), (new.is_cordoned, new.health), "more than our marks");
        if old.is_tainted && !new.is_tainted {
            assert_eq!(old.health, Health::Ready, "{attempt} released {target}, which is not ready");
            let own = attempt.rsplit_once('/').map(|(name, _)| name.to_owned());
            let key = |name: &str| name.rsplit_once('-').map(|(key, _)| key.to_owned());
            let by = old.mark.clone().unwrap_or_default();
            assert_eq!(own.as_deref().and_then(key), key(&by), "{attempt} took off the mark of {by}");
        }
    }

    /// A remediation was deleted: what it counts for the cap is forgotten with it.
    pub(super) fn forgive(&mut self, lineage: &str) {
        self.begun.remove(lineage);
    }

    /// A status was written: what was begun counts from now on.
    pub(super) fn wrote(&mut self, before: &Remediation, after: &Remediation, cap: u32, now: Now) {
        const WINDOW: Duration = Duration::from_hours(6);
        let none = model::remediation::RemediationStatus::default();
        let (old, new) = (before.status.as_ref().unwrap_or(&none), after.status.as_ref().unwrap_or(&none));
        assert!(old.epoch <= new.epoch, "an older leader wrote after its successor");
        let is_new = new.attempts.last().filter(|last| !old.attempts.iter().any(|a| a.number == last.number));
        let Some(last) = is_new.filter(|last| last.is_open() && last.action != ActionName::ReleaseNode)
        else {
            return;
        };
        assert_eq!(new.attempts.iter().filter(|attempt| attempt.is_open()).count(), 1, "{last:?}");
        let begun = self.begun.entry(after.spec.lineage.to_string()).or_default();
        begun.retain(|at| now.monotonic.saturating_sub(*at) < WINDOW);
        begun.push(now.monotonic);
        assert!(begun.len() <= cap as usize, "{} attempts on {}", begun.len(), after.spec.lineage);
    }
}

//! What explains trouble of pods: their node, or the rollout that made them.

use model::{Lineage, codes};

use super::{Search, pods_of};
use crate::kind::Kind;
use crate::tracker::{Key, Tracked};

impl Search<'_> {
    /// Pods are explained by their nodes if all of these fail.
    pub(super) fn under_nodes_of_members(&mut self, tracked: &Tracked) -> Option<Key> {
        let nodes = tracked.members.values().map(|member| member.seen.node.as_str());
        if nodes.clone().any(str::is_empty) {
            return None;
        }
        self.all_failing(nodes)
    }

    /// Pods are explained by their rollout if it is stuck and all of them are of the revision that
    /// it brought.
    pub(super) fn under_rollout(&mut self, lineage: &Lineage, tracked: &Tracked) -> Option<Key> {
        if lineage.kind != Kind::Deployment.as_str() {
            return None;
        }
        let rollout = self.open(lineage, codes::WORKLOAD_ROLLOUT_STUCK)?;
        let mut owners = tracked.members.values().map(|member| member.seen.owner.as_str());
        let revision = owners.next()?;
        if owners.any(|other| other != revision) {
            return None;
        }
        let newest = self.world.newest_revision(&lineage.namespace, &lineage.name)?;
        let is_newest = revision.split_once('/').is_some_and(|(_, name)| *name == *newest.name);
        // After a rollback the newest revision is one that was good; what the rollout had brought
        // stays its trouble until that is over.
        let was_brought = tracked.brought.as_deref() == Some(revision);
        if !(is_newest || was_brought) {
            return None;
        }
        self.brought = Some(revision.to_owned());
        Some(rollout)
    }

    /// A container that is killed for its memory again and again loops because of that.
    pub(super) fn under_kills(&mut self, lineage: &Lineage, tracked: &Tracked) -> Option<Key> {
        let kills = self.open(lineage, codes::POD_OOM_KILLED)?;
        let reasons = tracked.members.values().map(|member| member.finding.evidence.get("exitReason"));
        reasons.into_iter().all(|reason| reason.is_some_and(|reason| reason == "OOMKilled")).then_some(kills)
    }

    /// A rollout is explained by nodes if all pods of its new revision that are not ready are on
    /// nodes that fail.
    pub(super) fn under_nodes_of_new_pods(&mut self, lineage: &Lineage) -> Option<Key> {
        let newest = self.world.newest_revision(&lineage.namespace, &lineage.name)?;
        self.looked_at.insert(pods_of(lineage.clone()));
        let pods = self.world.pods_of(lineage);
        let unready = pods.into_iter().filter(|pod| {
            let is_new = pod.owner.as_ref().is_some_and(|owner| *owner.name() == *newest.name);
            is_new && !pod.ready && !pod.is_finished()
        });
        let nodes: Vec<&str> = unready.map(|pod| pod.node.as_deref().unwrap_or_default()).collect();
        if nodes.contains(&"") {
            return None;
        }
        self.all_failing(nodes.into_iter())
    }
}

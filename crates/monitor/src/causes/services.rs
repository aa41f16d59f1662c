//! What explains a Service without endpoints: the trouble of the pods behind it.

use std::collections::BTreeSet;

use model::{Lineage, codes};

use super::{Search, pods_of};
use crate::checks;
use crate::kind::Kind;
use crate::tracker::Key;
use crate::world::{Pod, World};

/// Most lineages behind one Service that are asked. A Service with more instances than that, all
/// of them down, is explained by one of these as well as by any other.
const LINEAGES_MAX: usize = 200;

/// The checks whose issues leave a Service without endpoints, causes before symptoms.
const EXPLAIN: [&str; 6] = [
    codes::WORKLOAD_ROLLOUT_STUCK,
    codes::POD_OOM_KILLED,
    codes::POD_IMAGE_PULL_BACK_OFF,
    codes::POD_CRASH_LOOP_BACK_OFF,
    codes::POD_UNSCHEDULABLE,
    codes::POD_RUNNING_NOT_READY,
];

impl Search<'_> {
    /// If all pods that are behind the Service are on failing nodes, one of these; else the first
    /// trouble of what is behind it.
    pub(super) fn behind_service(&mut self, lineage: &Lineage) -> Option<Key> {
        let world = self.world;
        let service = world.service_named(&lineage.namespace, &lineage.name)?;
        let names = world.slices_of(service).flat_map(|slice| &slice.unready_pods);
        let pods: Vec<&Pod> = names.filter_map(|name| world.pod_named(&service.namespace, name)).collect();
        let mut lineages: BTreeSet<Lineage> = pods.iter().map(|pod| world.lineage_of_pod(pod)).collect();
        for (kind, name, _) in world.workloads_behind(service) {
            lineages.extend(instances(world, kind, &service.namespace, name));
        }
        let node = self.all_failing(pods.iter().map(|pod| pod.node.as_deref().unwrap_or_default()));
        // Ask all of them, also after the first answer: any of them may change it.
        let mut found: Vec<Key> = Vec::new();
        for lineage in lineages.iter().take(LINEAGES_MAX) {
            self.looked_at.insert(pods_of(lineage.clone()));
            found.extend(EXPLAIN.iter().filter_map(|code| self.open(lineage, code)));
        }
        node.or_else(|| found.into_iter().min_by_key(|key| (checks::rank(key.code), key.clone())))
    }
}

/// The lineages of a workload: itself, or its instances where each is one.
fn instances(world: &World, kind: &str, namespace: &str, name: &str) -> Vec<Lineage> {
    let has_own = [Kind::StatefulSet, Kind::DaemonSet].iter().any(|own| own.as_str() == kind);
    if !has_own {
        return vec![Lineage::namespaced(kind, namespace, name)];
    }
    world.pods_owned_by(kind, namespace, name).map(|pod| world.lineage_of_pod(pod)).collect()
}

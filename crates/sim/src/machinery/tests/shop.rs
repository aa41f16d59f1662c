//! The shop comes up, and one seed gives one history.

use sha2::{Digest, Sha256};

use super::Bed;
use super::bed::is_ready;
use crate::blueprint::shop;
use crate::kinds;

#[tokio::test(start_paused = true)]
async fn the_shop_comes_up() {
    let bed = Bed::new(&shop());
    bed.pass(60).await;
    for (namespace, expected) in [("shop", 47), ("data", 8), ("kube-system", 122), ("batch", 2)] {
        let pods = bed.all(kinds::POD, namespace);
        let ready = pods.iter().filter(|pod| is_ready(pod)).count();
        assert_eq!((ready, pods.len()), (expected, expected), "{namespace}");
    }
    let web = bed.get(kinds::POD_DISRUPTION_BUDGET, "shop", "web");
    assert_eq!(web["status"]["disruptionsAllowed"], 3);
    bed.pass(20 * 60).await;
    let nightly = bed.get(kinds::JOB, "batch", "nightly");
    assert_eq!(nightly["status"]["succeeded"], 6);
}

#[tokio::test(start_paused = true)]
async fn a_quiet_cluster_changes_nothing_but_signs_of_life() {
    let bed = Bed::new(&shop());
    bed.pass(30 * 60).await;
    let mut changes = bed.registry.storage().listen();
    bed.pass(600).await;
    let mut others = Vec::new();
    while let Ok(change) = changes.try_recv() {
        if ![kinds::LEASE, kinds::NODE].contains(&change.address.kind) {
            others.push(change.address.clone());
        }
    }
    assert!(others.is_empty(), "{others:?}");
}

/// Every change that was ever made, hashed.
async fn history(seed: u64) -> String {
    let bed = Bed::seeded(&shop(), seed);
    let mut changes = bed.registry.storage().listen();
    bed.pass(60).await;
    let kubelets = bed.machinery.kubelets();
    for (node, other) in [("n-3", "n-7"), ("n-9", "n-11")] {
        kubelets.freeze(node);
        kubelets.power_off(other);
    }
    kubelets.registry_down("registry.test");
    bed.pass(200).await;
    kubelets.thaw("n-3");
    kubelets.power_on("n-7");
    kubelets.registry_up("registry.test");
    bed.pass(200).await;
    let mut hash = Sha256::new();
    let mut count = 0;
    while let Ok(change) = changes.try_recv() {
        hash.update(&change.after.json);
        hash.update([u8::from(change.is_deletion)]);
        count += 1;
    }
    assert!(count > 3000, "{count} changes are hardly a history");
    format!("{:x?}", hash.finalize())
}

#[test]
fn one_seed_is_one_history() {
    let play = |seed| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
        runtime.unwrap().block_on(history(seed))
    };
    assert_eq!(play(1), play(1));
    assert_ne!(play(1), play(2));
}

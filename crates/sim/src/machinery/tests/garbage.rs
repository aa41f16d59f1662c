//! What goes with its owner, and namespaces that go with all that is in them.

use serde_json::json;

use super::Bed;
use crate::blueprint::Workload;
use crate::kinds;
use crate::registry::{Deletion, Propagation};

fn bed() -> Bed {
    Bed::with(&[Workload::deployment("shop", "web", 2).behaviour("stops-in=10s")])
}

fn by(propagation: Propagation) -> Deletion {
    Deletion { propagation, ..Deletion::default() }
}

#[tokio::test(start_paused = true)]
async fn in_the_foreground_the_owner_goes_last() {
    let bed = bed();
    bed.pass(20).await;
    bed.delete(kinds::DEPLOYMENT, "shop", "web", &by(Propagation::Foreground));
    bed.pass(5).await;
    assert!(bed.is_there(kinds::DEPLOYMENT, "shop", "web"));
    assert!(
        bed.pods().len() == 2
            && bed.pods().iter().all(|pod| pod["metadata"]["deletionTimestamp"].is_string())
    );
    bed.pass(20).await;
    assert!(bed.pods().is_empty() && !bed.is_there(kinds::DEPLOYMENT, "shop", "web"));
}

#[tokio::test(start_paused = true)]
async fn orphans_stay() {
    let bed = bed();
    bed.pass(20).await;
    bed.delete(kinds::DEPLOYMENT, "shop", "web", &by(Propagation::Orphan));
    bed.pass(30).await;
    assert!(!bed.is_there(kinds::DEPLOYMENT, "shop", "web"));
    let sets = bed.all(kinds::REPLICA_SET, "shop");
    assert_eq!((bed.ready(), sets.len()), (2, 1));
    assert_eq!(sets[0]["metadata"]["ownerReferences"], json!([]));
}

#[tokio::test(start_paused = true)]
async fn what_names_an_owner_that_never_was_goes() {
    let bed = bed();
    bed.pass(20).await;
    let owner =
        |name: &str, uid: &str| json!({"apiVersion": "v1", "kind": "ConfigMap", "name": name, "uid": uid});
    let unknown = json!({"apiVersion": "example.com/v1", "kind": "Thing", "name": "t", "uid": "u"});
    for (name, owners) in [("lost", json!([owner("none", "u")])), ("kept", json!([unknown]))] {
        let value = json!({"metadata": {"name": name, "ownerReferences": owners}});
        bed.registry.create(kinds::CONFIG_MAP, "shop", value).unwrap();
    }
    bed.pass(5).await;
    let there = ["lost", "kept"].map(|name| bed.is_there(kinds::CONFIG_MAP, "shop", name));
    assert_eq!(there, [false, true], "an owner of a kind nobody knows is not known to be gone");
}

#[tokio::test(start_paused = true)]
async fn a_namespace_is_emptied_before_it_goes() {
    let bed = bed();
    bed.pass(20).await;
    let held = json!({"metadata": {"name": "held", "finalizers": ["example.com/hold"]}});
    bed.registry.create(kinds::CONFIG_MAP, "shop", held).unwrap();
    bed.delete(kinds::NAMESPACE, "", "shop", &Deletion::default());
    bed.pass(60).await;
    assert!(bed.pods().is_empty());
    let namespace = bed.get(kinds::NAMESPACE, "", "shop");
    assert_eq!(namespace["status"]["phase"], "Terminating");
    let refused = bed.registry.create(kinds::CONFIG_MAP, "shop", json!({"metadata": {"name": "new"}}));
    assert_eq!(refused.unwrap_err().code, 403);
    bed.change(kinds::CONFIG_MAP, "shop", "held", |own| own["metadata"]["finalizers"] = json!([]));
    bed.pass(10).await;
    assert!(!bed.is_there(kinds::NAMESPACE, "", "shop"));
}

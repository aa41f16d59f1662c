//! What the registry does to objects.

use serde_json::json;

use super::*;
use crate::kinds;

fn registry() -> Registry {
    let registry = Registry::new(&Environment::test(7));
    registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": "shop"}})).unwrap();
    registry
}

fn pod(registry: &Registry, node: &str) -> Address {
    let value = json!({"metadata": {"generateName": "web-"}, "spec": {"nodeName": node, "containers": []}});
    let made = registry.create(kinds::POD, "shop", value).unwrap().value();
    Address::new(kinds::POD, "shop", made["metadata"]["name"].as_str().unwrap())
}

#[tokio::test(start_paused = true)]
async fn parts_are_written_apart_and_generations_count_specs() {
    let registry = registry();
    let address = pod(&registry, "n1");
    let generation = || registry.get(&address).unwrap().value()["metadata"]["generation"].clone();
    let write = |part| {
        registry.modify(&address, part, |pod| {
            pod["status"]["phase"] = "Running".into();
            pod["spec"]["priority"] = 5.into();
            Ok(())
        })
    };
    write(Part::Status).unwrap();
    let after = registry.get(&address).unwrap().value();
    assert_eq!(
        (after["status"]["phase"].as_str(), after["spec"]["priority"].as_i64()),
        (Some("Running"), Some(0))
    );
    assert_eq!(generation(), 1);
    write(Part::Main).unwrap();
    assert_eq!(generation(), 2);
    let revision = registry.storage().revision();
    write(Part::Main).unwrap();
    assert_eq!(registry.storage().revision(), revision, "a write that changes nothing makes no version");
}

#[tokio::test(start_paused = true)]
async fn a_stale_version_and_another_uid_are_conflicts() {
    let registry = registry();
    let address = pod(&registry, "n1");
    let stale = registry.get(&address).unwrap().value();
    registry
        .modify(&address, Part::Main, |pod| {
            pod["spec"]["priority"] = 1.into();
            Ok(())
        })
        .unwrap();
    let refused = registry.replace(&address, Part::Main, &stale).unwrap_err();
    assert_eq!((refused.code, refused.reason), (409, "Conflict"));
    let deletion = Deletion { uid: Some("another".into()), ..Deletion::default() };
    let refused = registry.delete(&address, &deletion).unwrap_err();
    assert!(refused.message.contains("UID in the precondition (another)"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn a_placed_pod_has_grace_and_a_finalizer_holds_longer() {
    let registry = registry();
    let (placed, waiting) = (pod(&registry, "n1"), pod(&registry, ""));
    assert!(matches!(registry.delete(&waiting, &Deletion::default()).unwrap(), Deleted::Gone(_)));
    registry
        .modify(&placed, Part::Main, |pod| {
            pod["metadata"]["finalizers"] = json!(["a/b"]);
            Ok(())
        })
        .unwrap();
    let Deleted::Going(going) = registry.delete(&placed, &Deletion::default()).unwrap() else {
        panic!("gone")
    };
    assert_eq!(going.value()["metadata"]["deletionGracePeriodSeconds"], 30);
    let now = Deletion { grace_seconds: Some(0), ..Deletion::default() };
    assert!(matches!(registry.delete(&placed, &now).unwrap(), Deleted::Going(_)));
    registry
        .modify(&placed, Part::Main, |pod| {
            pod["metadata"]["finalizers"] = json!([]);
            Ok(())
        })
        .unwrap();
    assert_eq!(registry.get(&placed).unwrap_err().reason, "NotFound");
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_the_same_names() {
    let names = |seed| {
        let registry = Registry::new(&Environment::test(seed));
        registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": "shop"}})).unwrap();
        let address = pod(&registry, "n1");
        (address.name.to_string(), registry.get(&address).unwrap().uid.to_string())
    };
    assert_eq!(names(1), names(1));
    assert_ne!(names(1), names(2));
}

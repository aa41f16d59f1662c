//! Bookkeeping against a small server.

use std::time::Duration;

use environment::Environment;
use model::ObjectRef;
use model::brake::{Brake, BrakeSpec};

use super::{Bookkeeper, Error, Note, Recorder, Weight};
use crate::read;
use crate::testing::{Reply, Script, Store, status};

fn brake(paused: bool) -> Brake {
    Brake::new("cluster", BrakeSpec { paused, reason: "a test".into(), until: None })
}

fn bookkeeper(store: &Store) -> Bookkeeper {
    Bookkeeper::new(store.client(), "seaworthy-test", Bookkeeper::DEADLINE)
}

#[tokio::test(start_paused = true)]
async fn a_record_is_written_by_compare_and_swap() {
    let books = bookkeeper(&Store::default());
    assert!(matches!(books.brake().await, Err(read::Error::Absent { .. })));
    let first = books.create(&brake(false)).await.unwrap();
    assert!(matches!(books.create(&brake(true)).await, Err(Error::Exists(_))));
    let mut changed = first.clone();
    changed.spec.paused = true;
    books.replace(&changed).await.unwrap();
    assert!(matches!(books.replace(&first).await, Err(Error::Conflict(_))), "it was changed meanwhile");
    assert!(books.brake().await.unwrap().spec.paused);
    assert!(matches!(books.replace(&brake(true)).await, Err(Error::Malformed { .. })), "no version");
    assert_eq!(books.list::<Brake>().await.unwrap().items.len(), 1);
    let other = books.delete::<Brake>("cluster", "another").await;
    assert!(matches!(other, Err(Error::Conflict(_))), "another UID");
    books.delete::<Brake>("cluster", first.metadata.uid.as_deref().unwrap()).await.unwrap();
    assert!(matches!(books.replace(&changed).await, Err(Error::Absent(_))));
}

#[tokio::test(start_paused = true)]
async fn what_is_malformed_is_listed_apart() {
    let page = serde_json::json!({"metadata": {"resourceVersion": "4"}, "items": [
        {"apiVersion": "seaworthy.dev/v1alpha1", "kind": "Brake", "metadata": {"name": "cluster"}, "spec": {"paused": true}},
        {"apiVersion": "seaworthy.dev/v1alpha1", "kind": "Brake", "metadata": {"name": "odd"}, "spec": {"paused": "yes"}},
    ]});
    let script = Script::new([Reply::Json(200, page)]);
    let books = Bookkeeper::new(script.client(), "seaworthy-test", Bookkeeper::DEADLINE);
    let listed = books.list::<Brake>().await.unwrap();
    assert_eq!((listed.items.len(), listed.malformed[0].name.as_str()), (1, "odd"));
    assert_eq!(script.calls()[0].query, "limit=500", "a quorum read names no version");
}

#[tokio::test(start_paused = true)]
async fn each_failure_says_what_to_do() {
    for (reply, part) in [
        (status(404, "NotFound", "the server could not find the requested resource"), "seaworthy crds"),
        (status(403, "Forbidden", "no"), "list brakes.seaworthy.dev"),
        (Reply::Hang, "within 10s"),
    ] {
        let books = Bookkeeper::new(Script::new([reply]).client(), "seaworthy-test", Bookkeeper::DEADLINE);
        let error = books.list::<Brake>().await.unwrap_err();
        assert!(error.to_string().contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn only_a_lost_answer_may_have_landed() {
    for (reply, may) in [
        (Reply::Hang, true),
        (Reply::Break, true),
        (status(500, "InternalError", ""), true),
        (status(409, "Conflict", ""), false),
        (status(422, "Invalid", ""), false),
    ] {
        let script = Script::new([reply.clone()]);
        let books = Bookkeeper::new(script.client(), "seaworthy-test", Bookkeeper::DEADLINE);
        let error = books.create(&brake(true)).await.unwrap_err();
        assert_eq!(error.may_have_landed(), may, "{reply:?}");
    }
}

fn note(text: &str) -> Note {
    Note {
        regarding: ObjectRef::namespaced("Pod", "shop", "web-1", "u"),
        api_version: "v1".into(),
        weight: Weight::Warning,
        reason: "Deferred".into(),
        action: "EvictPod".into(),
        note: text.into(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_repeated_event_becomes_a_series() {
    let store = Store::default();
    let environment = Environment::test(1);
    let mut recorder = Recorder::new(
        store.client(),
        environment,
        "seaworthy.dev/healer",
        "healer-0",
        Duration::from_secs(10),
    );
    let events =
        || match store.handle(&crate::testing::Call::get("/apis/events.k8s.io/v1/namespaces/shop/events")) {
            Reply::Json(_, list) => list["items"].as_array().cloned().unwrap(),
            other => panic!("{other:?}"),
        };
    for _ in 0..3 {
        recorder.record(note("no room")).await.unwrap();
    }
    recorder.record(note("something else")).await.unwrap();
    assert_eq!(events().len(), 2);
    let counts: Vec<_> = events().iter().map(|event| event["series"]["count"].as_i64()).collect();
    assert!(counts.contains(&Some(3)) && counts.contains(&None), "{counts:?}");
    // Long after, it is an event of its own.
    tokio::time::advance(Duration::from_mins(7)).await;
    recorder.record(note("no room")).await.unwrap();
    assert_eq!(events().len(), 3);
    // The server forgets; then too.
    for event in events() {
        let name = event["metadata"]["name"].as_str().unwrap().to_owned();
        store.remove(&format!("/apis/events.k8s.io/v1/namespaces/shop/events/{name}"));
    }
    recorder.record(note("no room")).await.unwrap();
    assert_eq!(events().len(), 1);
}

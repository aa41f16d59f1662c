//! Bookkeeping on a real server: compare-and-swap, what the definitions refuse, events.

use std::time::Duration;

use cluster::bookkeeping::{Bookkeeper, Error, Note, Recorder, Weight};
use k8s_openapi::api::events::v1::Event;
use kube::Api;
use kube::api::ListParams;
use model::ObjectRef;
use model::brake::{Brake, BrakeSpec};
use model::remediation::{Phase, Remediation, RemediationStatus};
use serde_json::json;

use crate::support::{self, Space, environment};

fn remediation(name: &str) -> Remediation {
    serde_json::from_value(json!({
        "apiVersion": "seaworthy.dev/v1alpha1",
        "kind": "Remediation",
        "metadata": {"name": name},
        "spec": {
            "cluster": "test", "lineage": "Deployment/shop/web", "check": "PodOOMKilled",
            "subject": {"kind": "Deployment", "namespace": "shop", "name": "web"},
            "since": "2026-01-01T00:00:00Z", "severity": "warning", "policy": "p", "mode": "Approve",
            "steps": [{"action": "EvictPod", "timeout": "5m", "attempts": 1}],
            "planHash": "0011223344556677", "healthyForS": 60,
        },
    }))
    .expect("the type in the model has changed: adapt this")
}

#[tokio::test]
async fn a_remediation_is_written_by_compare_and_swap_and_its_plan_stays() {
    let Some(client) = support::cluster("a_remediation_is_written_by_compare_and_swap").await else { return };
    let books = Bookkeeper::new(client.clone(), "seaworthy-test", Bookkeeper::DEADLINE);
    let space = Space::new(&client, "r").await;
    let name = space.name.as_str();
    let made = books.create(&remediation(name)).await.unwrap();
    assert!(matches!(books.create(&remediation(name)).await, Err(Error::Exists(_))));

    let mut first = made.clone();
    first.status =
        Some(RemediationStatus { phase: Phase::Deferred, epoch: 4, ..RemediationStatus::default() });
    let written = books.replace_status(&first).await.unwrap();
    assert_eq!(written.status.as_ref().unwrap().epoch, 4);
    assert!(matches!(books.replace_status(&first).await, Err(Error::Conflict(_))), "a paused predecessor");

    let mut approved = serde_json::to_value(&written).unwrap();
    approved["spec"]["approval"] =
        json!({"by": "somebody", "planHash": "0011223344556677", "verdict": "Approved"});
    let approved = books.replace::<Remediation>(&serde_json::from_value(approved).unwrap()).await.unwrap();
    let mut bent = approved.clone();
    bent.spec.policy = "another".into();
    let error = books.replace(&bent).await.unwrap_err();
    assert!(error.to_string().contains("immutable"), "{error}");

    let listed = books.list::<Remediation>().await.unwrap();
    assert!(
        listed.malformed.is_empty() && listed.items.iter().any(|r| r.metadata.name.as_deref() == Some(name))
    );
    books.delete::<Remediation>(name, approved.metadata.uid.as_deref().unwrap()).await.unwrap();
    space.remove().await;
}

#[tokio::test]
async fn there_is_only_one_brake() {
    let Some(client) = support::cluster("there_is_only_one_brake").await else { return };
    let books = Bookkeeper::new(client, "seaworthy-test", Bookkeeper::DEADLINE);
    let spec = BrakeSpec { paused: true, reason: "a test".into(), until: None };
    let error = books.create(&Brake::new("another", spec)).await.unwrap_err();
    assert!(error.to_string().contains("named 'cluster'"), "{error}");
}

#[tokio::test]
async fn a_repeated_event_is_one_with_a_count() {
    let Some(client) = support::cluster("a_repeated_event_is_one_with_a_count").await else { return };
    let space = Space::new(&client, "events").await;
    let mut recorder = Recorder::new(
        client.clone(),
        environment(),
        "seaworthy.dev/healer",
        "healer-0",
        Duration::from_secs(10),
    );
    for _ in 0..3 {
        let note = Note {
            regarding: ObjectRef::namespaced("Pod", &space.name, "web-1", "u"),
            api_version: "v1".into(),
            weight: Weight::Warning,
            reason: "Deferred".into(),
            action: "EvictPod".into(),
            note: "the disruption budget has no room".into(),
        };
        recorder.record(note).await.unwrap();
    }
    let api: Api<Event> = Api::namespaced(client, &space.name);
    let events = api.list(&ListParams::default()).await.unwrap().items;
    let [event] = &events[..] else { panic!("{} events", events.len()) };
    assert_eq!(event.series.as_ref().unwrap().count, 3);
    space.remove().await;
}

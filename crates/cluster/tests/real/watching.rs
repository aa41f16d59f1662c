//! The watch against a real server: streamed, in pages, and not allowed.

use std::pin::Pin;

use cluster::connect::{Options, connect};
use cluster::views::{Namespace, Pod, View};
use cluster::watch::{Event, Spec, watch};
use futures::{Stream, StreamExt};
use k8s_openapi::api::core::v1;
use kube::Api;
use kube::api::{DeleteParams, PostParams};

use crate::support::{self, Space, environment, within};

type Events<V> = Pin<Box<dyn Stream<Item = Event<V>> + Send>>;

fn start<V: View>(client: &kube::Client, spec: Spec) -> Events<V> {
    Box::pin(watch::<V>(client.clone(), environment(), spec))
}

/// What is there when the list is complete, by name.
async fn listed<V: View>(events: &mut Events<V>) -> Vec<String> {
    let mut names = Vec::new();
    loop {
        match within("a list", events.next()).await.unwrap() {
            Event::ListStarted => names.clear(),
            Event::Listed(object) => names.push(object.identity().name.to_owned()),
            Event::ListDone => return names,
            Event::Failed { error, .. } => panic!("{error}"),
            _ => {}
        }
    }
}

async fn make_pods(client: &kube::Client, space: &Space, count: usize) -> Api<v1::Pod> {
    let api: Api<v1::Pod> = Api::namespaced(client.clone(), &space.name);
    for number in 0..count {
        let pod = serde_json::from_value(serde_json::json!({
            "metadata": {"name": format!("pod-{number}"), "labels": {"number": number.to_string()}},
            // Nobody schedules it: there are no real nodes to need.
            "spec": {"schedulerName": "nobody", "containers": [{"name": "c", "image": "seaworthy.test/none"}]},
        }));
        support::eventually("a pod can be made (its ServiceAccount is there)", async || {
            api.create(&PostParams::default(), pod.as_ref().unwrap()).await.ok()
        })
        .await;
    }
    api
}

#[tokio::test]
async fn lists_are_the_same_streamed_and_in_pages_and_changes_follow() {
    let Some(client) = support::cluster("lists_are_the_same_streamed_and_in_pages").await else { return };
    let space = Space::new(&client, "watching").await;
    let api = make_pods(&client, &space, 5).await;
    let spec = || Spec { page_size: 2, ..Spec::in_namespace(&space.name) };
    let mut streamed = start::<Pod>(&client, spec());
    let mut paged = start::<Pod>(&client, Spec { streaming: false, ..spec() });
    let names = listed(&mut streamed).await;
    assert_eq!(names.len(), 5);
    assert_eq!(names, listed(&mut paged).await);
    api.delete("pod-3", &DeleteParams::default().grace_period(0)).await.unwrap();
    for events in [&mut streamed, &mut paged] {
        loop {
            match within("the deletion", events.next()).await.unwrap() {
                Event::Deleted(pod) => break assert_eq!(pod.metadata.name, "pod-3"),
                Event::Failed { error, .. } => panic!("{error}"),
                _ => {}
            }
        }
    }
    let mut selected = start::<Pod>(&client, Spec { labels: "number in (1,2)".into(), ..spec() });
    assert_eq!(listed(&mut selected).await, ["pod-1", "pod-2"]);
    let mut selected = start::<Pod>(&client, Spec { fields: "metadata.name=pod-4".into(), ..spec() });
    assert_eq!(listed(&mut selected).await, ["pod-4"]);
    space.remove().await;
}

#[tokio::test]
async fn a_new_object_is_told_of() {
    let Some(client) = support::cluster("a_new_object_is_told_of").await else { return };
    let mut events = start::<Namespace>(&client, Spec::default());
    assert!(listed(&mut events).await.iter().any(|name| name == "default"));
    let space = Space::new(&client, "watching").await;
    loop {
        if let Event::Applied(namespace) = within("the namespace", events.next()).await.unwrap()
            && namespace.metadata.name == space.name
        {
            break assert_eq!(namespace.metadata.labels.get("seaworthy.test/suite"), Some("cluster"));
        }
    }
    space.remove().await;
}

#[tokio::test]
async fn what_is_not_allowed_is_named() {
    if support::cluster("what_is_not_allowed_is_named").await.is_none() {
        return;
    }
    let options = Options { impersonate: Some("nobody-in-particular".into()), ..Options::default() };
    let client = connect(&options).await.unwrap().client;
    let mut events = start::<Pod>(&client, Spec::default());
    let Event::Failed { denied: Some(verb), .. } = within("a refusal", events.next()).await.unwrap() else {
        panic!("allowed")
    };
    assert_eq!(verb.to_string(), "watch pods");
}

//! The watch against a server that answers by a script, on virtual time.

use std::pin::Pin;

use environment::Environment;
use futures::{Stream, StreamExt};
use serde_json::{Value, json};

use super::{Counters, Error, Event, Spec, watch};
use crate::testing::{Reply, Script, Then, status};
use crate::transport::{Failure, Problem};
use crate::views::{Node, View};
use std::sync::Arc;
use std::time::Duration;

fn node(name: &str, version: u64) -> Value {
    json!({"metadata": {"name": name, "uid": format!("u-{name}"), "resourceVersion": version.to_string()}})
}

fn line(kind: &str, object: &Value) -> String {
    // The type comes first, as the API server writes it.
    format!(r#"{{"type":"{kind}","object":{object}}}"#)
}

fn bookmark(version: u64, ends_list: bool) -> String {
    let mut object = json!({"metadata": {"resourceVersion": version.to_string()}});
    if ends_list {
        object["metadata"]["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    line("BOOKMARK", &object)
}

/// A streamed list of one node at version 5.
fn streamed_list(then: Then) -> Reply {
    Reply::Lines(vec![line("ADDED", &node("a", 3)), bookmark(5, true)], then)
}

struct Subject {
    script: Script,
    counters: Arc<Counters>,
    events: Pin<Box<dyn Stream<Item = Event<Node>> + Send>>,
}

impl Subject {
    fn new(replies: impl IntoIterator<Item = Reply>) -> Self {
        Self::with(Spec::default(), replies)
    }

    fn with(spec: Spec, replies: impl IntoIterator<Item = Reply>) -> Self {
        let script = Script::new(replies);
        let counters = Arc::clone(&spec.counters);
        let events = watch::<Node>(script.client(), Environment::test(7), spec);
        Self { script, counters, events: Box::pin(events) }
    }

    async fn next(&mut self) -> Event<Node> {
        self.events.next().await.expect("a watch never ends")
    }

    /// The next `count` events, in short.
    async fn told(&mut self, count: usize) -> Vec<String> {
        let mut told = Vec::new();
        for _ in 0..count {
            told.push(short(&self.next().await));
        }
        told
    }

    fn queries(&self) -> Vec<String> {
        self.script.calls().into_iter().map(|call| call.query).collect()
    }
}

fn short(event: &Event<Node>) -> String {
    let of = |node: &Node| format!("{}@{}", node.identity().name, node.identity().resource_version);
    match event {
        Event::ListStarted => "list".to_owned(),
        Event::Listed(node) => format!("listed {}", of(node)),
        Event::ListDone => "done".to_owned(),
        Event::Applied(node) => format!("applied {}", of(node)),
        Event::Deleted(node) => format!("deleted {}", of(node)),
        Event::Heard => "heard".to_owned(),
        Event::Progressed => "progressed".to_owned(),
        Event::Malformed { name, deleted, .. } => format!("malformed {name} {deleted}"),
        Event::Failed { .. } => "failed".to_owned(),
    }
}

#[tokio::test(start_paused = true)]
async fn a_streamed_list_goes_over_into_changes_on_the_same_connection() {
    let lines = vec![
        line("ADDED", &node("a", 3)),
        line("ADDED", &json!({"metadata": {"name": "odd"}})),
        line("MODIFIED", &node("a", 4)),
        bookmark(5, true),
        line("MODIFIED", &node("a", 6)),
        line("DELETED", &node("a", 7)),
        bookmark(9, false),
    ];
    let mut subject = Subject::new([Reply::Lines(lines, Then::Silence)]);
    assert_eq!(
        subject.told(9).await,
        [
            "list",
            "listed a@3",
            "malformed odd false",
            "listed a@4",
            "done",
            "applied a@6",
            "deleted a@7",
            "progressed",
            // The silence after it, noticed.
            "failed",
        ]
    );
    let counted = subject.counters.snapshot();
    assert_eq!((counted.malformed, counted.lists, counted.failures), (1, 1, 1));
    let queries = subject.queries();
    assert_eq!(queries.len(), 1);
    for part in ["watch=true", "sendInitialEvents=true", "resourceVersionMatch=NotOlderThan"] {
        assert!(queries[0].contains(part), "{queries:?}");
    }
    assert!(!queries[0].contains("resourceVersion="), "a list must be a consistent read: {queries:?}");
}

#[tokio::test(start_paused = true)]
async fn after_a_broken_connection_it_goes_on_from_where_it_was() {
    for then in [Then::End, Then::Break] {
        let lines = vec![line("ADDED", &node("a", 3)), bookmark(5, true), line("MODIFIED", &node("a", 6))];
        let resumed = Reply::Lines(vec![line("MODIFIED", &node("a", 8))], Then::Silence);
        let mut subject = Subject::new([Reply::Lines(lines, then), resumed]);
        let mut told = subject.told(4).await;
        loop {
            let event = short(&subject.next().await);
            if event != "failed" {
                told.push(event);
            }
            if told.len() == 6 {
                break;
            }
        }
        assert_eq!(told, ["list", "listed a@3", "done", "applied a@6", "heard", "applied a@8"]);
        assert!(subject.queries()[1].contains("resourceVersion=6"), "{:?}", subject.queries());
    }
}

#[tokio::test(start_paused = true)]
async fn a_silence_where_something_is_always_heard_is_looked_into() {
    let spec = Spec { quiet: Some(Duration::from_secs(12)), ..Spec::default() };
    let store = |version: &str| {
        Reply::Json(200, json!({"metadata": {"resourceVersion": version, "continue": "more"}, "items": []}))
    };
    let silent = || Reply::Lines(Vec::new(), Then::Silence);
    let back = Reply::Lines(vec![line("MODIFIED", &node("a", 8)), bookmark(9, false)], Then::Silence);
    let replies = [
        streamed_list(Then::Silence),
        // Others write, so the silence is the nodes' own.
        store("9"),
        silent(),
        // Nobody writes any more: nothing can be told.
        store("9"),
        silent(),
        // The store cannot be read.
        status(500, "InternalError", "etcdserver: no leader"),
        silent(),
        store("10"),
        // What came meanwhile is not lost, although the store is further on.
        back,
    ];
    let mut subject = Subject::with(spec, replies);
    assert_eq!(
        subject.told(10).await,
        [
            "list",
            "listed a@3",
            "done",
            "progressed",
            "heard",
            "heard",
            "failed",
            "heard",
            "progressed",
            "heard",
        ]
    );
    assert_eq!(subject.told(2).await, ["applied a@8", "heard"]);
    let queries = subject.queries();
    assert!(queries[1].contains("limit=1") && !queries[1].contains("resourceVersion"), "{queries:?}");
    assert!(queries[2].contains("resourceVersion=5"), "{queries:?}");
}

#[tokio::test(start_paused = true)]
async fn what_was_never_told_is_found_out_by_listing_anew() {
    let connections = (0..20).map(|_| streamed_list(Then::Silence));
    let mut subject = Subject::new(connections);
    assert_eq!(subject.told(3).await, ["list", "listed a@3", "done"]);
    let listed = tokio::time::Instant::now();
    while short(&subject.next().await) != "list" {}
    let passed = listed.elapsed().as_secs();
    // A connection lives for up to eleven minutes.
    assert!((20 * 60..=41 * 60).contains(&passed), "after {passed} s");
}

#[tokio::test(start_paused = true)]
async fn a_lost_history_is_listed_anew_without_a_word() {
    let expired = line("ERROR", &json!({"kind": "Status", "code": 410, "reason": "Expired"}));
    let told = ["list", "listed a@3", "done", "list", "listed a@3", "done"];
    // In the watch itself, and when it is taken up again.
    let first = Reply::Lines(vec![line("ADDED", &node("a", 3)), bookmark(5, true), expired], Then::End);
    let mut subject = Subject::new([first, streamed_list(Then::Silence)]);
    assert_eq!(subject.told(6).await, told);
    let gone = status(410, "Expired", "too old resource version");
    let mut subject = Subject::new([streamed_list(Then::End), gone, streamed_list(Then::Silence)]);
    assert_eq!(subject.told(6).await, told);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_stream_is_read_in_pages() {
    let page = |name: &str, next: &str| {
        Reply::Json(
            200,
            json!({"metadata": {"resourceVersion": "5", "continue": next}, "items": [node(name, 3)]}),
        )
    };
    for refusal in [
        status(422, "Invalid", "sendInitialEvents is forbidden"),
        status(500, "InternalError", "etcd"),
        Reply::Lines(vec![line("ADDED", &node("a", 3)), bookmark(4, false)], Then::Silence),
        Reply::Lines(vec![line("ADDED", &node("a", 3))], Then::End),
    ] {
        let resumed = Reply::Lines(vec![line("ADDED", &node("c", 6))], Then::Silence);
        let mut subject = Subject::new([refusal, page("a", "more"), page("b", ""), resumed]);
        while short(&subject.next().await) != "failed" {}
        assert_eq!(
            subject.told(6).await,
            ["list", "listed a@3", "listed b@3", "done", "heard", "applied c@6"]
        );
        let queries = subject.queries();
        assert_eq!(queries[1], "limit=500");
        assert_eq!(queries[2], "limit=500&continue=more");
        assert!(queries[3].contains("resourceVersion=5"), "{queries:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_too_large_is_asked_for_again_smaller() {
    let large = Reply::Lines(vec!["x".repeat(1 << 20); 17], Then::End);
    let page = Reply::Json(200, json!({"metadata": {"resourceVersion": "5"}, "items": [node("a", 3)]}));
    let spec = Spec { streaming: false, ..Spec::default() };
    let mut subject = Subject::with(spec, [large, page]);
    assert_eq!(subject.told(3).await, ["list", "listed a@3", "done"]);
    assert_eq!(subject.queries(), ["limit=500", "limit=250"]);
}

#[tokio::test(start_paused = true)]
async fn a_missing_verb_is_named_and_asked_for_again() {
    let denied = status(403, "Forbidden", "nodes is forbidden");
    let mut subject = Subject::new([denied.clone(), denied, streamed_list(Then::Silence)]);
    for _ in 0..2 {
        let Event::Failed { error, denied, .. } = subject.next().await else { panic!("not denied") };
        assert_eq!(denied.unwrap().to_string(), "watch nodes");
        assert!(error.to_string().contains("watch nodes"), "{error}");
    }
    assert_eq!(subject.told(3).await, ["list", "listed a@3", "done"]);
    let spec = Spec { streaming: false, ..Spec::default() };
    let mut subject = Subject::with(spec, [status(403, "Forbidden", "")]);
    let Event::Failed { denied, .. } = subject.next().await else { panic!("not denied") };
    assert_eq!(denied.unwrap().verb, "list");
}

#[tokio::test(start_paused = true)]
async fn each_failure_says_what_it_is() {
    for (reply, part) in [
        (status(401, "Unauthorized", "Unauthorized"), "credentials"),
        (status(404, "", "404 page not found"), "CustomResourceDefinition"),
        (Reply::Break, "broke"),
        (Reply::Hang, "within 30s"),
        (Reply::Lines(vec!["{".to_owned()], Then::Silence), "no event"),
    ] {
        let mut subject = Subject::new([reply]);
        let error = loop {
            if let Event::Failed { error, .. } = subject.next().await {
                break error.to_string();
            }
        };
        assert!(error.contains(part), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn silence_is_noticed_sooner_once_bookmarks_have_come() {
    let mut subject = Subject::new([Reply::Lines(
        vec![line("ADDED", &node("a", 3)), bookmark(5, true), bookmark(6, false)],
        Then::Silence,
    )]);
    subject.told(4).await;
    let begin = tokio::time::Instant::now();
    let Event::Failed { error, .. } = subject.next().await else { panic!("no failure") };
    assert_eq!(error, Error::Failed(Failure::Lost(Problem::TimedOut(Duration::from_secs(150)))));
    assert_eq!(begin.elapsed().as_secs(), 150);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_goes_back_in_time_is_not_followed() {
    let at = |version: u64| Reply::Lines(vec![bookmark(version, true)], Then::End);
    let gone = status(410, "Expired", "");
    let mut subject = Subject::new([at(100), gone, at(40), at(100)]);
    assert_eq!(subject.told(3).await, ["list", "done", "list"]);
    let Event::Failed { error, .. } = subject.next().await else { panic!("followed") };
    assert_eq!(error, Error::WentBack { from: 100, to: 40 });
    assert_eq!(subject.told(2).await, ["list", "done"]);
    // A change from before what was already seen is no news.
    let lines =
        vec![bookmark(100, true), line("MODIFIED", &node("a", 60)), line("MODIFIED", &node("a", 101))];
    let mut subject = Subject::new([Reply::Lines(lines, Then::Silence)]);
    assert_eq!(subject.told(3).await, ["list", "done", "applied a@101"]);
}

#[tokio::test(start_paused = true)]
async fn a_cluster_restored_from_a_backup_is_believed_in_the_end() {
    let at = |version: u64| Reply::Lines(vec![bookmark(version, true)], Then::End);
    let gone = status(410, "Expired", "");
    let replies = [at(100), gone].into_iter().chain((0..20).map(|_| at(40)));
    let mut subject = Subject::new(replies);
    assert_eq!(subject.told(2).await, ["list", "done"]);
    for _ in 0..20 {
        if short(&subject.next().await) == "done" {
            return;
        }
    }
    panic!("never believed");
}

#[tokio::test(start_paused = true)]
async fn waits_between_failures_grow_and_are_the_same_for_the_same_seed() {
    let waits = async || {
        let mut subject = Subject::new((0..12).map(|_| status(503, "", "")));
        let mut waits = Vec::new();
        for _ in 0..12 {
            if let Event::Failed { retry_in, .. } = subject.next().await {
                waits.push(retry_in);
            }
        }
        waits
    };
    let first = waits().await;
    assert_eq!(first, waits().await);
    assert!(first[0] < Duration::from_secs(1) && first[11] >= Duration::from_secs(15), "{first:?}");
}

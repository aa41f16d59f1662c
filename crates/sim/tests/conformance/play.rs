//! Plays a case against a server and compares.

use std::collections::BTreeMap;

use http::Request;
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use crate::step::{Case, Step};

/// Plays all steps of a case in a namespace.
pub(crate) async fn play(client: &kube::Client, space: &str, case: &Case) {
    let mut words = BTreeMap::from([("ns", space.to_owned())]);
    for (at, step) in case.steps.iter().enumerate() {
        let what = format!("{}, step {}: {} {}", case.name, at + 1, step.method, step.path);
        let path = fill(&step.path, &words);
        let body: Value = serde_json::from_str(&fill(&step.body.to_string(), &words)).expect("JSON");
        let (code, answer) = send(client, step.method, &path, step.content_type, &body).await;
        if let Some(expected) = &step.events {
            assert_eq!((code, &events(&answer)), (step.code, &owned(expected)), "{what}");
            continue;
        }
        let answer: Value = serde_json::from_slice(&answer).unwrap_or_default();
        compare(&what, step, code, &answer, &words);
        for (word, pointer) in &step.kept {
            let kept = answer.pointer(pointer).and_then(Value::as_str);
            words.insert(word, kept.unwrap_or_else(|| panic!("{what}: nothing at {pointer}")).to_owned());
        }
    }
}

fn compare(what: &str, step: &Step, code: u16, answer: &Value, words: &BTreeMap<&str, String>) {
    assert_eq!(code, step.code, "{what}: {answer}");
    if code >= 400 {
        assert_eq!(answer["reason"].as_str().unwrap_or_default(), step.reason, "{what}: {answer}");
    }
    let message = answer["message"].as_str().unwrap_or_default();
    let expected = fill(step.message, words);
    assert!(message.contains(&expected), "{what}: {message:?} does not say {expected:?}");
    for (pointer, value) in &step.fields {
        let value: Value = serde_json::from_str(&fill(&value.to_string(), words)).expect("JSON");
        assert_eq!(answer.pointer(pointer), Some(&value), "{what}: {pointer} of {answer}");
    }
    for pointer in &step.absent {
        assert_eq!(answer.pointer(pointer), None, "{what}: {pointer} of {answer}");
    }
}

/// Sends one request and reads its whole answer: of a watch, until it ends.
pub(crate) async fn send(
    client: &kube::Client,
    method: &str,
    path: &str,
    content_type: &str,
    body: &Value,
) -> (u16, Vec<u8>) {
    let mut request = Request::builder().method(method).uri(path).header("accept", "application/json");
    if !content_type.is_empty() {
        request = request.header("content-type", content_type);
    }
    let bytes = if body.is_null() { Vec::new() } else { body.to_string().into_bytes() };
    let response = client.send(request.body(Body::from(bytes)).expect("a request")).await.expect("answered");
    let code = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
    (code, body.to_vec())
}

/// The events of a watch, by type and name; of an error, its reason; of a mark, what it marks.
fn events(answer: &[u8]) -> Vec<(String, String)> {
    let lines = answer.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let read = |line: &[u8]| {
        let event: Value = serde_json::from_slice(line).expect("an event");
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        let object = &event["object"];
        let about = match kind.as_str() {
            "ERROR" => object["reason"].as_str().unwrap_or_default().to_owned(),
            "BOOKMARK" => {
                let mark = &object["metadata"]["annotations"]["k8s.io/initial-events-end"];
                mark.as_str().map_or("", |_| "end of the list").to_owned()
            }
            _ => object["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
        };
        (kind, about)
    };
    // How many bookmarks come by the clock is nobody's promise.
    lines.map(read).filter(|(kind, about)| kind != "BOOKMARK" || !about.is_empty()).collect()
}

fn owned(events: &[(&str, &str)]) -> Vec<(String, String)> {
    events.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect()
}

fn fill(text: &str, words: &BTreeMap<&str, String>) -> String {
    words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value))
}

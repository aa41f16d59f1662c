//! Plays a case somewhere, holds what comes of it against the case, and writes it down.

use std::collections::BTreeMap;
use std::time::Duration;

use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::normal::{self, Words};
use crate::step::{BEGIN, Case, END, Step};

/// How long a cluster may take with what it does by itself.
const PATIENCE: Duration = Duration::from_mins(2);
/// How often it is looked at.
const INTERVAL: Duration = Duration::from_millis(200);

/// Where cases are played.
pub(crate) trait Site {
    /// Sends a request as `user`, or as the administrator when that is empty.
    async fn send(&self, user: &str, request: http::request::Builder, body: Body) -> http::Response<Body>;
    /// Brings a fault about, on a node or with a `setting=value`, or ends it.
    async fn fault(&self, name: &str, how: &str, begins: bool);
}

/// What came of a case.
#[derive(Default)]
pub(crate) struct Played {
    /// Of each step: what it was, and the part of its answer that is compared.
    pub(crate) answers: Vec<(String, Option<Value>)>,
    /// What was not as the case has it.
    pub(crate) faults: Vec<String>,
}

/// Plays all steps of a case in a namespace that is there.
pub(crate) async fn play(site: &impl Site, space: &str, case: &Case) -> Played {
    let mut words = Words::from([("ns", space.to_owned())]);
    let mut played = Played::default();
    for (at, step) in case.steps.iter().enumerate() {
        let what = format!("{}, step {}: {} {}", case.name, at + 1, step.method, step.path);
        if matches!(step.method, BEGIN | END) {
            let (name, how) = step.path.split_once(' ').expect("a fault, and a node or setting");
            site.fault(name, how, step.method == BEGIN).await;
            continue;
        }
        let (answer, found) = perform(site, step, &words).await;
        played.faults.extend(found.into_iter().map(|fault| format!("{what}: {fault}")));
        for (word, pointer) in &step.kept {
            let Some(kept) = answer.body.pointer(pointer).and_then(Value::as_str) else {
                played.faults.push(format!("{what}: nothing at {pointer} of {}", answer.body));
                return played;
            };
            words.insert(word, kept.to_owned());
        }
        played.answers.push((what, answer.compared(step.compared, &words)));
    }
    played
}

/// A code, and a body as JSON: of a watch the list of its events, of a text the text.
struct Answer {
    code: u16,
    body: Value,
}

impl Answer {
    fn compared(&self, pointer: &str, words: &Words) -> Option<Value> {
        let part = self.body.pointer(pointer)?;
        Some(json!({"code": self.code, "body": normal::form(part, words)}))
    }
}

/// Sends a step's request, until all is as it should be if the step says so; what came, and what was
/// not as it should be.
async fn perform(site: &impl Site, step: &Step, words: &Words) -> (Answer, Vec<String>) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (code, bytes) = send(site, step, words).await;
        let body = if step.events.is_some() && code == 200 { events(&bytes) } else { read(&bytes) };
        let answer = Answer { code, body };
        let found = compare(step, &answer, words);
        if found.is_empty() || !step.is_awaited || Instant::now() >= deadline {
            return (answer, found);
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

/// What is not as the step has it.
fn compare(step: &Step, Answer { code, body }: &Answer, words: &Words) -> Vec<String> {
    let mut found = Vec::new();
    let mut expect = |holds: bool, what: String| {
        if !holds {
            found.push(what);
        }
    };
    expect(*code == step.code, format!("{code} instead of {}: {body}", step.code));
    if *code >= 400 {
        let reason = body["reason"].as_str().unwrap_or_default();
        expect(reason == step.reason, format!("{reason:?} instead of {:?}: {body}", step.reason));
    }
    let (message, expected) =
        (body["message"].as_str().or(body.as_str()).unwrap_or_default(), fill(step.message, words));
    expect(message.contains(&expected), format!("{message:?} does not say {expected:?}"));
    if let Some(expected) = &step.events {
        let told: Vec<_> = body.as_array().into_iter().flatten().map(told).collect();
        expect(told == owned(expected), format!("told of {told:?} instead of {expected:?}"));
    }
    for (pointer, value) in &step.fields {
        let value: Value = serde_json::from_str(&fill(&value.to_string(), words)).expect("JSON");
        let there = body.pointer(pointer);
        expect(there == Some(&value), format!("{pointer} is {there:?} instead of {value}: {body}"));
    }
    for (pointer, least) in &step.least {
        let there = body.pointer(pointer);
        let is_enough = there.and_then(Value::as_i64).is_some_and(|number| number >= *least);
        expect(is_enough, format!("{pointer} is {there:?}, less than {least}: {body}"));
    }
    for pointer in &step.absent {
        expect(body.pointer(pointer).is_none(), format!("{pointer} is there: {body}"));
    }
    found
}

/// Sends one request and reads its whole answer: of a watch, until it ends.
async fn send(site: &impl Site, step: &Step, words: &Words) -> (u16, Vec<u8>) {
    let mut request = http::Request::builder().method(step.method).uri(fill(&step.path, words));
    request = request.header("accept", "application/json");
    if !step.content_type.is_empty() {
        request = request.header("content-type", step.content_type);
    }
    let body = if step.body.is_null() { String::new() } else { fill(&step.body.to_string(), words) };
    let response = site.send(&fill(step.user, words), request, Body::from(body.into_bytes())).await;
    let code = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a whole answer").to_bytes();
    (code, body.to_vec())
}

fn read(bytes: &[u8]) -> Value {
    serde_json::from_slice(bytes).unwrap_or_else(|_| String::from_utf8_lossy(bytes).into())
}

/// The events of a watch. How many bookmarks come by the clock is nobody's promise.
fn events(bytes: &[u8]) -> Value {
    let lines = bytes.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(read).filter(|event| told(event) != ("BOOKMARK".to_owned(), String::new())).collect()
}

/// An event by type and name; an error by its reason; a mark by what it marks.
fn told(event: &Value) -> (String, String) {
    let kind = event["type"].as_str().unwrap_or_default().to_owned();
    let object = &event["object"];
    let about = match kind.as_str() {
        "ERROR" => object["reason"].as_str().unwrap_or_default(),
        "BOOKMARK" => {
            let mark = &object["metadata"]["annotations"]["k8s.io/initial-events-end"];
            mark.as_str().map_or("", |_| "end of the list")
        }
        _ => object["metadata"]["name"].as_str().unwrap_or_default(),
    };
    (kind, about.to_owned())
}

fn owned(events: &[(&str, &str)]) -> Vec<(String, String)> {
    events.iter().map(|(kind, name)| ((*kind).to_owned(), (*name).to_owned())).collect()
}

fn fill(text: &str, words: &BTreeMap<&'static str, String>) -> String {
    words.iter().fold(text.to_owned(), |text, (word, value)| text.replace(&format!("{{{word}}}"), value))
}

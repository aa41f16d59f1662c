//! What can be seen of a run from outside of the services: requests at the API server, what
//! changes in its store, posts between services, messages at receivers, and what the run itself
//! does to all of them.

use std::fmt::Write;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use serde_json::Value;

use crate::storage::{Address, Change};

/// One thing that was seen, and when: virtual time since the run began.
#[derive(Clone, Debug)]
pub struct Seen {
    /// When.
    pub at: Duration,
    /// What.
    pub what: What,
}

/// What there is to see.
#[derive(Clone, Debug)]
pub enum What {
    /// A request at the API server, when it was served, or when it was clear that it never will be.
    Request(Request),
    /// A change in the store.
    Change(Arc<Change>),
    /// A post from one service to another, when it was answered.
    Post(Post),
    /// A message at a receiver, when it was answered.
    Message(Message),
    /// A person took an issue on, and was told so: its lineage and check.
    Acknowledged(String, String),
    /// A service began or ended.
    Life(Life),
    /// A fault began or ended, or another actor did something.
    Fault(Fault),
    /// All faults have ended, and none will come; of what they left behind the services can know.
    Calm,
}

/// A request to the API server.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Who asked: `healer-0`.
    pub by: String,
    /// When it left, since the run began.
    pub sent: Duration,
    /// Its method.
    pub method: Method,
    /// Its path, without the query.
    pub path: String,
    /// Its query; empty without one.
    pub query: String,
    /// Its User-Agent.
    pub agent: String,
    /// Its body; `Null` without one.
    pub body: Value,
    /// What the server did with it: the status of its answer. `None` if it never got there.
    pub served: Option<u16>,
    /// What a refusal of the server said; empty otherwise.
    pub refusal: Value,
    /// Whether the answer got back.
    pub was_told: bool,
}

/// A post between services.
#[derive(Clone, Debug, PartialEq)]
pub struct Post {
    /// Who posted.
    pub from: String,
    /// To whom.
    pub to: String,
    /// Where: `/api/v2/alerts`.
    pub path: String,
    /// What.
    pub body: Value,
    /// The status of the answer; `None` if it was not delivered.
    pub served: Option<u16>,
    /// Whether the answer got back.
    pub was_told: bool,
}

/// A message at a receiver.
#[derive(Clone, Debug, PartialEq)]
pub struct Message {
    /// The receiver's name.
    pub receiver: String,
    /// When it arrived, since the run began.
    pub arrived: Duration,
    /// What it got: Alertmanager's payload.
    pub body: Value,
    /// What it answered; `None` if it took the message and never said so.
    pub answered: Option<u16>,
}

/// The beginning or end of a service's life.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Life {
    /// Which: `healer-0`.
    pub service: String,
    /// What became of it.
    pub turn: Turn,
}

/// What becomes of a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Turn {
    /// It runs.
    Started,
    /// It is gone without a word.
    Crashed,
    /// It stands still, and does not know it.
    Paused,
    /// It goes on where it stood.
    Resumed,
}

/// Something that disturbs the cluster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Its name.
    pub name: &'static str,
    /// Whom or what it is about.
    pub subject: String,
    /// Whether it begins; it ends otherwise.
    pub begins: bool,
}

impl Request {
    /// Whether the server did what was asked.
    pub fn is_granted(&self) -> bool {
        self.served.is_some_and(|code| (200..300).contains(&code))
    }

    /// One line.
    pub fn line(&self) -> String {
        let Self { method, path, query, .. } = self;
        let mark = if query.is_empty() { "" } else { "?" };
        let served = self.served.map_or_else(|| "never served".to_owned(), |code| code.to_string());
        let told = if self.was_told || self.served.is_none() { "" } else { ", answer lost" };
        format!("{method} {path}{mark}{query} → {served}{told}")
    }
}

impl Seen {
    /// Who, what in one line, and everything else that it is made of.
    pub fn parts(&self) -> (&str, String, Bytes) {
        match &self.what {
            What::Request(request) => {
                (&request.by, request.line(), format!("{}{}", request.body, request.refusal).into())
            }
            What::Change(change) => ("store", change_line(change), change.after.json.clone()),
            What::Post(post) => {
                let served = post.served.map_or_else(|| "not delivered".to_owned(), |code| code.to_string());
                let told = if post.was_told || post.served.is_none() { "" } else { ", answer lost" };
                let line = format!("→ {} {} {served}{told}{}", post.to, post.path, brief(&post.body));
                (&post.from, line, post.body.to_string().into())
            }
            What::Message(message) => {
                let answered =
                    message.answered.map_or_else(|| "no answer".to_owned(), |code| code.to_string());
                let line = format!(
                    "message {} {answered}{}",
                    message.body["status"],
                    brief(&message.body["alerts"])
                );
                (&message.receiver, line, message.body.to_string().into())
            }
            What::Acknowledged(lineage, check) => {
                ("person", format!("acknowledged {lineage} {check}"), Bytes::new())
            }
            What::Life(life) => (&life.service, format!("{:?}", life.turn).to_lowercase(), Bytes::new()),
            What::Fault(fault) => {
                let turn = if fault.begins { "begins" } else { "ends" };
                ("fault", format!("{} {} {turn}", fault.name, fault.subject), Bytes::new())
            }
            What::Calm => ("run", "calm: no more faults".to_owned(), Bytes::new()),
        }
    }
}

fn change_line(change: &Change) -> String {
    let address = &change.address;
    let sign = match (change.is_deletion, &change.before) {
        (true, _) => '-',
        (false, None) => '+',
        (false, Some(_)) => '~',
    };
    let told = if address.kind.plural == "remediations" {
        remediation(&change.after.value())
    } else {
        String::new()
    };
    format!("{sign} {} @{}{told}", of(address), change.revision)
}

/// What a line is about: `pods shop/web-1`.
pub(crate) fn of(address: &Address) -> String {
    let slash = if address.namespace.is_empty() { "" } else { "/" };
    format!("{} {}{slash}{}", address.kind.plural, address.namespace, address.name)
}

/// What the healer has decided, in a few words.
fn remediation(value: &Value) -> String {
    let (spec, status) = (&value["spec"], &value["status"]);
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let mut line = format!(
        " {} {} {} {}",
        text(&spec["lineage"]),
        text(&spec["check"]),
        text(&status["phase"]),
        text(&status["message"])
    );
    for attempt in status["attempts"].as_array().into_iter().flatten() {
        let is_open = if attempt["closed"].is_null() { " open" } else { "" };
        let result = text(&attempt["result"]);
        let _ = write!(line, " | {} {} {result}{is_open}", attempt["number"], text(&attempt["action"]));
        for part in attempt["parts"].as_array().into_iter().flatten() {
            let _ = write!(line, " {}={}", text(&part["target"]["name"]), text(&part["state"]));
        }
    }
    line
}

/// The lineages and checks in a list of alerts, as far as they fit on a line.
fn brief(alerts: &Value) -> String {
    const MOST: usize = 4;
    let Some(all) = alerts.as_array() else { return String::new() };
    let mut line = String::new();
    for alert in all.iter().take(MOST) {
        let labels = &alert["labels"];
        let text = |name: &str| labels[name].as_str().unwrap_or("?");
        let status = alert["status"].as_str().unwrap_or_default();
        let _ = write!(line, " [{} {} {status}]", text("lineage"), text("alertname"));
    }
    if all.len() > MOST {
        let _ = write!(line, " and {} more", all.len() - MOST);
    }
    line
}

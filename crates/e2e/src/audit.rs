//! The API server's audit log: the witness of what Seaworthy did to the cluster, whatever
//! Seaworthy says of itself.

use std::collections::BTreeSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

/// One request, as the API server answered it.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Event {
    stage: String,
    /// What was asked: `create`, `patch`, `watch`, ….
    pub verb: String,
    /// Who asked.
    pub user: User,
    /// Of what; requests for other things than objects have none.
    #[serde(default)]
    pub object_ref: Option<Object>,
    /// What came of it.
    #[serde(default)]
    pub response_status: Outcome,
    /// What was sent, where the policy keeps it.
    #[serde(default)]
    pub request_object: Value,
    /// What came back, where the policy keeps it.
    #[serde(default)]
    pub response_object: Value,
    /// When the request arrived.
    pub request_received_timestamp: Timestamp,
    /// When it was answered.
    pub stage_timestamp: Timestamp,
}

/// Who asked.
#[derive(Clone, Debug, Deserialize)]
pub struct User {
    /// `system:serviceaccount:seaworthy:healer`, `system:node:node-1`.
    pub username: String,
}

/// The object of a request.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Object {
    /// Empty for the core group.
    pub api_group: String,
    /// `pods`.
    pub resource: String,
    /// `eviction`.
    pub subresource: String,
    /// Empty for cluster-wide objects.
    pub namespace: String,
    /// Empty for lists and generated names.
    pub name: String,
}

/// What the server answered.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct Outcome {
    /// HTTP status.
    pub code: u16,
    /// `AlreadyExists`, `TooManyRequests`, ….
    pub reason: String,
    /// In words.
    pub message: String,
}

impl Event {
    /// The object, empty where there is none.
    pub fn object(&self) -> Object {
        self.object_ref.clone().unwrap_or_default()
    }

    /// Whether it is a write to something other than Seaworthy's own bookkeeping.
    pub fn is_effect(&self) -> bool {
        let object = self.object();
        let own = object.api_group == model::GROUP
            || object.api_group == "coordination.k8s.io"
            || object.resource == "events"
            // Asking what one may do is a create, but changes nothing.
            || object.api_group == "authorization.k8s.io";
        is_write(&self.verb) && self.object_ref.is_some() && !own
    }

    /// Whether the server did it.
    pub fn succeeded(&self) -> bool {
        (200..300).contains(&self.response_status.code)
    }

    /// Whether it was asked and answered between two moments.
    pub fn is_within(&self, from: Timestamp, to: Timestamp) -> bool {
        from <= self.request_received_timestamp && self.stage_timestamp <= to
    }

    /// The permission that the request needed.
    pub fn permission(&self) -> Option<Permission> {
        let object = self.object_ref.as_ref()?;
        let resource = if object.subresource.is_empty() {
            object.resource.clone()
        } else {
            format!("{}/{}", object.resource, object.subresource)
        };
        Some(Permission { group: object.api_group.clone(), resource, verb: self.verb.clone() })
    }

    /// For messages.
    pub fn told(&self) -> String {
        let object = self.object();
        format!(
            "{} {} {} {}/{}/{} {}/{}: {} {}",
            self.request_received_timestamp,
            self.user.username,
            self.verb,
            object.api_group,
            object.resource,
            object.subresource,
            object.namespace,
            object.name,
            self.response_status.code,
            self.response_status.message
        )
    }
}

/// Several events for a message, one per line.
pub fn told(events: &[Event]) -> String {
    events.iter().fold(String::new(), |text, event| text + "\n  " + &event.told())
}

/// Whether a verb changes something.
pub fn is_write(verb: &str) -> bool {
    !matches!(verb, "get" | "list" | "watch")
}

/// A verb on a resource, as RBAC grants it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// Empty for the core group.
    pub group: String,
    /// `pods/eviction`.
    pub resource: String,
    /// `create`.
    pub verb: String,
}

impl std::fmt::Display for Permission {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let dot = if self.group.is_empty() { "" } else { "." };
        write!(f, "{} {}{dot}{}", self.verb, self.resource, self.group)
    }
}

/// A place in the log, to read on from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mark(u64);

/// The log.
#[derive(Clone, Debug)]
pub struct Audit {
    path: PathBuf,
}

impl Audit {
    /// The log at this path.
    pub fn of(path: &Path) -> Self {
        Self { path: path.to_owned() }
    }

    /// Its beginning.
    pub const fn beginning() -> Mark {
        Mark(0)
    }

    /// Its end at the moment.
    pub fn mark(&self) -> Result<Mark> {
        Ok(Mark(std::fs::metadata(&self.path).context("find the audit log")?.len()))
    }

    /// What a user did since `mark`. Only requests that were answered; a watch counts when it ends
    /// and when it begins.
    pub fn of_user(&self, user: &str, mark: Mark) -> Result<Vec<Event>> {
        let quoted = format!("\"username\":\"{user}\"");
        let mut file = File::open(&self.path).context("open the audit log")?;
        file.seek(SeekFrom::Start(mark.0))?;
        let mut events = Vec::new();
        for line in BufReader::new(file).split(b'\n') {
            let line = String::from_utf8_lossy(&line?).into_owned();
            // Parsing is what takes long, and most lines are other users'.
            if !line.contains(&quoted) {
                continue;
            }
            // The last line may be half written yet.
            let Ok(event) = serde_json::from_str::<Event>(&line) else { continue };
            if event.user.username == user && event.stage != "RequestReceived" {
                events.push(event);
            }
        }
        Ok(events)
    }

    /// Effects of a user on objects of a namespace since `mark`, refused ones included.
    pub fn effects_in(&self, user: &str, namespace: &str, mark: Mark) -> Result<Vec<Event>> {
        let mut events = self.effects(user, mark)?;
        events.retain(|event| event.object().namespace == namespace);
        Ok(events)
    }

    /// Effects of a user since `mark`, refused ones included.
    pub fn effects(&self, user: &str, mark: Mark) -> Result<Vec<Event>> {
        let mut events = self.of_user(user, mark)?;
        events.retain(Event::is_effect);
        Ok(events)
    }

    /// Requests of a user that were denied for lack of a permission.
    pub fn denied(&self, user: &str, mark: Mark) -> Result<Vec<Event>> {
        let mut events = self.of_user(user, mark)?;
        // 403 is also what admission answers; those name no permission.
        events.retain(|event| {
            event.response_status.code == 403 && event.response_status.message.contains("cannot")
        });
        Ok(events)
    }

    /// The permissions that a user made use of.
    pub fn used(&self, user: &str, mark: Mark) -> Result<BTreeSet<Permission>> {
        Ok(self.of_user(user, mark)?.iter().filter_map(Event::permission).collect())
    }

    /// The moment at which a user created the object of this name since `mark`.
    pub fn created(&self, user: &str, name: &str, mark: Mark) -> Result<Timestamp> {
        let events = self.of_user(user, mark)?;
        let created = events
            .iter()
            .find(|event| event.verb == "create" && event.succeeded() && event.object().name == name);
        created.map(|event| event.stage_timestamp).with_context(|| format!("{user} did not create {name}"))
    }

    /// The moment at which a kubelet told the API server that a pod is not ready any more (the first time
    /// since `mark`): the finest record of it there is, since conditions have whole seconds.
    pub fn said_not_ready(&self, node: &str, pod: &str, mark: Mark) -> Result<Option<Timestamp>> {
        let events = self.of_user(&format!("system:node:{node}"), mark)?;
        let mut said = events.iter().skip_while(|event| !event.says_ready(pod, "True"));
        Ok(said.find(|event| event.says_ready(pod, "False")).map(|event| event.stage_timestamp))
    }
}

impl Event {
    fn says_ready(&self, pod: &str, status: &str) -> bool {
        let object = self.object();
        let conditions = self.response_object.pointer("/status/conditions").and_then(Value::as_array);
        object.resource == "pods"
            && object.subresource == "status"
            && object.name == pod
            && conditions.is_some_and(|all| {
                all.iter().any(|condition| condition["type"] == "Ready" && condition["status"] == status)
            })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const HEALER: &str = "system:serviceaccount:seaworthy:healer";

    fn line(verb: &str, group: &str, resource: &str, subresource: &str, code: u16) -> String {
        serde_json::json!({
            "stage": "ResponseComplete", "verb": verb, "user": {"username": HEALER},
            "objectRef": {"apiGroup": group, "resource": resource, "subresource": subresource,
                "namespace": "shop", "name": "web-1"},
            "responseStatus": {"code": code, "message": "pods is forbidden: cannot"},
            "requestReceivedTimestamp": "2026-01-01T00:00:00.000000Z",
            "stageTimestamp": "2026-01-01T00:00:00.100000Z",
        })
        .to_string()
    }

    #[test]
    fn tells_effects_from_bookkeeping() {
        let mut log = tempfile::NamedTempFile::new().unwrap();
        let audit = Audit::of(log.path());
        writeln!(log, "{}", line("list", "", "pods", "", 200)).unwrap();
        let mark = audit.mark().unwrap();
        for line in [
            line("patch", "seaworthy.dev", "remediations", "status", 200),
            line("update", "coordination.k8s.io", "leases", "", 200),
            line("create", "", "events", "", 201),
            line("create", "", "pods", "eviction", 201),
            line("patch", "", "nodes", "", 403),
        ] {
            writeln!(log, "{line}").unwrap();
        }
        write!(log, "{{\"half\":").unwrap();
        let effects = audit.effects(HEALER, Audit::beginning()).unwrap();
        let verbs: Vec<String> =
            effects.iter().filter_map(Event::permission).map(|p| p.to_string()).collect();
        assert_eq!(verbs, ["create pods/eviction", "patch nodes"]);
        assert_eq!(audit.denied(HEALER, mark).unwrap().len(), 1);
        assert_eq!(audit.of_user(HEALER, mark).unwrap().len(), 5);
        assert_eq!(audit.of_user("somebody", mark).unwrap().len(), 0);
        assert_eq!(audit.effects_in(HEALER, "bank", mark).unwrap().len(), 0);
    }
}

//! Events: what people see in `kubectl describe`. Repeats become a series on the first one.

use std::time::Duration;

use environment::Environment;
use indexmap::IndexMap;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::ObjectReference;
use k8s_openapi::api::events::v1::{Event, EventSeries};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use model::ObjectRef;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use serde_json::json;

use crate::refusal::cut;
use crate::write::{Error, Writer};

/// How long after its last time a repeat still belongs to the same event; client-go's figure.
const SERIES: Duration = Duration::from_mins(6);

/// How many events are remembered for their repeats. The oldest is forgotten first; its next
/// repeat is then an event of its own.
const REMEMBERED_MAX: usize = 1024;

/// Longest note and reason that the API takes, in bytes.
const NOTE_MAX: usize = 1024;
const REASON_MAX: usize = 128;

/// Whether an event says that something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// As it should be.
    Normal,
    /// Somebody should look.
    Warning,
}

/// What an event says.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Note {
    /// Which object it is about.
    pub regarding: ObjectRef,
    /// Its API version: `v1`, `apps/v1`.
    pub api_version: String,
    /// How much it weighs.
    pub weight: Weight,
    /// One word for why: `Evicted`, `Deferred`.
    pub reason: String,
    /// One word for what was done or decided: `EvictPod`.
    pub action: String,
    /// One sentence. No secrets, no tenant's logs: whoever may read events reads it.
    pub note: String,
}

/// Writes events, each repeat as one more of a series.
pub struct Recorder {
    client: kube::Client,
    environment: Environment,
    /// Who reports: `seaworthy.dev/healer`.
    controller: String,
    /// Which of them: the pod's name.
    instance: String,
    deadline: Duration,
    rng: ChaCha12Rng,
    remembered: IndexMap<Note, Written>,
}

/// An event as it was written.
struct Written {
    name: String,
    count: i32,
    last: Duration,
}

impl Recorder {
    /// A recorder for one service's instance.
    pub fn new(
        client: kube::Client,
        environment: Environment,
        controller: &str,
        instance: &str,
        deadline: Duration,
    ) -> Self {
        let rng = environment.rng(&format!("events {controller} {instance}"));
        Self {
            client,
            environment,
            controller: controller.to_owned(),
            instance: instance.to_owned(),
            deadline,
            rng,
            remembered: IndexMap::new(),
        }
    }

    /// Records that something happened. An event that cannot be written is lost: events are for
    /// people who happen to look, nothing is decided by them.
    pub async fn record(&mut self, note: Note) -> Result<(), Error> {
        let now = self.environment.monotonic();
        let repeated = self.remembered.get(&note).filter(|written| now.saturating_sub(written.last) < SERIES);
        if let Some(Written { name, count, .. }) = repeated {
            let (name, count) = (name.clone(), count.saturating_add(1));
            match self.repeat(&note, &name, count).await {
                Ok(()) => {
                    self.remember(note, name, count);
                    return Ok(());
                }
                // The server forgets events after an hour or so: begin anew.
                Err(Error::Absent(_)) => {}
                Err(error) => return Err(error),
            }
        }
        let name = self.create(&note).await?;
        self.remember(note, name, 1);
        Ok(())
    }

    async fn create(&mut self, note: &Note) -> Result<String, Error> {
        let name = format!("{}.{:016x}", cut(&note.regarding.name, 200), self.rng.random::<u64>());
        let event = self.event(note, &name, self.environment.now());
        let collection = collection(note);
        self.writer().create(&collection, &name, &event).await?;
        Ok(name)
    }

    async fn repeat(&self, note: &Note, name: &str, count: i32) -> Result<(), Error> {
        let series = EventSeries { count, last_observed_time: MicroTime(self.environment.now()) };
        let patch = json!({ "series": series });
        let _: serde_json::Value = self.writer().merge(&collection(note), name, &patch).await?;
        Ok(())
    }

    fn event(&self, note: &Note, name: &str, at: Timestamp) -> Event {
        let ObjectRef { kind, namespace, name: regarding, uid } = note.regarding.clone();
        let text = |text: String| Some(text).filter(|text| !text.is_empty());
        Event {
            metadata: ObjectMeta {
                name: Some(name.to_owned()),
                namespace: Some(namespace_of(note).to_owned()),
                ..ObjectMeta::default()
            },
            event_time: Some(MicroTime(at)),
            type_: Some(match note.weight {
                Weight::Normal => "Normal".to_owned(),
                Weight::Warning => "Warning".to_owned(),
            }),
            reason: Some(cut(&note.reason, REASON_MAX).to_owned()),
            action: Some(cut(&note.action, REASON_MAX).to_owned()),
            note: Some(cut(&note.note, NOTE_MAX).to_owned()),
            regarding: Some(ObjectReference {
                api_version: text(note.api_version.clone()),
                kind: text(kind),
                namespace: text(namespace),
                name: text(regarding),
                uid: text(uid),
                ..ObjectReference::default()
            }),
            reporting_controller: Some(self.controller.clone()),
            reporting_instance: Some(cut(&self.instance, REASON_MAX).to_owned()),
            ..Event::default()
        }
    }

    fn remember(&mut self, note: Note, name: String, count: i32) {
        let last = self.environment.monotonic();
        self.remembered.shift_remove(&note);
        self.remembered.insert(note, Written { name, count, last });
        if self.remembered.len() > REMEMBERED_MAX {
            self.remembered.shift_remove_index(0);
        }
    }

    fn writer(&self) -> Writer<'_> {
        Writer {
            client: &self.client,
            manager: &self.controller,
            deadline: self.deadline,
            group: "events.k8s.io",
            resource: "events".to_owned(),
        }
    }
}

/// Events about cluster-wide objects are kept in `default`, as Kubernetes does.
fn namespace_of(note: &Note) -> &str {
    if note.regarding.namespace.is_empty() { "default" } else { &note.regarding.namespace }
}

fn collection(note: &Note) -> String {
    <Event as kube::Resource>::url_path(&(), Some(namespace_of(note)))
}

//! Deployments.

use cluster::views;

use super::labels::Labels;
use super::name::{Interner, Name};
use super::stamp::Stamp;
use super::table::Record;
use super::text;
use super::uid::Uid;

/// A Deployment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Deployment {
    pub(crate) name: Name,
    pub(crate) namespace: Name,
    pub(crate) team: Option<Name>,
    pub(crate) uid: Uid,
    /// How many pods were asked for.
    pub(crate) replicas: i32,
    /// Pods of the newest revision.
    pub(crate) updated: i32,
    /// Ready pods of any revision.
    pub(crate) ready: i32,
    pub(crate) paused: bool,
    pub(crate) terminating: bool,
    /// Whether the status speaks of the newest spec.
    pub(crate) observed: bool,
    /// Where its progress stands, when the controller says it does not go on.
    pub(crate) stalled: Option<Stalled>,
    /// Why its pods cannot be created (quota, admission), when they cannot.
    pub(crate) failure: Option<Box<str>>,
    /// Its pods' labels.
    pub(crate) pod_labels: Labels,
    /// Its containers and their images.
    pub(crate) images: Box<[(Name, Name)]>,
}

/// A rollout that does not go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stalled {
    pub(crate) since: Stamp,
    pub(crate) reason: Name,
    pub(crate) words: Box<str>,
}

impl Record for Deployment {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Deployment {
    pub(super) fn new(view: &views::Deployment, team_label: &str, names: &mut Interner) -> Self {
        let (meta, spec, status) = (&view.metadata, &view.spec, &view.status);
        let progressing = views::find(&status.conditions, "Progressing");
        let stalled = progressing.filter(|condition| condition.status == views::Status::False);
        let failure = views::find(&status.conditions, "ReplicaFailure");
        let failure = failure.filter(|condition| condition.status == views::Status::True);
        let images = spec.template.spec.containers.iter();
        Self {
            name: names.intern(&meta.name),
            namespace: names.intern(&meta.namespace),
            team: names.intern_some(meta.labels.get(team_label).unwrap_or_default()),
            uid: Uid::new(&meta.uid, names),
            replicas: spec.replicas.unwrap_or(1),
            updated: status.updated_replicas,
            ready: status.ready_replicas,
            paused: spec.paused,
            terminating: meta.is_terminating(),
            observed: status.observed_generation >= meta.generation,
            stalled: stalled.map(|condition| Stalled {
                since: condition.last_transition_time.into(),
                reason: names.intern(&condition.reason),
                words: text::head(&condition.message),
            }),
            failure: failure.map(|condition| text::head(&condition.message)),
            pod_labels: Labels::new(&spec.template.metadata.labels, names),
            images: images.map(|own| (names.intern(&own.name), names.intern(&own.image))).collect(),
        }
    }
}

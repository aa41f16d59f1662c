//! Kubernetes Events: what people see who happen to look at an object. They are written beside
//! everything else, since an API server that is slow to take them must not make a repair slow.

use std::sync::Arc;

use cluster::bookkeeping::{Note, Recorder, Weight};
use model::ObjectRef;
use model::remediation::{Phase, Remediation, RemediationStatus};
use tokio::sync::mpsc;

use super::MANAGER;
use super::shared::Shared;

/// Most events that wait to be written. What a flood has to say stands in the remediations.
const WAITING_MAX: usize = 256;

/// Where to note what happened. Cheap to clone.
#[derive(Clone)]
pub(super) struct Events {
    shared: Arc<Shared>,
    waiting: mpsc::Sender<Note>,
}

impl Events {
    /// Begins to write what is noted.
    pub(super) fn start(shared: &Arc<Shared>, client: kube::Client) -> Self {
        let (waiting, mut noted) = mpsc::channel(WAITING_MAX);
        let events = Self { shared: Arc::clone(shared), waiting };
        let environment = shared.environment.clone();
        let deadline = shared.config().timeouts.request.0;
        let mut recorder = Recorder::new(client, environment.clone(), MANAGER, &shared.instance, deadline);
        let shared = Arc::clone(shared);
        environment.spawn_critical("events", async move {
            while let Some(note) = noted.recv().await {
                let result = recorder.record(note).await;
                shared.metrics.event(if result.is_ok() { "written" } else { "failed" });
                if let Err(error) = result {
                    tracing::debug!(%error, "an event was not written");
                }
            }
        });
        events
    }

    /// A remediation is in another phase: on its subject.
    pub(super) fn transition(&self, remediation: &Remediation, status: &RemediationStatus) {
        let subject = &remediation.spec.subject;
        let is_normal = matches!(
            status.phase,
            Phase::Pending
                | Phase::Acting
                | Phase::Verifying
                | Phase::Succeeded
                | Phase::Cleared
                | Phase::Observed
        );
        self.note(Note {
            regarding: subject.clone(),
            api_version: api_version(&subject.kind).to_owned(),
            weight: if is_normal { Weight::Normal } else { Weight::Warning },
            reason: status.phase.as_str().to_owned(),
            action: status.action.map_or("None", model::policy::ActionName::as_str).to_owned(),
            note: format!("{}: {}", remediation.spec.check, status.message),
        });
    }

    /// The configuration was put into force, or was not: on the own pod, where there is one.
    pub(super) fn configuration(&self, weight: Weight, reason: &str, text: String) {
        let own = &self.shared.own;
        if own.is_in_cluster {
            self.note(Note {
                regarding: ObjectRef::namespaced("Pod", &own.namespace, &self.shared.instance, ""),
                api_version: "v1".to_owned(),
                weight,
                reason: reason.to_owned(),
                action: "Reload".to_owned(),
                note: text,
            });
        }
    }

    fn note(&self, note: Note) {
        if self.waiting.try_send(note).is_err() {
            self.shared.metrics.event("shed");
        }
    }
}

fn api_version(kind: &str) -> &'static str {
    match kind {
        "Deployment" | "ReplicaSet" | "StatefulSet" | "DaemonSet" => "apps/v1",
        "Job" | "CronJob" => "batch/v1",
        _ => "v1",
    }
}

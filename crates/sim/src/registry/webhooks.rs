//! Admission webhooks with `failurePolicy: Fail` that do not answer, and what is refused because of
//! it: whoever writes, over the API or from within the control plane.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::json;

use super::Status;

/// What a webhook is asked about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Operation {
    /// Something new.
    Create,
    /// A change of what is not status.
    Update,
}

/// The webhooks that are down. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub struct Webhooks {
    down: Arc<Mutex<BTreeSet<(String, Operation)>>>,
}

impl Webhooks {
    /// The webhook that is asked about a resource (`pods`, `pods/eviction`) stops answering.
    pub fn fail(&self, resource: &str, operation: Operation) {
        self.lock().insert((resource.to_owned(), operation));
    }

    /// It answers again.
    pub fn recover(&self, resource: &str, operation: Operation) {
        self.lock().remove(&(resource.to_owned(), operation));
    }

    /// Refuses what a webhook that is down would have to be asked about.
    pub(crate) fn admit(&self, resource: &str, operation: Operation) -> Result<(), Status> {
        let is_asked = |(own, on): &(String, Operation)| own == resource && *on == operation;
        if !self.lock().iter().any(is_asked) {
            return Ok(());
        }
        let why = "failed calling webhook \"validate.policy.test\": failed to call webhook: Post \
                   \"https://policy.policy-system.svc:443/validate?timeout=10s\": dial tcp 10.96.0.42:443: connect: \
                   connection refused";
        let mut status = Status::new(500, "InternalError", format!("Internal error occurred: {why}"));
        status.details = json!({"causes": [{"message": why}]});
        Err(status)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeSet<(String, Operation)>> {
        self.down.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

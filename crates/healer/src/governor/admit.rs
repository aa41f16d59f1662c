//! Leave for one effect. Its fields are private to this module and its only maker is the
//! governor: no effect reaches the API around it, because the writer asks for one by value.

use std::time::Duration;

use cluster::effects::Permit;
use model::ObjectRef;
use model::remediation::attempt_id;

use super::{Request, World};

/// Leave for one effect on one object in one attempt under one epoch.
#[derive(Debug)]
#[must_use = "an admission is for sending"]
pub struct Admit {
    target: ObjectRef,
    epoch: u64,
    attempt: String,
    deadline: Duration,
}

impl Admit {
    pub(super) fn new(request: &Request<'_>, world: &World<'_>) -> Self {
        Self {
            target: request.part.target.clone(),
            epoch: world.leadership.epoch,
            attempt: attempt_id(&request.id.remediation, request.id.attempt),
            deadline: world.config.timeouts.request.0,
        }
    }

    /// Leave to mark the object, so that no request under another epoch can change it any more.
    pub(super) fn to_fence(request: &Request<'_>, world: &World<'_>) -> Self {
        let admit = Self::new(request, world);
        // Not the attempt's own mark, which says that its effect happened.
        Self { attempt: format!("{}/fence", admit.attempt), ..admit }
    }
}

impl Permit for Admit {
    fn target(&self) -> &ObjectRef {
        &self.target
    }

    fn epoch(&self) -> u64 {
        self.epoch
    }

    fn attempt(&self) -> &str {
        &self.attempt
    }

    fn deadline(&self) -> Duration {
        self.deadline
    }
}

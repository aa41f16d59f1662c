//! Deletes remediations that are kept long enough: bookkeeping, of our own resources only.

use cluster::bookkeeping::{Bookkeeper, Error};
use model::remediation::Remediation;

use super::shared::Shared;
use crate::intake;

/// Most deletions in one go, so that a backlog does not keep the engine from healing.
const BATCH: usize = 50;

pub(super) async fn sweep(shared: &Shared, bookkeeper: &Bookkeeper) {
    let now = shared.now();
    let expired = {
        let state = shared.state();
        let all: Vec<&Remediation> = state.remediations.objects.values().collect();
        let is_told = |key: &model::issue::Key| state.inbox.first_heard(key, now).is_some();
        intake::expired(&all, is_told, &shared.config, now)
    };
    for (name, uid) in expired.into_iter().take(BATCH) {
        match bookkeeper.delete::<Remediation>(&name, &uid).await {
            Ok(()) | Err(Error::Absent(_)) => shared.state().remediations.remove(&name, &uid),
            Err(error) => tracing::debug!(%error, name, "an old remediation was not deleted"),
        }
    }
}

//! Deletes remediations that are kept long enough: bookkeeping, of our own resources only.

use std::time::Duration;

use cluster::bookkeeping::{Bookkeeper, Error};
use model::alert::{RESEND_INTERVAL, VALIDITY};
use model::remediation::Remediation;

use super::shared::{Shared, State};
use crate::{Now, intake};

/// Most deletions in one go, so that a backlog does not keep the engine from healing.
const BATCH: usize = 50;

pub(super) async fn sweep(shared: &Shared, bookkeeper: &Bookkeeper) {
    let now = shared.now();
    let expired = {
        let state = shared.state();
        if !knows_what_is_told(&state, now) {
            return;
        }
        let all: Vec<&Remediation> = state.remediations.objects.values().collect();
        let is_told = |key: &model::issue::Key| state.inbox.first_heard(key, now).is_some();
        intake::expired(&all, is_told, &shared.config(), now)
    };
    for (name, uid) in expired.into_iter().take(BATCH) {
        match bookkeeper.delete::<Remediation>(&name, &uid).await {
            Ok(()) | Err(Error::Absent(_)) => shared.state().remediations.remove(&name, &uid),
            // The others would fare the same; the next sweep tries again.
            Err(error) => {
                tracing::warn!(%error, name, "old remediations are not deleted");
                return;
            }
        }
    }
}

/// Whether what is not told of any more can be told from what was not told of yet: a monitor posts,
/// and has had the time to post everything.
fn knows_what_is_told(state: &State, now: Now) -> bool {
    let since = |moment: Option<Duration>| moment.map(|moment| now.monotonic.saturating_sub(moment));
    let length = |of| Duration::try_from(of).unwrap_or_default();
    since(state.inbox.heard_first()).is_some_and(|listening| listening >= length(RESEND_INTERVAL))
        && since(state.inbox.heard()).is_some_and(|silent| silent < length(VALIDITY))
}

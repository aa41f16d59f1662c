//! Timers: asks the desk what is to be done, does it, and sleeps until there is more.

use std::time::Duration;

use environment::Environment;
use jiff::{SignedDuration, Timestamp};

use super::attempt::attempt;
use super::handle::Handle;

/// Never sleep longer: the wall clock, which deadlines are in, may be set while we do.
const SLEEP_MAX: Duration = Duration::from_secs(10);

/// After facts could not be journaled.
const RETRY: Duration = Duration::from_secs(1);

/// How often the journal is asked whether it could keep something.
const PROBE: Duration = Duration::from_secs(15);
/// The same while it could not.
const PROBE_FAILED: Duration = Duration::from_secs(2);

/// How often entries that are not needed any more are dropped.
const MAINTENANCE: Duration = Duration::from_mins(10);

/// Entries that are dropped at once: a bound on how long the journal is busy with it.
const FORGET_MAX: usize = 2000;

/// How often files are looked at for changes.
const WATCH: Duration = Duration::from_secs(5);

pub(super) fn start(handle: &Handle, environment: &Environment) {
    environment.spawn_critical("alerter", turns(handle.clone()));
    environment.spawn_critical("journal probe", probes(handle.clone()));
    environment.spawn_critical("journal maintenance", maintenance(handle.clone()));
    // What came from nowhere is changed by nobody.
    if handle.is_from_file() {
        environment.spawn_critical("configuration", watch(handle.clone()));
    }
}

async fn turns(handle: Handle) {
    loop {
        let turn = handle.change(crate::desk::Desk::turn);
        for id in turn.send {
            handle.environment().spawn("attempt", attempt(handle.clone(), id));
        }
        let mut sleep = turn.wake.map_or(SLEEP_MAX, |wake| until(wake, handle.now())).min(SLEEP_MAX);
        if !turn.facts.is_empty() && handle.commit(turn.facts).await.is_err() {
            sleep = RETRY;
        }
        tokio::select! {
            biased;
            () = handle.awoken() => {}
            () = tokio::time::sleep(sleep) => {}
        }
    }
}

fn until(time: Timestamp, now: Timestamp) -> Duration {
    let wait = time.duration_since(now).max(SignedDuration::ZERO);
    // A little more, so that the time has come for certain.
    Duration::try_from(wait).unwrap_or_default() + Duration::from_millis(1)
}

async fn probes(handle: Handle) {
    loop {
        let wait = match handle.store().probe().await {
            Ok(()) => {
                handle.journal_condition().met();
                PROBE
            }
            Err(error) => {
                handle.metrics().journal_error(error.kind());
                handle.journal_condition().missing(error.to_string());
                PROBE_FAILED
            }
        };
        tokio::time::sleep(wait).await;
    }
}

async fn maintenance(handle: Handle) {
    loop {
        tokio::time::sleep(MAINTENANCE).await;
        let outdated = handle.read(crate::desk::Desk::outdated);
        for stamps in outdated.chunks(FORGET_MAX) {
            match handle.store().forget(stamps.to_vec()).await {
                Ok(()) => handle.change(|desk, now| desk.forget(stamps, now)),
                Err(error) => {
                    tracing::warn!(%error, "entries that are not needed any more stay in the journal");
                    break;
                }
            }
        }
    }
}

/// Puts changed files into force. A change that is not fit for use is reported once, by the
/// reload itself, and tried again when it has changed once more.
async fn watch(handle: Handle) {
    let mut reported: Option<String> = None;
    loop {
        tokio::time::sleep(WATCH).await;
        let found = handle.look().await.unwrap_or_else(|error| error.to_string());
        if found == handle.hash() {
            reported = None;
        } else if reported.as_ref() != Some(&found) {
            // The outcome is logged and counted there.
            drop(handle.reload().await);
            reported = Some(found);
        }
    }
}

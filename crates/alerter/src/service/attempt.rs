//! One attempt to send one message: journaled before its first byte and after its end.

use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::FutureExt;
use jiff::Timestamp;
use rand::Rng;

use super::handle::Handle;
use crate::book::attempts::{Begun, Delivery};
use crate::desk::{DeliveryId, Failed};
use crate::entries::{Entry, Fact, Incarnation, Stamp};
use crate::notification::Notification;
use crate::receivers::{Failure, Integration};

/// Numbers entries that could not be journaled, in this process.
static VOLATILE: AtomicU64 = AtomicU64::new(1);

pub(super) async fn attempt(handle: Handle, id: DeliveryId) {
    let Some(Fact::Begun(begun)) = handle.change(|desk, now| desk.begin(&id, now)) else {
        handle.attempt_ended();
        return;
    };
    let stamp = keep(&handle, Fact::Begun(begun.clone())).await;
    send(&handle, &id, stamp, &begun).await;
    handle.attempt_ended();
}

async fn send(handle: &Handle, id: &DeliveryId, stamp: Stamp, begun: &Begun) {
    let composed = handle.read(|desk, now| desk.compose(id, stamp, begun, now));
    let Some((message, integration)) = composed else {
        let reason = "overtaken by events".to_owned();
        let ended = handle.read(|desk, now| desk.concluded(id, stamp, Delivery::Refused { reason }, now));
        keep(handle, Fact::Ended(ended)).await;
        handle.change(|desk, now| desk.overtaken(id, now));
        return;
    };
    let start = handle.environment().monotonic();
    let result = deliver(handle, &integration, &message).await;
    let took = handle.environment().monotonic().saturating_sub(start);
    let metrics = handle.metrics();
    metrics.attempted(integration.kind, took.as_secs_f64());
    let (delivery, retry_after) = match result {
        Ok(()) => (Delivery::Delivered, None),
        Err(Failure::Refused { reason, retry_after }) => (Delivery::Refused { reason }, retry_after),
        Err(Failure::Permanent { reason }) => (Delivery::Dead { reason }, None),
        Err(Failure::Unknown { reason }) => (Delivery::Unknown { reason }, None),
    };
    let ended = handle.read(|desk, now| desk.concluded(id, stamp, delivery, now));
    match &ended.result {
        Delivery::Delivered => {
            metrics.delivered(integration.kind);
            tracing::info!(integration = id.integration, reason = begun.reason, "a message was delivered");
        }
        Delivery::Dead { reason } => {
            metrics.attempt_failed(integration.kind);
            metrics.dead(integration.kind);
            tracing::error!(integration = id.integration, reason, "a message was given up");
        }
        Delivery::Refused { reason } | Delivery::Unknown { reason } => {
            metrics.attempt_failed(integration.kind);
            tracing::warn!(integration = id.integration, reason, "a message was not delivered; trying again");
        }
    }
    let failed =
        (ended.result != Delivery::Delivered).then(|| Failed { result: ended.result.clone(), retry_after });
    keep(handle, Fact::Ended(ended)).await;
    let label = format!("retry {stamp}");
    let chance = f64::from(handle.environment().rng(&label).next_u32()) / f64::from(u32::MAX);
    handle.change(|desk, now| desk.ended(id, failed.as_ref(), chance, now));
}

async fn deliver(handle: &Handle, integration: &Integration, message: &Notification) -> Result<(), Failure> {
    let unknown = |reason: &str| Err(Failure::Unknown { reason: reason.to_owned() });
    let sending = integration.channel.deliver(message, handle.outside(), integration.timeout);
    // A defect met by one message must not leave it on its way for ever.
    let sending = AssertUnwindSafe(sending).catch_unwind();
    // Channels keep to the deadline themselves; this is for one that does not. It allows for
    // what comes before and after the request: secrets from files, a mail server's greeting.
    match tokio::time::timeout(integration.timeout * 3, sending).await {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => unknown("sending it panicked: this is a defect, please report it"),
        Err(_) => unknown("the receiver did not answer in time"),
    }
}

/// Journals and applies a fact. When the journal cannot keep it, it is applied all the same: a
/// message that may be sent twice after a crash is better than one that is not sent.
async fn keep(handle: &Handle, fact: Fact) -> Stamp {
    if let Ok(entries) = handle.commit(vec![fact.clone()]).await {
        return entries.first().map_or_else(|| volatile(handle.now()), |entry| entry.stamp);
    }
    handle.metrics().unjournaled();
    let stamp = volatile(handle.now());
    handle.apply(vec![Entry { stamp, fact }]);
    stamp
}

fn volatile(now: Timestamp) -> Stamp {
    let sequence = VOLATILE.fetch_add(1, Ordering::Relaxed);
    Stamp { receipt: now, incarnation: Incarnation::VOLATILE, sequence }
}

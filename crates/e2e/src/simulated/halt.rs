//! Stops a simulated leader at a place in an action, as the failpoints of a real healer do.

use std::sync::atomic::{AtomicBool, Ordering};

use serde_json::Value;
use sim::api::{Exchange, Observer, Outcome};
use sim::run::staff::Staff;

use crate::installation::Service;

/// A place at which a healer stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Halt {
    /// The intent is written, the effect is not yet sent.
    BeforeEffect,
    /// The effect is answered, the status is not yet written.
    AfterEffect,
}

/// Watches a healer's requests, and pauses it once.
pub(super) struct Halts {
    pub(super) at: Halt,
    pub(super) healer: &'static str,
    pub(super) staff: Staff,
    pub(super) is_done: AtomicBool,
}

impl Observer for Halts {
    fn exchange(&self, exchange: &Exchange) {
        let granted = matches!(exchange.outcome, Outcome::Answered { code: 200..300, .. });
        if exchange.user != Service::Healer.user() || !granted {
            return;
        }
        let is_it = match self.at {
            Halt::BeforeEffect => is_intent(exchange),
            Halt::AfterEffect => exchange.path.ends_with("/eviction"),
        };
        if is_it && !self.is_done.swap(true, Ordering::Relaxed) {
            self.staff.pause(self.healer);
        }
    }
}

/// Whether a request wrote an attempt whose outcome is open.
fn is_intent(exchange: &Exchange) -> bool {
    if !exchange.path.contains("/remediations/") || !exchange.path.ends_with("/status") {
        return false;
    }
    let body: Value = serde_json::from_slice(&exchange.body).unwrap_or_default();
    body["status"]["attempts"].as_array().into_iter().flatten().any(|attempt| attempt["result"] == "Open")
}

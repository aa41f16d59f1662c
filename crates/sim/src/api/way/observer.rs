//! Who looks on: traces and oracles, which see what reaches the API and nothing else.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::Method;
use jiff::Timestamp;

use super::super::answer::Answer;
use super::super::call::Call;
use super::super::path::{Route, Target};
use super::super::watch::EventType;
use crate::registry::Status;
use crate::storage::Address;

/// A request and what became of it at the server.
#[derive(Clone, Debug)]
pub struct Exchange {
    /// When it left its client, on the cluster's monotonic clock.
    pub sent: Duration,
    /// When it was done, or lost.
    pub at: Timestamp,
    /// The client's own name.
    pub peer: String,
    /// Which of its requests it is; the first is 1.
    pub number: u64,
    /// Whom it spoke as.
    pub user: String,
    /// Its method.
    pub method: Method,
    /// What it did, as RBAC calls it: `create`, `watch`, ….
    pub verb: &'static str,
    /// The path.
    pub path: String,
    /// The parameters, in the order they were given.
    pub query: Vec<(String, String)>,
    /// What the path names, where that is a resource.
    pub target: Option<Target>,
    /// What the client says it is: `seaworthy/0.1.0 (r-1/2)`.
    pub agent: String,
    /// What kind of body it is: it tells patches apart.
    pub content_type: String,
    /// The body.
    pub body: Bytes,
    /// What came of it.
    pub outcome: Outcome,
    /// Whether its client hears of that: it still waits, and the answer is not lost.
    pub is_heard: bool,
}

/// What came of a request, whether or not its client ever hears of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It did not arrive, and never will.
    NotArrived,
    /// It was answered.
    Answered {
        /// The HTTP status.
        code: u16,
        /// The reason, of a refusal.
        reason: &'static str,
        /// The body; empty for a watch.
        body: Bytes,
    },
}

/// An event of a watch that went out to its client.
#[derive(Clone, Debug)]
pub struct Told {
    /// When.
    pub at: Timestamp,
    /// To whom.
    pub peer: String,
    /// What it says.
    pub event: EventType,
    /// About which object.
    pub address: Address,
    /// At which revision.
    pub revision: u64,
}

/// Somebody who looks on.
pub trait Observer: Send + Sync {
    /// A request was done or lost. In the order in which it happened.
    fn exchange(&self, exchange: &Exchange);

    /// An event went out.
    fn told(&self, told: &Told) {
        let _ = told;
    }

    /// Anything at all went out on a watch of this path, a bookmark too.
    fn heard(&self, peer: &str, path: &str) {
        let _ = (peer, path);
    }
}

/// All who look on.
#[derive(Default)]
pub(in crate::api) struct Observers {
    all: Mutex<Vec<Arc<dyn Observer>>>,
}

impl Observers {
    pub(in crate::api) fn add(&self, observer: Arc<dyn Observer>) {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).push(observer);
    }

    pub(super) fn exchange(&self, exchange: &Exchange) {
        self.each(|observer| observer.exchange(exchange));
    }

    pub(super) fn told(&self, told: &Told) {
        self.each(|observer| observer.told(told));
    }

    pub(super) fn heard(&self, peer: &str, path: &str) {
        self.each(|observer| observer.heard(peer, path));
    }

    /// Not under the lock: one who looks on may also ask.
    fn each(&self, tell: impl Fn(&dyn Observer)) {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for observer in all {
            tell(&*observer);
        }
    }
}

impl Exchange {
    pub(super) fn of(peer: &str, number: u64, sent: Duration, call: &Call) -> Self {
        let target = match &call.route {
            Route::Resource(target) => Some(target.clone()),
            Route::Discovery(_) | Route::Other(_) => None,
        };
        Self {
            sent,
            at: Timestamp::UNIX_EPOCH,
            peer: peer.to_owned(),
            number,
            user: call.user.clone(),
            method: call.method.clone(),
            verb: call.verb(),
            path: call.path.clone(),
            query: call.query.pairs().to_vec(),
            target,
            agent: call.agent.clone(),
            content_type: call.content_type.clone(),
            body: call.body.clone(),
            outcome: Outcome::NotArrived,
            is_heard: false,
        }
    }
}

impl Outcome {
    pub(super) fn of(answer: &Result<Answer, Status>) -> Self {
        match answer {
            Ok(answer) => {
                let body = match answer {
                    Answer::Json(_, body) | Answer::Form(_, body) => body.clone(),
                    Answer::Text(_, text) => Bytes::from(text.clone()),
                    Answer::Writing(_) | Answer::Lines(_) => Bytes::new(),
                };
                Self::Answered { code: answer.code(), reason: "", body }
            }
            Err(status) => {
                let body = Bytes::from(status.body().to_string());
                Self::Answered { code: status.code, reason: status.reason, body }
            }
        }
    }

    /// Whether what was asked was done.
    pub fn is_done(&self) -> bool {
        matches!(self, Self::Answered { code, .. } if *code < 300)
    }
}

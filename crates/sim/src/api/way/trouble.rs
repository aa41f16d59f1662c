//! What can go wrong on the way, whose requests it concerns, and how often it strikes.

use std::time::Duration;

use serde_json::json;

use super::super::call::Call;
use super::super::path::Route;
use crate::registry::Status;

/// A disturbance of the way.
#[derive(Clone, Debug, PartialEq)]
pub struct Fault {
    /// The client that it is about, by its peer name; `None` for all.
    pub peer: Option<String>,
    /// The requests that it is about.
    pub calls: Calls,
    /// The share of them that it strikes, from 0 to 1. Of events: the share of events.
    pub share: f64,
    /// How often it strikes at most; `None` for as long as it is there.
    pub times: Option<u32>,
    /// What it does.
    pub trouble: Trouble,
}

impl Fault {
    /// A fault that strikes every request of every client.
    pub fn of_all(trouble: Trouble) -> Self {
        Self { peer: None, calls: Calls::default(), share: 1.0, times: None, trouble }
    }

    /// A fault that strikes every request of one client.
    pub fn of(peer: &str, trouble: Trouble) -> Self {
        Self { peer: Some(peer.to_owned()), ..Self::of_all(trouble) }
    }

    /// The same for some requests only.
    #[must_use]
    pub fn for_calls(self, calls: Calls) -> Self {
        Self { calls, ..self }
    }

    /// The same, striking a share of the requests.
    #[must_use]
    pub fn with_share(self, share: f64) -> Self {
        Self { share, ..self }
    }

    /// The same, striking so often at most.
    #[must_use]
    pub fn at_most(self, times: u32) -> Self {
        Self { times: Some(times), ..self }
    }
}

/// Some requests. Empty lists stand for all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Calls {
    /// By what they do, as RBAC calls it: `create`, `watch`.
    pub verbs: Vec<String>,
    /// By what they do it to, with its subresource: `pods/eviction`, `leases`.
    pub resources: Vec<String>,
}

impl Calls {
    /// The requests that do `verb` to `resource`; empty for any.
    pub fn new(verb: &str, resource: &str) -> Self {
        let list = |text: &str| if text.is_empty() { Vec::new() } else { vec![text.to_owned()] };
        Self { verbs: list(verb), resources: list(resource) }
    }

    pub(super) fn include(&self, call: &Call) -> bool {
        let is_verb = self.verbs.is_empty() || self.verbs.iter().any(|verb| verb == call.verb());
        let is_resource = self.resources.is_empty()
            || matches!(&call.route, Route::Resource(target) if self.resources.contains(&target.qualified()));
        is_verb && is_resource
    }
}

/// What goes wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Requests take longer to arrive, by a time within these bounds.
    Slow {
        /// The least.
        least: Duration,
        /// The most.
        most: Duration,
    },
    /// Requests arrive only after this time, and do so even when the client is gone by then.
    /// Nobody gets the answer.
    Late(Duration),
    /// Requests do not arrive.
    RequestLost(Lost),
    /// Requests are done, and their answers do not arrive.
    AnswerLost(Lost),
    /// The server has too much to do (429) and does nothing.
    Throttled {
        /// When it suggests to ask again, in seconds.
        retry_after_s: u32,
    },
    /// The server answers with an error of its own: 500, 503 or 504.
    Failing {
        /// Its HTTP status.
        code: u16,
        /// Whether it had done what was asked all the same.
        landed: bool,
    },
    /// Nothing passes, in either direction. What still waits when it ends, passes then.
    Cut,
    /// The server's cache stands still: reads that do not insist on the newest state, and watches,
    /// are of this revision. After a reconnect, a client is led back in time.
    Stale {
        /// The revision.
        revision: u64,
        /// Whether even reads that insist on the newest state get that one.
        even_quorum: bool,
    },
    /// Objects in answers are not what they should be: a field has the wrong type.
    Malformed,
    /// Events of watches do not arrive.
    EventsDropped,
    /// Events of watches arrive twice.
    EventsDoubled,
    /// Of the events of an object that come within this time, only the last arrives.
    EventsCoalesced(Duration),
    /// Events of watches arrive later, by a time within these bounds, and in order.
    EventsDelayed {
        /// The least.
        least: Duration,
        /// The most.
        most: Duration,
    },
    /// An event that was told before is told again, after a newer one.
    EventsReplayed,
    /// Objects in events are not what they should be.
    EventsMalformed,
    /// Events break off in the middle.
    EventsGarbled,
    /// Watches that are open end in order, at once.
    WatchesClosed,
    /// Watches that are open break, at once.
    WatchesBroken,
    /// Watches that are open are told that their version is too old (410), at once.
    WatchesExpired,
}

impl Trouble {
    /// Whether it ends watches that are open when it begins, and does nothing else.
    pub(super) fn ends_watches(&self) -> bool {
        matches!(self, Self::WatchesClosed | Self::WatchesBroken | Self::WatchesExpired)
    }
}

/// How something is lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Lost {
    /// Nobody listens: the client knows that nothing was sent. (An answer: as [`Self::Reset`].)
    Refused,
    /// The connection is reset.
    Reset,
    /// Nothing comes, however long the client waits.
    Silence,
}

/// The server's own error in the place of an answer.
#[derive(Clone, Debug)]
pub(super) struct Refused {
    pub(super) status: Status,
    pub(super) landed: bool,
}

/// Too many requests, as the real server's queue says it.
pub(super) fn throttled(retry_after_s: u32) -> Refused {
    let mut status = Status::plain(429, "Too many requests, please try again later.");
    status.details = json!({"retryAfterSeconds": retry_after_s});
    Refused { status, landed: false }
}

/// An error of the server's own.
pub(super) fn failing(code: u16, landed: bool) -> Refused {
    let (reason, message) = match code {
        503 => ("ServiceUnavailable", "the server is currently unable to handle the request"),
        504 => ("Timeout", "Timeout: request did not complete within the allotted timeout"),
        _ => ("InternalError", "Internal error occurred: etcdserver: request timed out"),
    };
    Refused { status: Status::new(code, reason, message), landed }
}

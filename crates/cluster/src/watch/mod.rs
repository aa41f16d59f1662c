//! Watching a kind: first all there is, then every change, for as long as anybody listens.
//!
//! An own loop over [`kube::Client::send`] rather than `kube::runtime`: it decodes slim views in
//! one pass, skips a malformed object instead of stalling on it, notices a connection that fell
//! silent, says what RBAC is missing, and takes its jitter from the [`Environment`], so that the
//! simulator can replay it.
//!
//! A list is streamed where the server can (`sendInitialEvents`) and read in pages where not.
//! Lists are consistent reads (no resourceVersion is asked for), so a restart of the server never
//! takes the listener back in time; should a server do so all the same, its list is refused, and
//! changes older than what was already seen are dropped. Everything is listed anew now and then, so
//! that a change which was never told is not missed for good.

mod counters;
pub mod defects;
mod frames;
mod machine;
#[cfg(test)]
mod tests;
mod wire;

use std::sync::Arc;
use std::time::Duration;

use environment::Environment;
use futures::Stream;

use crate::refusal::{MissingVerb, Refusal};
use crate::transport::Failure;
use crate::views::View;

pub use counters::{Counters, Snapshot};

/// What to watch, and how.
#[derive(Clone, Debug)]
pub struct Spec {
    /// One namespace, or all.
    pub namespace: Option<String>,
    /// Only objects with these labels, in the API's notation; empty for all.
    pub labels: String,
    /// Only objects with these fields, in the API's notation; empty for all.
    pub fields: String,
    /// Objects to a page where the list has to be read in pages. It is halved when a page turns
    /// out larger than an answer may be.
    pub page_size: u32,
    /// Whether to ask for streamed lists at all.
    pub streaming: bool,
    /// For a kind of which something is always heard: after so long a silence the server is asked
    /// whether its store takes writes ([`Event::Progressed`]), and the connection is made anew.
    pub quiet: Option<Duration>,
    /// Where to count. Keep a clone to read it.
    pub counters: Arc<Counters>,
}

impl Default for Spec {
    /// Everything, streamed; pages of 500, which is what `kubectl` and client-go ask for.
    fn default() -> Self {
        Self {
            namespace: None,
            labels: String::new(),
            fields: String::new(),
            page_size: 500,
            streaming: true,
            quiet: None,
            counters: Arc::default(),
        }
    }
}

impl Spec {
    /// Everything in one namespace.
    pub fn in_namespace(namespace: &str) -> Self {
        Self { namespace: Some(namespace.to_owned()), ..Self::default() }
    }
}

/// What a watch tells.
#[derive(Debug)]
pub enum Event<V> {
    /// A list begins. What comes until [`Event::ListDone`] builds a new set beside the old one;
    /// whatever an earlier, unfinished list had built is void.
    ListStarted,
    /// An object of the list. The same object may come again, newer.
    Listed(V),
    /// The list is complete: the new set takes the place of the old one.
    ListDone,
    /// An object is there, new or changed.
    Applied(V),
    /// An object has gone; this is how it was. Within a list: it goes from the new set.
    Deleted(V),
    /// The server is there: a bookmark, or a connection taken up again. Should it turn out that
    /// changes were missed, a new list follows at once.
    Heard,
    /// The server is there, and its store has taken writes since anything else was heard. A change
    /// that nobody made is missing for another reason than that it could not be made.
    Progressed,
    /// An object that cannot be decoded was skipped. Whatever is known of it is out of date.
    Malformed {
        /// Its namespace, as far as it could be told.
        namespace: String,
        /// Its name, as far as it could be told.
        name: String,
        /// What is wrong with it.
        reason: String,
        /// Whether it has gone.
        deleted: bool,
    },
    /// Nothing can be heard for now. The watch tries again by itself, for as long as it lives.
    Failed {
        /// Why, and what to do about it.
        error: Error,
        /// The verb that RBAC does not grant, where that is the reason.
        denied: Option<MissingVerb>,
        /// When it tries again.
        retry_in: Duration,
    },
}

/// Why a watch hears nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// RBAC does not allow it.
    #[error("not allowed to {0}; grant it to this identity")]
    Denied(MissingVerb),
    /// The credentials are not accepted.
    #[error("the API server does not accept the credentials; they may have expired ({0})")]
    Unauthorized(Refusal),
    /// The server does not know the kind.
    #[error("the API server does not serve {0}; is its CustomResourceDefinition installed?")]
    NotServed(String),
    /// There was no good answer.
    #[error("{0}")]
    Failed(Failure),
    /// The server did not complete a streamed list; the next one is read in pages.
    #[error("the API server did not complete a streamed list; reading in pages instead")]
    NoStreaming,
    /// The server's list is older than what it had already shown.
    #[error("the API server went back in time, from version {from} to {to}; asking again")]
    WentBack {
        /// The newest version seen.
        from: u64,
        /// The version of the list it now gives.
        to: u64,
    },
    /// The connection gave something that is no event.
    #[error("the watch gave something that is no event ({0}); listing anew")]
    Garbled(String),
    /// The connection ended as soon as it was made.
    #[error("the API server ended the watch at once")]
    EndedAtOnce,
}

/// Watches `V`. The stream never ends, and does nothing while nobody polls it: a slow listener
/// slows the connection down, it does not fill the memory. Dropping it ends the watch.
pub fn watch<V: View>(
    client: kube::Client,
    environment: Environment,
    spec: Spec,
) -> impl Stream<Item = Event<V>> + Send {
    let watcher = machine::Watcher::<V>::new(client, environment, spec);
    futures::stream::unfold(watcher, |mut watcher| async move {
        let event = watcher.next().await;
        Some((event, watcher))
    })
}

//! Kubernetes as Seaworthy sees it: connecting, slim views, watches, quorum reads, the two kinds
//! of writers, leases with epochs, and our own custom resources.
//!
//! Entry points: [`connect::connect`] for a client, [`watch::watch`] to follow a kind,
//! [`read::get`] for one object as it is now.

mod backoff;
mod refusal;
#[cfg(test)]
mod testing;
mod transport;
mod write;

pub mod bookkeeping;
pub mod connect;
pub mod crds;
pub mod effects;
pub mod lease;
pub mod read;
pub mod views;
pub mod watch;

pub use refusal::{MissingVerb, Refusal};
pub use transport::{Failure, Problem};

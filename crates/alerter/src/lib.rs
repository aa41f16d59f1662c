//! Turns issues, alerts and outcomes into the right message to the right person, once.
//!
//! The way of an alert: [`alerts`] (normalised, valid) → [`entries`] (journaled before it is
//! answered) → [`episodes`] in the [`book`] → the [`desk`], which routes, groups, silences,
//! inhibits and holds, and says what is owed to whom → [`receivers`].
//!
//! Architecture invariant: what is known is a pure function of the set of entries. There is no
//! table of messages to be sent: what is owed follows from what fires and what was told.
//! Architecture invariant: nothing here reaches the Kubernetes API.
//!
//! Core (no I/O, no clock): everything but `api`, `metrics`, `receivers`, `service` and `store`.

pub mod alerts;
mod api;
pub mod attempts;
pub mod book;
pub mod configuration;
pub mod desk;
pub mod entries;
pub mod episodes;
pub mod holds;
pub mod inhibition;
pub mod intervals;
pub mod lapse;
pub mod matchers;
pub mod metrics;
pub mod notification;
pub mod outcomes;
pub mod receivers;
pub mod routing;
pub mod service;
pub mod silences;
pub mod store;
pub mod templates;

pub use service::{Bound, Error, Handle, Options, Service};

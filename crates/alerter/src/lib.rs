//! Turns issues, alerts and outcomes into the right message to the right person, once.
//!
//! The way of an alert: [`alerts`] (normalised, valid) → [`entries`] (journaled before it is
//! answered) → the [`book`], where it belongs to an episode beside holds, silences and what was
//! sent → the [`desk`], which groups by the [`rules`] and says what is owed to whom → a
//! [`notification`], which [`templates`] give its words → [`receivers`].
//!
//! Architecture invariant: what is known is a pure function of the set of entries. There is no
//! table of messages to be sent: what is owed follows from what fires and what was told.
//! Architecture invariant: nothing here reaches the Kubernetes API.
//!
//! Core (no I/O, no clock): everything but `api`, `metrics`, `receivers`, `service` and `store`.

pub mod alerts;
mod api;
pub mod book;
pub mod configuration;
pub mod desk;
pub mod entries;
pub mod metrics;
pub mod notification;
pub mod receivers;
pub mod rules;
pub mod service;
pub mod store;
pub mod templates;

pub use service::{Bound, Error, Handle, Options, Service};

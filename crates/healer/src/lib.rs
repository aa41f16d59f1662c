//! The healer: turns issues into remediations under policies, within limits that cannot be
//! exceeded.
//!
//! `inbox → policy → planner → governor → intent → act → observe → verify`, one step at a time.
//! Everything that decides is pure and lies in this folder; what reads, writes and waits lies in
//! [`service`]. Entry points: [`machine::step`] says what to do next about one remediation,
//! [`governor::admit`] whether an effect may be sent, [`Service`] runs it all.
//!
//! Architecture invariant: no effect without an [`governor::Admit`], which only the governor can
//! make; it is good for one request.
//! Architecture invariant: all state that matters is in the Remediation resources. What this
//! process remembers makes it faster and more cautious, never less.
//! Architecture invariant: time is an argument, and nothing is ordered by hashing.

pub mod actions;
pub mod conditions;
pub mod facts;
pub mod governor;
pub mod inbox;
pub mod intake;
pub mod ledger;
pub mod machine;
pub mod marks;
mod now;
pub mod planner;
pub mod policy;
pub mod queue;
pub mod service;

pub use now::{Now, Steps};
pub use service::{Error, Handle, Options, Service, Surroundings, Transports, serve, validate_policies};

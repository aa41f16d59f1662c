//! The monitor: what is wrong in a cluster, since when, on whom, and why.
//!
//! `watch → view → world → dirty subjects → checks → tracker → causes → publisher`. The core is
//! `engine`: changes and times in, issues out. `service` is the shell around it.
//!
//! - `world`: what is known, in compact records.
//! - `checks`: what is wrong, one file per check.
//! - `tracker`: since when, and whether it is over.
//! - `causes`: which issue explains which.
//! - `publisher`: what each endpoint has been told.
//!
//! Architecture invariant: everything but `service` is pure. Time is an argument, and nothing is
//! ordered by a hash, so that the same changes at the same times give the same issues.

mod causes;
mod checks;
mod engine;
#[cfg(test)]
mod fixtures;
mod kind;
mod now;
mod publisher;
mod report;
mod service;
mod sources;
mod tracker;
mod world;

pub use kind::Kind;
pub use report::{Report, Summary};
pub use service::{
    Error, Handle, Options, PassError, PassOptions, Progress, Service, Transports, check, serve,
};
pub use tracker::Update;

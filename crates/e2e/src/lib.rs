//! What the scenarios stand on: the testbed they run in, Seaworthy's own processes, receivers that
//! remember what they were sent, workloads that break on command, and the API server's audit log as
//! the witness of what was done.
//!
//! The scenarios are in `tests/scenarios`, one file each. They run inside of a testbed:
//! `cargo xtask test real`, or `cargo xtask testbed exec -- <the test binary>`.
//!
//! Architecture invariant: what Seaworthy did is judged by what reached the cluster and the
//! receivers (audit log, objects, messages), never by what Seaworthy says of itself alone.

pub mod audit;
pub mod bed;
pub mod child;
mod circumstances;
pub mod cluster;
pub mod eventually;
pub mod fault;
pub mod history;
pub mod http;
pub mod installation;
pub mod mail;
pub mod receiver;
pub mod record;
pub mod rights;
pub mod runner;
pub mod scenario;
pub mod simulated;
pub mod truth;
pub mod workload;

pub use eventually::eventually;

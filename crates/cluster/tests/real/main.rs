//! This crate against a real API server. Runs inside of a testbed:
//!
//! ```text
//! cargo xtask testbed up && cargo xtask testbed exec -- cargo test -p cluster --test real
//! ```
//!
//! Elsewhere each test says that it was skipped.

mod books;
mod connection;
mod effect;
mod leadership;
mod support;
mod watching;

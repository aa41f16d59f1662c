//! HTTP in and out: TLS with identities that are checked by name, a server that stays up under
//! bad peers, a client with deadlines, and what is spoken over them.
//!
//! - [`tls`]: who is who. Certificates and CAs reload without a restart.
//! - [`certs`]: a CA and identities of our own, for those who have no cert-manager.
//! - [`server`]: the accept loop. [`access`] says who may call what, [`problem`] how it is refused.
//! - [`http`]: the client; its transport can be replaced, by a router in tests and the simulator.
//! - [`apiv2`], [`holds`]: what services say to each other. [`breaker`]: when not to try.
//! - [`metrics`] and [`health`]: what Prometheus and the kubelet ask.
//!
//! Architecture invariant: nothing here reads a clock or draws random numbers except through
//! [`environment::Environment`]; keys and handshakes take theirs from the cryptography library.
//! Architecture invariant: aws-lc-rs is named wherever a provider is needed; there is no other.

pub mod access;
pub mod apiv2;
pub mod breaker;
pub mod certs;
pub mod health;
pub mod holds;
pub mod http;
pub mod metrics;
pub mod problem;
pub mod secret;
pub mod server;
pub mod tls;

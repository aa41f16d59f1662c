//! A certificate authority of our own, and identities signed by it: for clusters without
//! cert-manager, for the demo, and for tests.
//!
//! [`write_tree`] makes this, and is safe to run as often as you like:
//! ```text
//! certs/
//!   ca.crt  ca.key                     the authority; keep ca.key off the cluster
//!   alerter/  tls.crt tls.key ca.crt   one folder an identity: mount it as it is
//!   healer/   …
//! ```

mod issue;
mod tree;

use std::time::Duration;

pub use issue::{Authority, Error, Issued};
pub use tree::{Action, Item, Options, Report, TreeError, write_tree};

/// The identities that an installation has.
pub const IDENTITIES: [&str; 4] = ["monitor", "healer", "alerter", "operator"];

/// How long an authority lasts: as the ones of kubeadm, ten years.
pub const AUTHORITY_VALIDITY: Duration = Duration::from_hours(10 * 365 * 24);

/// How long an identity lasts unless asked otherwise: as cert-manager has it, 90 days.
pub const IDENTITY_VALIDITY: Duration = Duration::from_hours(90 * 24);

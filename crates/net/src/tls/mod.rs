//! TLS: who we are, who a peer is, and whom to trust, as files that may change at any time.
//!
//! A service's certificate carries its name as a DNS SAN, `alerter.seaworthy`. A client that wants
//! the alerter checks for that name, whatever address it dialled; a server takes the caller's
//! [`Identity`] from the same place. So identities do not depend on host names, addresses or
//! cluster DNS.

mod error;
mod fault;
mod identity;
mod inspect;
mod material;
mod reloading;

use std::sync::Arc;

use environment::Environment;
use jiff::Timestamp;
use rustls::crypto::CryptoProvider;
use rustls::time_provider::TimeProvider;
use rustls_pki_types::UnixTime;

pub use error::Error;
pub use fault::Fault;
pub use identity::{DOMAIN, Identity, IdentityError};
pub(crate) use inspect::Certificate;
pub use material::Files;
pub(crate) use material::is_issued_by;
pub use reloading::Reloading;

/// The cryptography that everything here uses.
pub fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Makes [`provider`] the process's default, for libraries that ask for the default. The binary
/// calls it first thing; calling it again does nothing.
pub fn install_provider() {
    // The error case is that there is one already: ours from an earlier call, as no other is built in.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}

/// Validity of certificates is judged by the environment's clock.
pub(crate) struct InjectedTime(pub(crate) Environment);

impl std::fmt::Debug for InjectedTime {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("InjectedTime")
    }
}

impl TimeProvider for InjectedTime {
    fn current_time(&self) -> Option<UnixTime> {
        Some(unix_time(self.0.now()))
    }
}

/// Times before 1970 count as 1970: no certificate is valid then.
fn unix_time(time: Timestamp) -> UnixTime {
    let since_epoch = time.duration_since(Timestamp::UNIX_EPOCH);
    UnixTime::since_unix_epoch(since_epoch.try_into().unwrap_or_default())
}

/// The CAs in a PEM file.
pub(crate) async fn roots(path: &std::path::Path) -> Result<rustls::RootCertStore, Error> {
    let pem = tokio::fs::read(path).await.map_err(|source| Error::Unreadable {
        what: "CA",
        path: path.to_owned(),
        source,
    })?;
    material::roots(path, &pem)
}

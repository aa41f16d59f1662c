//! What can be wrong with TLS files, and what to do about it.

use std::path::PathBuf;

use jiff::Timestamp;

/// Why certificate, key and CA on disk cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file is missing or may not be read.
    #[error(
        "cannot read the {what} {}: {source}; `seaworthy certs` writes a set of them, and a demo's are gone when it ends",
        path.display()
    )]
    Unreadable {
        /// Certificate, private key or CA.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system said.
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("{} holds no usable {what}: {reason}; expected PEM", path.display())]
    Malformed {
        /// Certificate, private key or CA.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the decoder said.
        reason: String,
    },
    /// Certificate and key are of different pairs.
    #[error(
        "the private key {} does not belong to the certificate {}: install both from the same issue",
        key.display(), cert.display()
    )]
    KeyMismatch {
        /// The certificate's file.
        cert: PathBuf,
        /// The key's file.
        key: PathBuf,
    },
    /// The certificate's time is over.
    #[error(
        "the certificate {} expired at {not_after} (it is {now}): renew it with `seaworthy certs` \
         or see why cert-manager did not",
        path.display()
    )]
    Expired {
        /// The certificate's file.
        path: PathBuf,
        /// The end of its validity.
        not_after: Timestamp,
        /// What our clock says.
        now: Timestamp,
    },
    /// The certificate's time has not come.
    #[error(
        "the certificate {} is valid from {not_before} only (it is {now}): compare the clocks of this \
         machine and of the one that issued it",
        path.display()
    )]
    NotYetValid {
        /// The certificate's file.
        path: PathBuf,
        /// The beginning of its validity.
        not_before: Timestamp,
        /// What our clock says.
        now: Timestamp,
    },
    /// The certificate was issued by somebody else than the CA beside it.
    #[error(
        "the certificate {} was not issued by the CA in {}: peers would refuse it; install both from the \
         same tree, and during a change of CA put both CAs into that file",
        cert.display(), ca.display()
    )]
    WrongCa {
        /// The certificate's file.
        cert: PathBuf,
        /// The CA's file.
        ca: PathBuf,
    },
    /// rustls refuses it for a reason of its own.
    #[error("the certificate {} cannot be used: {reason}", path.display())]
    Unusable {
        /// The certificate's file.
        path: PathBuf,
        /// What rustls said.
        reason: String,
    },
}

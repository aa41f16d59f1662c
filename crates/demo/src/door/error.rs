//! Why a door cannot be opened.

use std::io;
use std::path::PathBuf;

use net::certs;
use net::server::ListenError;

/// Why a door cannot be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Its address cannot be listened on.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The kubeconfig cannot be written.
    #[error("the kubeconfig {} cannot be written: {source}; name another place with --write-kubeconfig", path.display())]
    Unwritable {
        /// Where it was to be.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is a file that somebody else wrote.
    #[error("{} is there and is not the demo's: name another place with --write-kubeconfig", path.display())]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// The temporary folder by which others come in cannot be made.
    #[error("{} cannot be written: {source}; TMPDIR names another place for temporary files", path.display())]
    Folder {
        /// What was to be written.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// There is a folder that somebody else made.
    #[error("{} is there and is not the demo's: remove it, or let the demo have another --port", path.display())]
    Taken {
        /// The folder.
        path: PathBuf,
    },
    /// No certificates can be made.
    #[error(transparent)]
    Certificates(#[from] certs::Error),
    /// The certificate that was made cannot be used.
    #[error("the certificate cannot be used: {0}")]
    Tls(#[from] rustls::Error),
    /// A token is drawn from the operating system.
    #[error("the operating system gives no randomness for a token")]
    NoRandomness,
    /// The operating system gives no thread, or no address.
    #[error("the door cannot be opened: {0}")]
    System(#[from] io::Error),
    /// Its thread has panicked, and has said so.
    #[error("the door's thread has ended")]
    Ended,
}

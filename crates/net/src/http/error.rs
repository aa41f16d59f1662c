//! What can go wrong between a request and its answer.

use std::time::Duration;

use crate::tls::Fault;

/// Why there is no answer. `peer` is scheme, host and port; paths and queries may hold secrets and
/// are left out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Nobody listens there.
    #[error("{peer} refused the connection: is it running, and is that its port?")]
    Refused {
        /// Whom we called.
        peer: String,
    },
    /// There is no way there.
    #[error("{peer} cannot be reached: {reason}")]
    Unreachable {
        /// Whom we called.
        peer: String,
        /// What the operating system said.
        reason: String,
    },
    /// Its name means nothing to us.
    #[error("the name of {peer} cannot be resolved: {reason}; check the name, and DNS")]
    Dns {
        /// Whom we called.
        peer: String,
        /// What the resolver said.
        reason: String,
    },
    /// No connection within the time for that.
    #[error(
        "{peer} did not accept a connection within {after:?}: is a firewall or network policy in between?"
    )]
    ConnectTimedOut {
        /// Whom we called.
        peer: String,
        /// How long we waited.
        after: Duration,
    },
    /// No answer within the deadline. It may have received the request.
    #[error("{peer} did not answer within {after:?}")]
    TimedOut {
        /// Whom we called.
        peer: String,
        /// How long we waited.
        after: Duration,
    },
    /// The two do not agree on who they are.
    #[error("no tls with {peer}: {fault}")]
    Tls {
        /// Whom we called.
        peer: String,
        /// What was wrong.
        fault: Fault,
    },
    /// The answer is larger than we take.
    #[error("the answer of {peer} is larger than {limit} bytes")]
    TooLarge {
        /// Whom we called.
        peer: String,
        /// The most we take, in bytes.
        limit: usize,
    },
    /// The connection ended early. It may have received the request.
    #[error("{peer} closed the connection before its answer was complete")]
    Closed {
        /// Whom we called.
        peer: String,
    },
    /// What came back is not an HTTP answer.
    #[error("{peer} does not answer in http as expected: {reason}")]
    Protocol {
        /// Whom we called.
        peer: String,
        /// What the parser said.
        reason: String,
    },
    /// The request could not even be made.
    #[error("no request can be made for {peer}: {reason}")]
    Request {
        /// Whom we meant to call.
        peer: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// A fixed word for each kind, for metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Refused { .. } => "refused",
            Self::Unreachable { .. } => "unreachable",
            Self::Dns { .. } => "dns",
            Self::ConnectTimedOut { .. } => "connect_timed_out",
            Self::TimedOut { .. } => "timed_out",
            Self::Tls { .. } => "tls",
            Self::TooLarge { .. } => "too_large",
            Self::Closed { .. } => "closed",
            Self::Protocol { .. } => "protocol",
            Self::Request { .. } => "request",
        }
    }

    /// Whether the peer may have received and acted on the request all the same.
    pub const fn maybe_received(&self) -> bool {
        match self {
            Self::Refused { .. }
            | Self::Unreachable { .. }
            | Self::Dns { .. }
            | Self::ConnectTimedOut { .. }
            | Self::Tls { .. }
            | Self::Request { .. } => false,
            Self::TimedOut { .. } | Self::TooLarge { .. } | Self::Closed { .. } | Self::Protocol { .. } => {
                true
            }
        }
    }

    /// Reads the operating system's reason for a connection that did not come about or broke.
    pub(crate) fn of_io(peer: &str, error: &std::io::Error) -> Self {
        use std::io::ErrorKind;
        let peer = peer.to_owned();
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            return Self::Tls { peer, fault: inner.into() };
        }
        match error.kind() {
            ErrorKind::ConnectionRefused => Self::Refused { peer },
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe | ErrorKind::UnexpectedEof => {
                Self::Closed { peer }
            }
            _ => Self::Unreachable { peer, reason: error.to_string() },
        }
    }
}

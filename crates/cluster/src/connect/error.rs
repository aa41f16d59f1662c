//! Why there is no connection, and what to do about it.

use kube::config::KubeconfigError;

use crate::refusal::Refusal;
use crate::transport::{Problem, describe_auth};

/// Why there is no connection.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is no kubeconfig, and this is no pod.
    #[error(
        "no kubeconfig found (looked at {looked_at}), and this is not a pod; \
         set KUBECONFIG or give --kubeconfig"
    )]
    NoKubeconfig {
        /// Where it would have been.
        looked_at: String,
    },
    /// A kubeconfig cannot be read.
    #[error("the kubeconfig {path} cannot be read: {reason}")]
    Unreadable {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// A file is no kubeconfig, or not a whole one.
    #[error("{path} is not a kubeconfig that can be used: {reason}")]
    Malformed {
        /// Which file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The context asked for is not there.
    #[error("there is no context {wanted:?} in {path}; there are: {known}")]
    NoSuchContext {
        /// The context asked for.
        wanted: String,
        /// In which files.
        path: String,
        /// The contexts there are.
        known: String,
    },
    /// No context was asked for and none is current.
    #[error("no current context in {path}; give --context, one of: {known}")]
    NoCurrentContext {
        /// In which files.
        path: String,
        /// The contexts there are.
        known: String,
    },
    /// A context was asked for, but in a pod there are none.
    #[error("there is no kubeconfig in this pod, and so no context; leave --context out")]
    NoContextInPod,
    /// The pod's own credentials cannot be used.
    #[error("this pod's ServiceAccount cannot be used ({0}); is automountServiceAccountToken off?")]
    Pod(String),
    /// The credentials could not be prepared.
    #[error("no credentials: {0}")]
    Credentials(String),
    /// What the configuration asks for cannot be done.
    #[error("the client cannot be configured: {0}")]
    Client(String),
    /// The server does not accept the credentials.
    #[error("{who} are not accepted by {server}: expired, revoked, or of another cluster; log in again")]
    Unauthorized {
        /// Which server.
        server: String,
        /// Which credentials.
        who: String,
    },
    /// The server answered something else than its version.
    #[error("{server} does not answer like an API server: {refusal}")]
    Refused {
        /// Which server.
        server: String,
        /// What it answered.
        refusal: Refusal,
    },
    /// There was no answer.
    #[error("{server}: {problem}")]
    Unreachable {
        /// Which server.
        server: String,
        /// What went wrong.
        problem: Problem,
    },
}

/// What is wrong with a kubeconfig that was read.
pub(super) fn of_kubeconfig(error: &KubeconfigError, path: &str, known: &[String]) -> Error {
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    let path = path.to_owned();
    match error {
        KubeconfigError::CurrentContextNotSet => Error::NoCurrentContext { path, known },
        KubeconfigError::LoadContext(wanted) => Error::NoSuchContext { wanted: wanted.clone(), path, known },
        KubeconfigError::LoadClusterOfContext(name) => Error::Malformed {
            path,
            reason: format!("its context names a cluster {name:?} that it does not have"),
        },
        KubeconfigError::ParseProxyUrl(_) => {
            // The address may hold a password.
            Error::Malformed { path, reason: "the proxy's address is not one".to_owned() }
        }
        other => Error::Malformed { path, reason: other.to_string() },
    }
}

/// Why no client could be made. `plugin` is the program that the kubeconfig gets credentials from.
pub(super) fn of_client(error: &kube::Error, plugin: Option<&str>) -> Error {
    match error {
        kube::Error::Auth(error) => Error::Credentials(match plugin {
            Some(plugin) => format!("{} ({plugin})", describe_auth(error)),
            None => describe_auth(error),
        }),
        // The address may hold a password.
        kube::Error::ProxyProtocolUnsupported { .. } | kube::Error::ProxyProtocolDisabled { .. } => {
            Error::Client("the proxy must be of the form http://host:port".to_owned())
        }
        other => Error::Client(other.to_string()),
    }
}

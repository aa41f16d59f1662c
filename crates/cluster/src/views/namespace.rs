//! Namespaces: labels that policies select by, and vetoes.

use serde::Deserialize;

use super::Meta;
use super::text::Text;

/// A Namespace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Namespace {
    /// Its metadata.
    pub metadata: Meta,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A Namespace's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Status {
    /// `Active` or `Terminating`.
    pub phase: Text,
}

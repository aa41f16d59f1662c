//! Values that configuration holds and nothing ever shows.

use serde::{Deserialize, Serialize, Serializer};

/// What stands for a secret wherever one would be printed; also what Alertmanager writes.
pub const HIDDEN: &str = "<secret>";

/// A password, a token or a URL that is as good as one.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Takes a value under cover.
    pub fn new(value: impl Into<String>) -> Self {
        Self(value.into())
    }

    /// The value, for the one place that sends it.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl std::fmt::Display for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(HIDDEN)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(HIDDEN)
    }
}

/// Where a secret comes from: its value, or a file that is read at every use, so that a rotated
/// one is used at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The value itself.
    Inline(Secret),
    /// A file that holds it; white space around it does not count.
    File(std::path::PathBuf),
}

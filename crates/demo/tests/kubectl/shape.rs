//! What two clusters must have in common of what kubectl says of them.

use crate::kubectl::Said;

/// The shape of an output.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Nothing,
    Columns(Vec<String>),
    Keys(Vec<String>),
    Text(String),
    Error(String),
}

impl Shape {
    pub(crate) fn nothing(_: &Said) -> Self {
        Self::Nothing
    }

    /// The words of the first line, which is the head of a table.
    pub(crate) fn columns(said: &Said) -> Self {
        let head = said.stdout.lines().next().unwrap_or_default();
        let columns = head.split("  ").map(str::trim).filter(|column| !column.is_empty());
        Self::Columns(columns.map(str::to_owned).collect())
    }

    /// The keys that stand at the left edge.
    pub(crate) fn keys(said: &Said) -> Self {
        let lines = said.stdout.lines().filter(|line| !line.starts_with(' '));
        let keys = lines.filter_map(|line| line.split_once(':')).map(|(key, _)| key.to_owned());
        let mut keys: Vec<String> = keys.collect();
        keys.dedup();
        Self::Keys(keys)
    }

    pub(crate) fn text(said: &Said) -> Self {
        Self::Text(said.stdout.trim().to_owned())
    }

    /// The kind of the error: what stands before the first name or address in it.
    pub(crate) fn error(said: &Said) -> Self {
        let line = said.stderr.lines().last().unwrap_or_default();
        Self::Error(line.split(['"', '/']).next().unwrap_or_default().trim().to_owned())
    }

    /// Whether there is nothing where something should be.
    pub(crate) fn is_empty(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Columns(all) | Self::Keys(all) => all.is_empty(),
            Self::Text(text) | Self::Error(text) => text.is_empty(),
        }
    }
}

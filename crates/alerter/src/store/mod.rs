//! Where entries are kept. What is journaled survives a crash; nothing is answered 200 before.

pub mod memory;
mod sqlite;

use async_trait::async_trait;

use crate::entries::{Entry, Fact, Stamp};

pub use memory::Memory;
pub use sqlite::{Options, Sqlite};

/// Keeps entries.
#[async_trait]
pub trait Store: Send + Sync + 'static {
    /// Keeps facts, all or none, and returns them with the stamps they got. Durable when it returns.
    async fn append(&self, facts: Vec<Fact>) -> Result<Vec<Entry>, Error>;

    /// Everything that is kept, in order.
    async fn load(&self) -> Result<Vec<Entry>, Error>;

    /// Drops entries that are not needed any more.
    async fn forget(&self, stamps: Vec<Stamp>) -> Result<(), Error>;

    /// Whether facts could be kept now.
    async fn probe(&self) -> Result<(), Error>;

    /// Finishes what was begun and closes the files.
    async fn close(&self);
}

/// Why facts are not kept.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No room on the disk, or the file has reached its limit.
    #[error("the disk under {path} is full: make room there; what was accepted before is safe")]
    Full {
        /// The file.
        path: String,
    },
    /// The disk or the file cannot be written.
    #[error(
        "{path} cannot be written: the disk or the file is read-only, or not ours; what was accepted before is safe"
    )]
    ReadOnly {
        /// The file.
        path: String,
    },
    /// Another process has it.
    #[error("{path} is in use by another process: each alerter needs a file of its own")]
    InUse {
        /// The file.
        path: String,
    },
    /// It cannot be opened.
    #[error("{path} cannot be opened: {reason}; its folder must exist and be ours to write")]
    CannotOpen {
        /// The file.
        path: String,
        /// What the system said.
        reason: String,
    },
    /// It is not what it should be.
    #[error(
        "{path} is damaged or no journal of ours ({reason}): put it aside and restore a backup, or start without"
    )]
    Damaged {
        /// The file.
        path: String,
        /// What was found.
        reason: String,
    },
    /// A later version wrote it.
    #[error("{path} was written by a later version (layout {found}, this one knows {known}): upgrade")]
    TooNew {
        /// The file.
        path: String,
        /// Its layout.
        found: i64,
        /// The latest layout that is known here.
        known: i64,
    },
    /// More wait for the journal than are let wait.
    #[error("the journal cannot keep up: {0} requests wait for it already")]
    Overloaded(usize),
    /// The journal is closed: the process ends.
    #[error("the journal is closed: the alerter is stopping")]
    Closed,
    /// Something else.
    #[error("{path}: {reason}")]
    Other {
        /// The file.
        path: String,
        /// What the database said.
        reason: String,
    },
}

impl Error {
    /// A fixed word for each kind, for metrics.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Full { .. } => "full",
            Self::ReadOnly { .. } => "read_only",
            Self::InUse { .. } => "in_use",
            Self::CannotOpen { .. } => "cannot_open",
            Self::Damaged { .. } => "damaged",
            Self::TooNew { .. } => "too_new",
            Self::Overloaded(_) => "overloaded",
            Self::Closed => "closed",
            Self::Other { .. } => "other",
        }
    }
}

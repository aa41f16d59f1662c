//! The vocabulary that Seaworthy's services share: what an issue is, whose it is, what may be
//! done about it, and how all of that is written on the wire and in the cluster.
//!
//! Architecture invariant: no I/O and no async in here. Time is a value that callers bring.

pub mod account;
pub mod age;
pub mod alert;
pub mod brake;
pub mod codes;
pub mod config;
pub mod duration;
pub mod hold;
pub mod issue;
pub mod labels;
pub mod lineage;
pub mod object;
pub mod policy;
pub mod remediation;
pub mod severity;
pub mod subject;

pub use duration::DurationText;
pub use issue::Issue;
pub use lineage::Lineage;
pub use object::ObjectRef;
pub use severity::Severity;

/// The API group of Seaworthy's custom resources.
pub const GROUP: &str = "seaworthy.dev";
/// The version of Seaworthy's custom resources.
pub const VERSION: &str = "v1alpha1";

//! Configuration files: their common head, and a reader whose errors name the place and the way out.

pub mod alerter;
mod difference;
pub mod healer;
pub mod monitor;
mod parse;

pub use difference::{changed_keys, hash};
pub use parse::{Error, parse, parse_all};

/// `apiVersion` of every configuration file.
pub const API_VERSION: &str = "config.seaworthy.dev/v1alpha1";

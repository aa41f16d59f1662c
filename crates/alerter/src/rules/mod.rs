//! What the user's `alertmanager.yml` says about alerts: which match, where they go, and what mutes
//! them.

pub mod inhibition;
pub mod intervals;
pub mod matchers;
pub mod routing;

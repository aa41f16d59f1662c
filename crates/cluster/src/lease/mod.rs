//! Leadership by a Lease, with an epoch.
//!
//! The API server cannot check an epoch, so a holder checks its own claim immediately before
//! each effect ([`Claim::remaining`], which [`crate::effects::Effects`] does), and the claim ends
//! earlier than anybody else may take the lease:
//!
//! - A claim counts from *before* its renewal was sent; whoever waits for the lease counts from
//!   when the change was seen, which is after the server accepted it. Both count the lease's
//!   duration, the holder a tenth less, for clocks that do not run equally fast.
//! - Nobody looks at the times in the lease: they come from clocks that may be wrong. A lease is
//!   alive as long as it is seen to change.
//! - A lease that somebody deleted is made anew at once, and counts only after it has been there
//!   for its whole duration: whoever held the one before does not count on it any more then.
//! - Each tenure has an epoch greater than all before: the greatest of the lease's transitions,
//!   its annotation, and a floor that the caller raises to the highest epoch it found stored.

mod claim;
mod decide;
mod elector;
#[cfg(test)]
mod tests;

pub use claim::Claim;
pub use elector::{Elector, Floor, Options};

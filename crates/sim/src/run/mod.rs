//! Plays one seed: a cluster, the services, faults on a timetable, and those who watch.

pub mod cluster;
pub mod coverage;
pub mod defect;
pub mod plan;
pub mod play;
mod policies;
mod receiver;
pub mod report;
mod road;
pub mod settings;
pub mod shrink;
pub mod signal;
pub mod staff;
#[cfg(test)]
mod tests;
mod timetable;
pub mod weather;
mod wire;
pub mod witness;

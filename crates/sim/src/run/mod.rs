//! Plays one seed: a cluster, the services, faults on a timetable, and those who watch.

pub mod coverage;
mod receiver;
mod road;
pub mod settings;
pub mod staff;
pub mod weather;
mod wire;
pub mod witness;

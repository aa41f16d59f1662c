//! Plays one seed: a cluster, the services, faults on a timetable, and those who watch.

pub mod bed;
pub mod cluster;
pub mod coverage;
pub mod defect;
pub mod level;
mod onlooker;
pub mod plan;
pub mod play;
pub mod policies;
mod receiver;
pub mod report;
mod rest;
mod road;
pub mod roads;
pub mod settings;
pub mod shrink;
pub mod staff;
mod tamper;
#[cfg(test)]
mod tests;
mod timetable;
pub mod witness;

//! The behaviour of the whole, by what the real parts are known to do. One file per part.

mod answers;
mod bed;
mod daemon_set;
mod deployment;
mod disruption_budget;
mod endpoint_slice;
mod garbage;
mod job;
mod kubelet;
mod node_lifecycle;
mod scheduler;
mod shop;
mod stateful_set;

use bed::Bed;

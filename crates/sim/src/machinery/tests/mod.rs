//! The behaviour of the whole, by what the real parts are known to do. One file per part.

mod bed;
mod deployment;
mod kubelet;
mod shop;

use bed::Bed;

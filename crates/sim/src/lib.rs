//! A Kubernetes cluster in the process, on virtual time.
//!
//! `storage → registry → api` is the API server: what is kept, what is done to it, and how it is
//! spoken to. `controllers`, `scheduler` and `kubelet` are what makes a cluster of it; they use the
//! registry as the real ones use the API. `faults` and `actors` disturb it, `oracles` watch what
//! comes of it, and `run` plays one seed.
//!
//! Architecture invariant: everything follows from the seed. Time is tokio's paused clock, random
//! numbers come from the environment, and nothing is ordered by hashing.
//! Architecture invariant: oracles share no code with the services they watch.

pub mod actors;
pub mod api;
pub mod blueprint;
pub mod controllers;
pub mod faults;
pub mod kinds;
pub mod kubelet;
pub mod machinery;
pub mod oracles;
pub mod registry;
pub mod run;
pub mod scheduler;
pub mod seen;
pub mod signal;
pub mod storage;
pub mod swarm;
pub mod trace;
pub mod view;

//! The product on a simulated cluster, for who wants to see it before installing it: the services as
//! they ship, in the time of whoever watches.
//!
//! `world` is the cluster with all that befalls it (`chapters`), `pace` keeps it in step with real time,
//! `story` is what is told of it; `screen`, `lines` and `once` tell it: on a terminal, in plain lines, or
//! all at once. Through `door` kubectl, our own commands and amtool come in; `visit` says how.

pub mod chapters;
pub mod door;
pub mod lines;
pub mod once;
pub mod pace;
pub mod screen;
pub mod show;
pub mod story;
pub mod visit;
pub mod world;

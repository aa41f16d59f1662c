//! The product on a simulated cluster, for who wants to see it before installing it: the services as
//! they ship, in the time of whoever watches.

pub mod door;
pub mod pace;

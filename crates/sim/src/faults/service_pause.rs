//! A service stands still past its lease, and goes on where it stood: a process that is stopped,
//! swapped out or migrated.

use rand::RngExt;

use super::{Kind, lasts};
use crate::run::staff::SERVICES;

pub(super) const KIND: Kind = Kind {
    name: "service pause",
    weight: 8,
    lasts: lasts(5, 90),
    subject: |_, rng| SERVICES[rng.random_range(0..SERVICES.len())].to_owned(),
    begin: |stage, subject| stage.staff().pause(subject),
    end: |stage, subject| stage.staff().resume(subject),
};

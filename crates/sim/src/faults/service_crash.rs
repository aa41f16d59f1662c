//! A service crashes: at once, or before or after one of its next writes. It is started again as a
//! cluster would.

use rand::RngExt;

use super::{Kind, lasts};
use crate::run::staff::SERVICES;
use crate::run::weather::Crash;

pub(super) const KIND: Kind = Kind {
    name: "service crash",
    weight: 16,
    lasts: lasts(1, 2),
    subject: |_, rng| {
        let service = SERVICES[rng.random_range(0..SERVICES.len())];
        let writes = rng.random_range(0..8);
        match rng.random_range(0..5) {
            0 => format!("{service} now"),
            1 | 2 => format!("{service} before {writes}"),
            _ => format!("{service} after {writes}"),
        }
    },
    begin: |stage, subject| {
        let mut words = subject.split(' ');
        let (service, when) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        match words.next().and_then(|writes| writes.parse().ok()) {
            Some(writes) => stage.weather().crash(service, Crash { writes, after: when == "after" }),
            None => stage.weather().report_crash(service),
        }
    },
    end: |_, _| {},
};

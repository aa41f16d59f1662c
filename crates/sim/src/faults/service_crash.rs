//! A service crashes: at once, or before or after one of its next requests, whatever that is and
//! wherever it goes. It is started again as a cluster would.

use rand::RngExt;

use super::{Kind, lasts};
use crate::api::Side;
use crate::run::staff::SERVICES;

pub(super) const KIND: Kind = Kind {
    name: "service crash",
    weight: 16,
    lasts: lasts(1, 2),
    subject: |_, rng| {
        let service = SERVICES[rng.random_range(0..SERVICES.len())];
        let request = rng.random_range(1..=40);
        match rng.random_range(0..5) {
            0 => format!("{service} now"),
            1 | 2 => format!("{service} before {request}"),
            _ => format!("{service} after {request}"),
        }
    },
    begin: |stage, subject| {
        let mut words = subject.split(' ');
        let (service, when) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        let side = if when == "after" { Side::After } else { Side::Before };
        match words.next().and_then(|request| request.parse().ok()) {
            Some(request) => stage.crash_at(service, request, side),
            None => stage.staff().kill(service),
        }
    },
    end: |_, _| {},
};

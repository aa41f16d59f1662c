//! Receivers of messages are slow, refuse, or take a message and never say so.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, Stage, lasts};
use crate::run::settings::RECEIVERS;

pub(super) const KIND: Kind = Kind {
    name: "receivers",
    weight: 7,
    lasts: lasts(20, 600),
    subject: |_, rng| {
        let how = ["slow", "refusing", "closed", "unanswered"];
        format!("{} {}", RECEIVERS[rng.random_range(0..RECEIVERS.len())], how[rng.random_range(0..how.len())])
    },
    begin: |stage, subject| set(stage, subject, true),
    end: |stage, subject| set(stage, subject, false),
};

fn set(stage: &Stage, subject: &str, is_on: bool) {
    let Some((receiver, how)) = subject.split_once(' ') else { return };
    let share = |most: u32| if is_on { most } else { 0 };
    stage.roads().change("alerter", receiver, |road| match how {
        "slow" => road.delay = Duration::from_secs(share(8).into()),
        "refusing" => (road.refused, road.statuses) = (share(80), vec![429, 500, 503]),
        "closed" => (road.refused, road.statuses) = (share(90), Vec::new()),
        _ => road.unanswered = share(50),
    });
}

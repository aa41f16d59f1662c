//! The alerter's journal fails: its disk is full, or away so that it can neither be read nor written,
//! or so slow that whoever waits for an answer gives up.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, lasts};
use alerter::store::Error;
use alerter::store::memory::Trouble;

/// The disk, for whoever reads about it.
const PATH: &str = "/journal";
/// What each write takes on a slow disk, at most: longer than anybody waits for an answer.
const SLOW_MAX: Duration = Duration::from_secs(20);

pub(super) const KIND: Kind = Kind {
    name: "store",
    weight: 7,
    lasts: lasts(10, 300),
    subject: |_, rng| match rng.random_range(0..4) {
        0 => "full".to_owned(),
        1 => "away".to_owned(),
        2 => "slow 1s".to_owned(),
        _ => format!("slow {}s", rng.random_range(2..=SLOW_MAX.as_secs())),
    },
    begin: |stage, subject| stage.staff().journal().begin(trouble(subject)),
    end: |stage, subject| stage.staff().journal().end(&trouble(subject)),
};

/// What a subject says: `full`, `away`, or `slow 5s`.
fn trouble(subject: &str) -> Trouble {
    let path = PATH.to_owned();
    match subject.strip_prefix("slow ").and_then(|text| text.strip_suffix('s')?.parse().ok()) {
        Some(seconds) => Trouble::Slow(Duration::from_secs(seconds)),
        None if subject == "away" => {
            Trouble::Away(Error::Other { path, reason: "disk I/O error".to_owned() })
        }
        None => Trouble::Failing(Error::Full { path }),
    }
}

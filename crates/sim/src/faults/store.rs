//! The alerter's journal fails: its disk is full, or away so that it can neither be read nor written,
//! or so slow that whoever waits for an answer gives up.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, Stage, lasts};
use alerter::store::Error;

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
    begin: |stage, subject| {
        let journal = stage.staff().journal();
        let (path, reason) = (PATH.to_owned(), "disk I/O error".to_owned());
        match subject.strip_prefix("slow ").and_then(|text| text.strip_suffix('s')) {
            Some(seconds) => journal.slow_down(Duration::from_secs(seconds.parse().unwrap_or(1))),
            None if subject == "away" => journal.take_away(Error::Other { path, reason }),
            None => journal.fail(Some(Error::Full { path })),
        }
    },
    end: |stage, _| mend(stage),
};

fn mend(stage: &Stage) {
    stage.staff().journal().mend();
}

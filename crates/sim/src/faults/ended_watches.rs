//! Watches end again and again: in order, without a word, because their version is said to be too
//! old (410), or because the history that they would go on from is gone.

use std::time::Duration;

use super::{Kind, Stage, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "ended watches";

/// How long those that are opened again live.
const LIFE: Duration = Duration::from_secs(8);

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 8,
    lasts: lasts(30, 300),
    subject: |_, rng| {
        let how = whose::one(rng, &["closed", "broken", "expired", "compacted"]);
        format!("{} {how}", whose::watches(rng, 30..=100))
    },
    begin: |stage, subject| {
        strike(stage, subject);
        let (own, again) = (stage.clone(), subject.to_owned());
        stage.environment.spawn("ends watches", async move {
            loop {
                tokio::time::sleep(LIFE).await;
                if !own.switched().is_on(NAME, &again) {
                    return;
                }
                whose::end(&own, NAME, &again);
                strike(&own, &again);
            }
        });
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};

/// Ends those that are open.
fn strike(stage: &Stage, subject: &str) {
    let trouble = match whose::rest(subject) {
        "closed" => Trouble::WatchesClosed,
        "expired" => Trouble::WatchesExpired,
        "compacted" => {
            stage.registry().storage().compact();
            Trouble::WatchesBroken
        }
        _ => Trouble::WatchesBroken,
    };
    whose::begin(stage, NAME, subject, trouble);
}

//! A person who is on duty for a while takes on the first that fires and that nobody has taken on
//! yet, be anybody told of it already or not.

use std::time::Duration;

use rand::RngExt;

use super::{Kind, Stage, lasts};

/// Between two looks.
const LOOKS: Duration = Duration::from_secs(5);

pub(super) const KIND: Kind = Kind {
    name: "acknowledge",
    weight: 12,
    lasts: lasts(1, 600),
    subject: |_, rng| format!("what fires, shift {}", rng.random_range(1..1000)),
    begin: |stage, shift| stage.begin_work(KIND.name, shift, work(stage.clone())),
    end: |stage, shift| stage.end_work(KIND.name, shift),
};

async fn work(stage: Stage) {
    while !stage.acknowledge().await {
        tokio::time::sleep(LOOKS).await;
    }
}

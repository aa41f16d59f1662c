//! The whole story at once, as fast as it can be played: for programs, and for who wants to read it.

use environment::ManualClock;

use crate::story::Report;
use crate::world::{self, World};

/// Why it could not be played.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// There is no runtime.
    #[error("no runtime: {0}")]
    Runtime(#[from] std::io::Error),
    /// The cluster could not be made.
    #[error("the cluster could not be made: {0}")]
    Cluster(#[from] sim::registry::Status),
}

/// Plays all chapters in virtual time. The same seed gives the same report.
pub fn play(seed: u64) -> Result<Report, Error> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build()?;
    runtime.block_on(async {
        let world = World::make(seed, ManualClock::EPOCH).await?;
        world::play_to_the_end(&world).await;
        let report = world.story().report(seed);
        world.end().await;
        Ok(report)
    })
}

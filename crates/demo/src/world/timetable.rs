//! The chapters at their times.

use std::time::Duration;

use super::World;
use crate::chapters;

/// When the last chapter is over.
pub(super) fn end() -> Duration {
    chapters::ALL.iter().map(|chapter| chapter.at + chapter.lasts).max().unwrap_or_default()
}

/// Plays them; returns when the last one is over.
pub(super) async fn play(world: &World) {
    let began = tokio::time::Instant::now();
    for (number, chapter) in chapters::ALL.iter().enumerate() {
        tokio::time::sleep_until(began + chapter.at).await;
        world.begin(number);
    }
    tokio::time::sleep_until(began + end()).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_comes_at_once_and_each_after_the_one_before() {
        assert!(chapters::ALL[0].at <= Duration::from_secs(5));
        assert!(chapters::ALL.is_sorted_by_key(|chapter| chapter.at));
        assert!(end() < Duration::from_mins(45), "two minutes at twenty times the speed: {:?}", end());
    }
}

//! Which chapters were played, and when.

use std::time::Duration;

use crate::chapters::{ALL, Chapter};

/// A chapter that began.
#[derive(Clone, Debug)]
pub struct Played {
    /// Which.
    pub chapter: &'static Chapter,
    /// When it began.
    pub began: Duration,
    /// When it was mended.
    pub ended: Option<Duration>,
}

/// All chapters that began, in order.
#[derive(Clone, Debug, Default)]
pub struct Playing {
    all: Vec<Played>,
}

impl Playing {
    pub(super) fn turn(&mut self, chapter: &'static Chapter, begins: bool, at: Duration) {
        if begins {
            self.all.push(Played { chapter, began: at, ended: None });
        } else if let Some(own) = self.all.iter_mut().rfind(|own| own.chapter.name == chapter.name) {
            own.ended = Some(at);
        }
    }

    /// Whether it has begun and is not over.
    pub(super) fn is_playing(&self, chapter: &Chapter) -> bool {
        self.all.iter().any(|own| own.chapter.name == chapter.name && own.ended.is_none())
    }

    /// When the newest chapter began that is about a lineage.
    pub(super) fn begun(&self, lineage: &str) -> Option<Duration> {
        self.all.iter().rfind(|own| own.chapter.subjects.contains(&lineage)).map(|own| own.began)
    }

    /// All of them.
    pub fn all(&self) -> &[Played] {
        &self.all
    }

    /// Whether all chapters were played, and none is.
    pub fn is_over(&self) -> bool {
        let was_played = |chapter: &&Chapter| self.all.iter().any(|own| own.chapter.name == chapter.name);
        ALL.iter().all(was_played) && self.all.iter().all(|own| own.ended.is_some())
    }

    /// The newest.
    pub fn current(&self) -> Option<&Played> {
        self.all.last()
    }
}

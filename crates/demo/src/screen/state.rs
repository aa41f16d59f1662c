//! What the person at the keyboard wants to see.

use std::time::Duration;

use crate::visit::Visit;

/// The time, and how fast it goes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Since the story began.
    pub now: Duration,
    /// How many times faster than real time; 0 stands still.
    pub speed: f64,
}

/// What one can move in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Pane {
    /// What is wrong.
    Troubles,
    /// What happened.
    #[default]
    Diary,
    /// What people were told.
    Letters,
}

/// What lies over the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    /// How one comes in and what the keys do, and how far it is scrolled.
    Help(u16),
    /// An answer, and how far it is scrolled.
    Why(String, u16),
}

/// What is to be seen.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Where the arrow keys move.
    pub(super) focus: Pane,
    /// Which trouble is selected, from the top.
    pub(super) trouble: usize,
    /// How far back from the newest the selected entry is.
    pub(super) entry: usize,
    /// How far back from the newest the selected message is.
    pub(super) letter: usize,
    /// What entries have to contain.
    pub(super) filter: String,
    /// Whether the filter is being typed.
    pub(super) is_typing: bool,
    /// What lies over the rest.
    pub(super) overlay: Option<Overlay>,
    /// How others come in, where they can.
    pub(super) visit: Option<Visit>,
    /// How fast it went before it was paused.
    pub(super) speed: Option<f64>,
    /// What the last key came to, where that is not to be seen anyway.
    pub(super) note: Option<String>,
}

impl State {
    /// Whether a text is to be shown.
    pub(super) fn lets(&self, text: &str) -> bool {
        self.filter.is_empty() || text.to_lowercase().contains(&self.filter.to_lowercase())
    }
}

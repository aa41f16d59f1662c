//! What is to happen at a client's request of a certain number.

use std::collections::BTreeMap;

/// Before a request arrives, or after it was done and before its answer comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Side {
    /// The request does not arrive.
    Before,
    /// The request was done; nobody hears of it.
    After,
}

/// What happens.
pub(super) type Action = Box<dyn FnOnce() + Send>;

/// The hooks of one client, and how far it has counted.
#[derive(Default)]
pub(super) struct Hooks {
    calls: u64,
    actions: BTreeMap<(u64, Side), Action>,
}

/// What is to happen at one request.
#[derive(Default)]
pub struct Struck {
    /// Before it leaves, in its place.
    pub before: Option<Action>,
    /// When it was done, in the place of its answer.
    pub after: Option<Action>,
}

impl Hooks {
    pub(super) fn calls(&self) -> u64 {
        self.calls
    }

    pub(super) fn add(&mut self, number: u64, side: Side, action: Action) {
        self.actions.insert((number, side), action);
    }

    pub(super) fn clear(&mut self) {
        self.actions.clear();
    }

    pub(super) fn count(&mut self) -> (u64, Struck) {
        self.calls += 1;
        let mut take = |side| self.actions.remove(&(self.calls, side));
        let struck = Struck { before: take(Side::Before), after: take(Side::After) };
        (self.calls, struck)
    }
}

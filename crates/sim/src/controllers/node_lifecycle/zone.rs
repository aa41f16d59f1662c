//! How fast pods may be sent away from the nodes of a zone.

use std::collections::BTreeMap;
use std::time::Duration;

use compact_str::CompactString;

use super::super::Settings;

/// How much of a zone fails.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum State {
    /// Little.
    #[default]
    Normal,
    /// So much that the cause is hardly the nodes.
    Partial,
    /// All of it.
    Full,
}

/// Nodes of a zone, counted.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Tally {
    ready: usize,
    failing: usize,
}

impl Tally {
    /// Counts one.
    pub(super) fn add(&mut self, is_ready: bool) {
        if is_ready {
            self.ready += 1;
        } else {
            self.failing += 1;
        }
    }
}

/// A zone, and the nodes in it that wait for their turn.
#[derive(Debug, Default)]
pub(super) struct Zone {
    pub(super) state: State,
    /// Between two nodes; none: nobody gets a turn.
    interval: Option<Duration>,
    /// When the last one got its turn.
    last: Option<Duration>,
    waiting: BTreeMap<CompactString, Duration>,
}

impl Zone {
    /// Takes note of how its nodes are.
    pub(super) fn judge(&mut self, tally: &Tally, settings: &Settings) {
        let size = tally.ready + tally.failing;
        let share = tally.failing as f64 / size.max(1) as f64;
        self.state = if tally.ready == 0 && tally.failing > 0 {
            State::Full
        } else if tally.failing > 2 && share >= settings.unhealthy_share {
            State::Partial
        } else {
            State::Normal
        };
        self.interval = match self.state {
            State::Normal | State::Full => Some(settings.eviction_interval),
            State::Partial if size > settings.large_zone => Some(settings.eviction_interval_slow),
            State::Partial => None,
        };
    }

    /// A node waits for its turn.
    pub(super) fn enter(&mut self, node: &CompactString, at: Duration) {
        self.waiting.entry(node.clone()).or_insert(at);
    }

    /// A node does not wait any more.
    pub(super) fn withdraw(&mut self, node: &str) {
        self.waiting.remove(node);
    }

    /// Who has its turn, if it is time: who has waited longest.
    pub(super) fn next(&mut self, at: Duration) -> Option<CompactString> {
        let interval = self.interval?;
        if self.last.is_some_and(|last| at < last + interval) {
            return None;
        }
        let node = self.waiting.iter().min_by_key(|(name, since)| (**since, (*name).clone()))?.0.clone();
        self.waiting.remove(&node);
        self.last = Some(at);
        Some(node)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(ready: usize, failing: usize) -> Zone {
        let mut zone = Zone::default();
        zone.judge(&Tally { ready, failing }, &Settings::default());
        zone
    }

    #[test]
    fn a_zone_is_judged_by_its_share_of_failing_nodes() {
        let slow = Some(Settings::default().eviction_interval_slow);
        let normal = Some(Settings::default().eviction_interval);
        for (ready, failing, state, interval) in [
            (10, 0, State::Normal, normal),
            (0, 2, State::Full, normal),
            (1, 2, State::Normal, normal),
            (2, 3, State::Partial, None),
            (30, 40, State::Partial, slow),
        ] {
            let zone = zone(ready, failing);
            assert_eq!((zone.state, zone.interval), (state, interval), "{ready} ready, {failing} failing");
        }
    }

    #[test]
    fn nodes_get_their_turn_one_after_the_other() {
        let mut zone = zone(10, 2);
        let second = Duration::from_secs;
        zone.enter(&"b".into(), second(1));
        zone.enter(&"a".into(), second(2));
        assert_eq!(zone.next(second(5)).as_deref(), Some("b"));
        assert_eq!(zone.next(second(6)), None);
        assert_eq!(zone.next(second(15)).as_deref(), Some("a"));
    }
}

//! Everything that is known: a pure function of the set of entries, and what was heard since that
//! is no fact (refreshes, signs of life).

pub mod attempts;
pub mod episodes;
pub mod holds;
pub mod outcomes;
pub mod silences;

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use self::attempts::Attempts;
use self::episodes::{Episode, EpisodeKey, History, IssueRef, KeyFact, Set, SetState};
use self::holds::Holds;
use self::outcomes::Outcomes;
use self::silences::Silences;
use crate::alerts::{Alert, Fingerprint};
use crate::entries::{Entry, Fact, Stamp};

/// What an entry changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Touched {
    /// One episode.
    Episode(EpisodeKey),
    /// What is silenced.
    Silences,
    /// Nothing that is shown.
    Nothing,
}

/// What was last heard of an alert without being news.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Heard {
    at: Timestamp,
    ends_at: Timestamp,
}

/// All that is known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Book {
    cool_down: SignedDuration,
    histories: BTreeMap<EpisodeKey, History>,
    episodes: BTreeMap<EpisodeKey, Vec<Episode>>,
    issues: BTreeMap<IssueRef, EpisodeKey>,
    live: BTreeSet<EpisodeKey>,
    heard: BTreeMap<(EpisodeKey, Fingerprint), Heard>,
    /// Pages that wait for repairs.
    pub holds: Holds,
    /// What came of repairs.
    pub outcomes: Outcomes,
    /// What was sent.
    pub attempts: Attempts,
    /// Who does not want to hear of what.
    pub silences: Silences,
}

impl Book {
    /// An empty book. `cool_down`: how soon after its end an alert continues its episode.
    pub fn new(cool_down: SignedDuration) -> Self {
        Self {
            cool_down,
            histories: BTreeMap::new(),
            episodes: BTreeMap::new(),
            issues: BTreeMap::new(),
            live: BTreeSet::new(),
            heard: BTreeMap::new(),
            holds: Holds::default(),
            outcomes: Outcomes::default(),
            attempts: Attempts::default(),
            silences: Silences::default(),
        }
    }

    /// Adds an entry; adding it again changes nothing.
    pub fn apply(&mut self, entry: Entry) -> Touched {
        let stamp = entry.stamp;
        match entry.fact {
            Fact::Alert(reported) => {
                if let Some(issue) = reported.key.is_issue().then(|| IssueRef::of(&reported.alert.labels)) {
                    self.issues.extend(issue.map(|issue| (issue, reported.key)));
                }
                self.add(reported.key, stamp, KeyFact::Alert(reported))
            }
            Fact::Lapsed(lapsed) => self.add(lapsed.key, stamp, KeyFact::Lapsed(lapsed)),
            Fact::Ack(ack) => self.add(ack.key, stamp, KeyFact::Ack(ack)),
            Fact::Silence(silence) => {
                self.silences.add(stamp, silence);
                Touched::Silences
            }
            Fact::Hold(hold) => {
                let issue = holds::issue_of(&hold);
                self.holds.add(stamp, hold);
                self.touched(&issue)
            }
            Fact::Outcome(outcome) => {
                let issue = outcomes::issue_of(&outcome);
                self.outcomes.add(stamp, outcome);
                self.touched(&issue)
            }
            Fact::Begun(begun) => {
                self.attempts.begin(stamp, begun);
                Touched::Nothing
            }
            Fact::Ended(ended) => {
                self.attempts.end(stamp, ended);
                Touched::Nothing
            }
        }
    }

    fn touched(&self, issue: &IssueRef) -> Touched {
        self.issues.get(issue).map_or(Touched::Nothing, |key| Touched::Episode(*key))
    }

    fn add(&mut self, key: EpisodeKey, stamp: Stamp, fact: KeyFact) -> Touched {
        self.histories.entry(key).or_default().add(stamp, fact);
        self.derive(key);
        Touched::Episode(key)
    }

    fn derive(&mut self, key: EpisodeKey) {
        let episodes =
            self.histories.get(&key).map(|history| history.episodes(key, self.cool_down)).unwrap_or_default();
        if episodes.last().is_some_and(Episode::is_live) {
            self.live.insert(key);
        } else {
            self.live.remove(&key);
        }
        if episodes.is_empty() {
            self.episodes.remove(&key)
        } else {
            self.episodes.insert(key, episodes)
        };
    }

    /// The latest episode of a key.
    pub fn episode(&self, key: EpisodeKey) -> Option<&Episode> {
        self.episodes.get(&key)?.last()
    }

    /// The latest episode of an issue.
    pub fn of_issue(&self, issue: &IssueRef) -> Option<&Episode> {
        self.episode(*self.issues.get(issue)?)
    }

    /// The latest episode of every key.
    pub fn latest(&self) -> impl Iterator<Item = &Episode> {
        self.episodes.values().filter_map(|episodes| episodes.last())
    }

    /// Every episode that is kept.
    pub fn all(&self) -> impl Iterator<Item = &Episode> {
        self.episodes.values().flatten()
    }

    /// Those that last.
    pub fn live(&self) -> impl Iterator<Item = &Episode> + Clone {
        self.live.iter().filter_map(|key| self.episode(*key))
    }

    /// How many last.
    pub fn live_count(&self) -> usize {
        self.live.len()
    }

    /// When an alert was last heard of, and its end as last told.
    pub fn heard(&self, key: EpisodeKey, set: &Set) -> (Timestamp, Timestamp) {
        let told = (set.alert.updated_at, set.alert.ends_at);
        match self.heard.get(&(key, set.alert.fingerprint())) {
            Some(heard) if heard.at >= told.0 => (heard.at, heard.ends_at.max(told.1)),
            _ => told,
        }
    }

    /// Whether an alert that was posted says something that must be journaled. If not, it is a
    /// refresh (or a repeated resolve), for [`Self::refresh`].
    pub fn is_news(&self, key: EpisodeKey, alert: &Alert) -> bool {
        let fingerprint = alert.fingerprint();
        let known = self.episode(key).and_then(|episode| episode.sets.get(&fingerprint));
        match (known, alert.is_resolve()) {
            (None, true) => !self.resolve_is_known(key, alert),
            (None, false) => true,
            (Some(set), true) => set.is_open(),
            (Some(set), false) => {
                set.state != SetState::Firing
                    || !set.alert.says_the_same(alert)
                    || alert.starts_at < set.alert.starts_at
            }
        }
    }

    /// A resolve for something that never fired here is kept, once.
    fn resolve_is_known(&self, key: EpisodeKey, alert: &Alert) -> bool {
        let facts = self.histories.get(&key).into_iter().flat_map(History::facts);
        facts.into_iter().any(|(_, fact)| match fact {
            KeyFact::Alert(known) => {
                known.alert.labels == alert.labels && known.alert.ends_at >= alert.ends_at
            }
            KeyFact::Lapsed(_) | KeyFact::Ack(_) => false,
        })
    }

    /// Notes that an alert was posted again and says nothing new.
    pub fn refresh(&mut self, key: EpisodeKey, alert: &Alert) {
        if !alert.is_resolve() {
            let heard = Heard { at: alert.updated_at, ends_at: alert.ends_at };
            self.heard.insert((key, alert.fingerprint()), heard);
        }
    }

    /// Entries that are no longer needed for anything: about what ended before `before`, and what
    /// later entries made void.
    pub fn outdated(&self, before: Timestamp) -> Vec<Stamp> {
        let over: BTreeSet<EpisodeKey> =
            self.histories.keys().filter(|key| self.is_over(**key, before)).copied().collect();
        let mut gone: Vec<Stamp> = Vec::new();
        for (key, history) in &self.histories {
            if over.contains(key) {
                gone.extend(history.facts().map(|(stamp, _)| *stamp));
            } else {
                gone.extend(self.repetitions(*key, history));
            }
        }
        gone.extend(self.attempts.only_about(&over));
        gone.extend(self.attempts.superseded(before));
        gone.extend(self.holds.expired(before));
        gone.extend(self.outcomes.expired(before));
        gone.extend(self.silences.expired(before));
        gone.sort_unstable();
        gone.dedup();
        gone
    }

    fn is_over(&self, key: EpisodeKey, before: Timestamp) -> bool {
        let last_fact = self.histories[&key].facts().last().map(|(stamp, _)| stamp.receipt);
        let live = self.live.contains(&key);
        !live && last_fact.is_some_and(|receipt| receipt < before)
    }

    /// Firings in the middle of an episode that lasts, after its latest end if it was reopened: what
    /// they said was said anew.
    fn repetitions(&self, key: EpisodeKey, history: &History) -> Vec<Stamp> {
        let Some(episode) = self.episode(key).filter(|episode| episode.is_live()) else { return Vec::new() };
        let facts: Vec<_> = history.facts().filter(|(stamp, _)| **stamp >= episode.name).collect();
        let latest_end = facts.iter().rposition(|(_, fact)| match fact {
            KeyFact::Alert(reported) => reported.alert.is_resolve(),
            KeyFact::Lapsed(_) => true,
            KeyFact::Ack(_) => false,
        });
        let firings =
            facts[latest_end.map_or(0, |end| end + 1)..].iter().filter_map(|(stamp, fact)| match fact {
                KeyFact::Alert(reported) => Some((**stamp, &reported.alert)),
                KeyFact::Lapsed(_) | KeyFact::Ack(_) => None,
            });
        let mut by_labels: BTreeMap<Fingerprint, Vec<(Stamp, &Alert)>> = BTreeMap::new();
        for (stamp, alert) in firings {
            by_labels.entry(alert.fingerprint()).or_default().push((stamp, alert));
        }
        by_labels.into_values().flat_map(|firings| in_the_middle(&firings)).collect()
    }

    /// Drops entries that are gone from the journal.
    pub fn forget(&mut self, stamps: &[Stamp]) {
        let gone: BTreeSet<Stamp> = stamps.iter().copied().collect();
        let keys: Vec<EpisodeKey> = self
            .histories
            .iter()
            .filter(|(_, history)| history.facts().any(|(stamp, _)| gone.contains(stamp)))
            .map(|(key, _)| *key)
            .collect();
        for key in keys {
            if let Some(history) = self.histories.get_mut(&key) {
                for stamp in stamps {
                    history.remove(stamp);
                }
                if history.is_empty() {
                    self.histories.remove(&key);
                }
            }
            self.derive(key);
        }
        for stamp in stamps {
            self.holds.remove(stamp);
            self.outcomes.remove(stamp);
            self.attempts.remove(stamp);
            self.silences.remove(stamp);
        }
        let episodes = &self.episodes;
        self.heard.retain(|(key, _), _| episodes.contains_key(key));
        self.issues.retain(|_, key| episodes.contains_key(key));
    }
}

/// Firings of one set of labels that neither the first nor the last needs beside it: an end that is
/// later than the last one's survives it.
fn in_the_middle(firings: &[(Stamp, &Alert)]) -> Vec<Stamp> {
    let [_, middle @ .., (_, last)] = firings else { return Vec::new() };
    middle.iter().filter(|(_, alert)| alert.ends_at <= last.ends_at).map(|(stamp, _)| *stamp).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alerts::testing::{alert, at};
    use crate::book::attempts::{Begun, Delivery, Ended, Member};
    use crate::book::episodes::Ack;
    use crate::entries::{Incarnation, Reported};

    const COOL_DOWN: SignedDuration = SignedDuration::from_secs(300);

    fn entry(sequence: u64, receipt: i64, kind: u8, which: u8) -> Entry {
        let stamp = Stamp { receipt: at(receipt), incarnation: Incarnation(u64::from(which) + 1), sequence };
        let name = format!("A{}", which % 3);
        let lasts = if kind == 1 { 0 } else { 300 };
        let alert = alert(&[("alertname", &name)], 0.min(receipt), receipt + lasts, receipt);
        let key = EpisodeKey::of_foreign(&alert.labels);
        let fact = match kind {
            0 | 1 => Fact::Alert(Reported { key, source: "p".into(), alert }),
            2 => Fact::Ack(Ack {
                key,
                episode: Stamp { sequence: 0, ..stamp },
                by: "ada".into(),
                note: String::new(),
                until: None,
                withdrawn: false,
            }),
            3 => Fact::Begun(Begun {
                integration: "r/webhook[0]".into(),
                group: "g".into(),
                reason: "first".into(),
                members: vec![Member {
                    key,
                    episode: stamp,
                    fingerprint: alert.fingerprint(),
                    firing: true,
                    severity: String::new(),
                }],
            }),
            _ => Fact::Ended(Ended { begun: Stamp { sequence: 1, ..stamp }, result: Delivery::Delivered }),
        };
        Entry { stamp, fact }
    }

    proptest! {
        #[test]
        fn entries_in_any_order_give_the_same_book(
            told in prop::collection::vec((0..3000_i64, 0..5_u8, 0..4_u8), 1..24),
            seed in any::<u64>(),
        ) {
            let entries: Vec<Entry> = told
                .iter()
                .enumerate()
                .map(|(sequence, (receipt, kind, which))| entry(sequence as u64, *receipt, *kind, *which))
                .collect();
            let mut straight = Book::new(COOL_DOWN);
            for entry in entries.clone() {
                straight.apply(entry);
            }
            let mut shuffled = entries;
            shuffled.sort_by_key(|entry| (entry.stamp.sequence + 1).wrapping_mul(seed | 1));
            let mut other = Book::new(COOL_DOWN);
            for entry in shuffled.iter().chain(&shuffled) {
                other.apply(entry.clone());
            }
            prop_assert_eq!(straight, other);
        }

        #[test]
        fn forgetting_what_is_outdated_changes_nothing_that_lasts(
            told in prop::collection::vec((0..3000_i64, 0..2_u8, 0..4_u8), 1..24),
            before in 0..3000_i64,
        ) {
            let mut book = Book::new(COOL_DOWN);
            for (sequence, (receipt, kind, which)) in told.iter().enumerate() {
                book.apply(entry(sequence as u64, *receipt, *kind, *which));
            }
            let live = |book: &Book| -> Vec<_> {
                book.live().map(|episode| (episode.key, episode.name, episode.alert().ends_at)).collect()
            };
            let known = live(&book);
            let gone = book.outdated(at(before));
            book.forget(&gone);
            prop_assert_eq!(live(&book), known);
        }
    }

    #[test]
    fn what_was_said_anew_is_dropped_also_after_an_end_that_was_taken_back() {
        let mut book = Book::new(COOL_DOWN);
        let mut sequence = 0;
        let mut tell = |receipt: i64, lasts: i64| {
            sequence += 1;
            let stamp = Stamp { receipt: at(receipt), incarnation: Incarnation(1), sequence };
            let mut alert = alert(&[("a", "b")], 0, receipt + lasts, receipt);
            alert.annotations.insert("value".into(), receipt.to_string());
            let key = EpisodeKey::of_foreign(&alert.labels);
            book.apply(Entry { stamp, fact: Fact::Alert(Reported { key, source: "p".into(), alert }) });
        };
        for (receipt, lasts) in [(0, 300), (10, 0), (20, 300), (30, 300), (40, 300), (50, 300)] {
            tell(receipt, lasts);
        }
        let gone: Vec<u64> = book.outdated(at(0)).iter().map(|stamp| stamp.sequence).collect();
        assert_eq!(gone, [4, 5], "the beginning, the end, what took it back and the newest stay");
    }

    #[test]
    fn a_refresh_is_no_news() {
        let mut book = Book::new(COOL_DOWN);
        let first = alert(&[("a", "b")], 0, 300, 0);
        let key = EpisodeKey::of_foreign(&first.labels);
        assert!(book.is_news(key, &first));
        let stamp = Stamp { receipt: at(0), incarnation: Incarnation(1), sequence: 1 };
        let reported = Reported { key, source: String::new(), alert: first };
        book.apply(Entry { stamp, fact: Fact::Alert(reported) });
        let again = alert(&[("a", "b")], 0, 360, 60);
        assert!(!book.is_news(key, &again));
        book.refresh(key, &again);
        let set = book.episode(key).unwrap().sets.values().next().unwrap().clone();
        assert_eq!(book.heard(key, &set), (at(60), at(360)));
        let mut changed = again.clone();
        changed.annotations.insert("summary".into(), "x".into());
        assert!(book.is_news(key, &changed));
        assert!(book.is_news(key, &alert(&[("a", "b")], 0, 60, 60)), "a resolve");
    }
}

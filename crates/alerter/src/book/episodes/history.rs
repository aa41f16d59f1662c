//! From the entries about one key to its episodes.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use model::alert::VALIDITY;
use model::issue::Resolution;
use model::labels::annotation;

use super::{Ack, Acknowledged, Ending, Episode, EpisodeKey, Lapse, Lapsed, Set, SetState};
use crate::alerts::{Alert, Fingerprint, join};
use crate::entries::{Reported, Stamp};

/// How long after an end a copy of an earlier post may still arrive: our monitor gives a request up after
/// 10 s. It tells what goes on every minute, so that what is taken for a copy by mistake is heard then.
const UNDER_WAY_MAX: SignedDuration = SignedDuration::from_secs(15);

/// What an entry says about one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyFact {
    /// An alert fires or is resolved.
    Alert(Reported),
    /// It was not posted again.
    Lapsed(Lapsed),
    /// It was acknowledged.
    Ack(Ack),
}

/// The entries about one key.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    facts: BTreeMap<Stamp, KeyFact>,
}

impl History {
    /// Adds a fact. Adding it again changes nothing.
    pub fn add(&mut self, stamp: Stamp, fact: KeyFact) {
        self.facts.insert(stamp, fact);
    }

    /// Drops a fact.
    pub fn remove(&mut self, stamp: &Stamp) {
        self.facts.remove(stamp);
    }

    /// All facts, in order.
    pub fn facts(&self) -> impl Iterator<Item = (&Stamp, &KeyFact)> {
        self.facts.iter()
    }

    /// Whether nothing is left.
    pub fn is_empty(&self) -> bool {
        self.facts.is_empty()
    }

    /// The episodes, oldest first. An alert that fires again within `cool_down` after the end
    /// continues its episode.
    pub fn episodes(&self, key: EpisodeKey, cool_down: SignedDuration) -> Vec<Episode> {
        let mut fold = Fold { key, cool_down, done: Vec::new(), open: None, resolves: BTreeMap::new() };
        for (stamp, fact) in &self.facts {
            match fact {
                KeyFact::Alert(reported) if reported.alert.is_resolve() => fold.resolve(stamp, reported),
                KeyFact::Alert(reported) => fold.fire(*stamp, reported),
                KeyFact::Lapsed(lapsed) => fold.lapse(stamp, lapsed),
                KeyFact::Ack(_) => {}
            }
        }
        let mut episodes = fold.done;
        episodes.extend(fold.open);
        for episode in &mut episodes {
            episode.ack = self.ack(episode);
        }
        episodes
    }

    /// The acknowledgement of an episode: the newest under any of its names. An end (also one
    /// that a firing within the cool-down took back) does away with those before it.
    fn ack(&self, episode: &Episode) -> Option<Acknowledged> {
        let mut acks = self.facts.iter().rev().filter_map(|(stamp, fact)| match fact {
            KeyFact::Ack(ack) if episode.names.contains(&ack.episode) => Some((stamp, ack)),
            _ => None,
        });
        let (stamp, ack) = acks.next()?;
        let overtaken = self.last_reopening(episode).is_some_and(|reopened| reopened > *stamp);
        if ack.withdrawn || overtaken {
            return None;
        }
        Some(Acknowledged { at: stamp.receipt, by: ack.by.clone(), note: ack.note.clone(), until: ack.until })
    }

    /// The firing that last took back an end of the episode: the one after its latest end but
    /// one, told from the sets all having ended before it.
    fn last_reopening(&self, episode: &Episode) -> Option<Stamp> {
        let mut open: BTreeSet<Fingerprint> = BTreeSet::new();
        let mut reopened = None;
        let mut began = false;
        for (stamp, fact) in self.facts.range(episode.name..) {
            match fact {
                KeyFact::Alert(reported) if reported.alert.is_resolve() => {
                    open.remove(&reported.alert.fingerprint());
                }
                KeyFact::Alert(reported) if episode.names.contains(stamp) => {
                    if began && open.is_empty() {
                        reopened = Some(*stamp);
                    }
                    began = true;
                    open.insert(reported.alert.fingerprint());
                }
                KeyFact::Lapsed(lapsed) if lapsed.how == Lapse::Expired => {
                    open.remove(&lapsed.fingerprint);
                }
                _ => {}
            }
        }
        reopened
    }
}

struct Fold {
    key: EpisodeKey,
    cool_down: SignedDuration,
    done: Vec<Episode>,
    /// The latest episode, which may have ended but can still be continued.
    open: Option<Episode>,
    /// The latest resolve of each label set, also of sets that were never heard firing.
    resolves: BTreeMap<Fingerprint, Resolve>,
}

/// An end, by the clock of whom it is from, and when it was received, by ours.
struct Resolve {
    ends_at: Timestamp,
    receipt: Timestamp,
}

impl Fold {
    fn fire(&mut self, stamp: Stamp, reported: &Reported) {
        let fingerprint = reported.alert.fingerprint();
        if self.is_late_copy(&reported.alert, fingerprint, stamp.receipt) {
            return;
        }
        if !self.continues(stamp.receipt) {
            self.done.extend(self.open.take());
        }
        let set = |alert| Set { alert, source: reported.source.clone(), state: SetState::Firing };
        match &mut self.open {
            Some(episode) => {
                let alert = match episode.sets.get(&fingerprint) {
                    Some(known) => join(&known.alert, reported.alert.clone()),
                    None => reported.alert.clone(),
                };
                episode.sets.insert(fingerprint, set(alert));
                episode.names.insert(stamp);
                episode.current = fingerprint;
                episode.ended = None;
            }
            none => {
                *none = Some(Episode {
                    key: self.key,
                    name: stamp,
                    names: BTreeSet::from([stamp]),
                    sets: BTreeMap::from([(fingerprint, set(reported.alert.clone()))]),
                    current: fingerprint,
                    ended: None,
                    ack: None,
                });
            }
        }
    }

    fn continues(&self, receipt: Timestamp) -> bool {
        match self.open.as_ref().map(|episode| episode.ended) {
            None => false,
            Some(None) => true,
            Some(Some((at, _))) => receipt.duration_since(at) <= self.cool_down,
        }
    }

    /// Our monitor sets an alert's end a fixed time after posting it. One that was posted before
    /// the resolve and comes soon after it is a copy that was under way, not new trouble. One that comes
    /// later is from a clock that was set back.
    fn is_late_copy(&self, alert: &Alert, fingerprint: Fingerprint, receipt: Timestamp) -> bool {
        let posted = alert.ends_at.checked_sub(VALIDITY);
        match (self.key.is_issue(), self.resolves.get(&fingerprint), posted) {
            (true, Some(resolve), Ok(posted)) => {
                posted < resolve.ends_at && receipt.duration_since(resolve.receipt) <= UNDER_WAY_MAX
            }
            _ => false,
        }
    }

    fn resolve(&mut self, stamp: &Stamp, reported: &Reported) {
        let fingerprint = reported.alert.fingerprint();
        let ends_at = reported.alert.ends_at;
        if self.resolves.get(&fingerprint).is_none_or(|latest| latest.ends_at < ends_at) {
            self.resolves.insert(fingerprint, Resolve { ends_at, receipt: stamp.receipt });
        }
        let resolution =
            reported.alert.annotations.get(annotation::RESOLUTION).and_then(|text| Resolution::parse(text));
        let Some(episode) = &mut self.open else { return };
        let Some(set) = episode.sets.get_mut(&fingerprint) else { return };
        set.alert = join(&set.alert, reported.alert.clone());
        end(episode, fingerprint, stamp.receipt, Ending::Resolved(resolution));
    }

    fn lapse(&mut self, stamp: &Stamp, lapsed: &Lapsed) {
        let Some(episode) = &mut self.open else { return };
        let Some(set) = episode.sets.get_mut(&lapsed.fingerprint) else { return };
        if !set.is_open() {
            return;
        }
        match lapsed.how {
            Lapse::SourceLost => set.state = SetState::SourceLost { since: stamp.receipt },
            Lapse::Expired => {
                set.alert.ends_at = set.alert.ends_at.min(stamp.receipt);
                set.alert.updated_at = stamp.receipt;
                end(episode, lapsed.fingerprint, stamp.receipt, Ending::Expired);
            }
        }
    }
}

/// Ends one set of an episode; the episode lives while any of its sets does.
fn end(episode: &mut Episode, fingerprint: Fingerprint, at: Timestamp, how: Ending) {
    if let Some(set) = episode.sets.get_mut(&fingerprint) {
        set.state = SetState::Ended;
    }
    if episode.sets.values().any(Set::is_open) {
        // What stands for it must be a set that is still there.
        if episode.current == fingerprint {
            let open = episode.sets.iter().filter(|(_, set)| set.is_open());
            if let Some((other, _)) = open.max_by_key(|(_, set)| set.alert.updated_at) {
                episode.current = *other;
            }
        }
    } else if episode.is_live() {
        episode.ended = Some((at, how));
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::alerts::testing::{alert, at, labels};
    use crate::entries::Incarnation;

    const COOL_DOWN: SignedDuration = SignedDuration::from_secs(300);

    fn stamp(receipt: i64, sequence: u64) -> Stamp {
        Stamp { receipt: at(receipt), incarnation: Incarnation(1), sequence }
    }

    fn key() -> EpisodeKey {
        EpisodeKey::of_issue(&labels(&[("alertname", "X")]))
    }

    /// Severity, receipt, and how long after it the alert ends (0: a resolve).
    fn told(severity: &str, receipt: i64, lasts: i64) -> (i64, KeyFact) {
        let mut alert = alert(&[("alertname", "X"), ("severity", severity)], 0, receipt + lasts, receipt);
        alert.starts_at = alert.starts_at.min(alert.ends_at);
        (receipt, KeyFact::Alert(Reported { key: key(), source: "monitor".into(), alert }))
    }

    fn history(facts: &[(i64, KeyFact)]) -> History {
        let mut history = History::default();
        for (sequence, (receipt, fact)) in facts.iter().enumerate() {
            history.add(stamp(*receipt, sequence as u64), fact.clone());
        }
        history
    }

    fn episodes(facts: &[(i64, KeyFact)]) -> Vec<Episode> {
        history(facts).episodes(key(), COOL_DOWN)
    }

    fn ack(receipt: i64, episode: Stamp, withdrawn: bool) -> (i64, KeyFact) {
        let ack = Ack { key: key(), episode, by: "ada".into(), note: String::new(), until: None, withdrawn };
        (receipt, KeyFact::Ack(ack))
    }

    fn lapsed(receipt: i64, severity: &str, how: Lapse) -> (i64, KeyFact) {
        let labels = labels(&[("alertname", "X"), ("severity", severity)]);
        let fingerprint = model::labels::fingerprint(&labels);
        (receipt, KeyFact::Lapsed(Lapsed { key: key(), fingerprint, how, heard: at(0) }))
    }

    #[test]
    fn it_fires_and_ends() {
        let got = episodes(&[told("warning", 0, 300), told("warning", 60, 0)]);
        assert_eq!(got.len(), 1);
        assert_eq!(got[0].ended, Some((at(60), Ending::Resolved(None))));
        assert_eq!(got[0].name, stamp(0, 0));
    }

    #[test]
    fn firing_again_within_the_cool_down_is_the_same_episode() {
        let first = [told("warning", 0, 300), told("warning", 60, 0)];
        for (again, count) in [(360, 1), (361, 2)] {
            let mut facts = first.to_vec();
            facts.push(told("warning", again, 300));
            let got = episodes(&facts);
            assert_eq!(got.len(), count, "{again}");
            assert!(got.last().unwrap().is_live());
        }
    }

    #[test]
    fn a_relabelled_episode_lives_while_any_of_its_sets_does() {
        let mut facts = vec![told("warning", 0, 300), told("critical", 50, 300), told("warning", 51, 0)];
        let got = episodes(&facts);
        assert!(got.len() == 1 && got[0].is_live());
        assert_eq!(got[0].severity(), "critical");
        facts.push(told("critical", 90, 0));
        assert_eq!(episodes(&facts)[0].ended.unwrap().0, at(90));
    }

    #[test]
    fn a_resolve_for_an_unknown_key_stops_what_was_received_before_it() {
        assert!(episodes(&[told("warning", 60, 0)]).is_empty());
        let got = episodes(&[told("warning", 60, 0), told("warning", 10, 300)]);
        assert!(got.len() == 1 && !got[0].is_live(), "received before the resolve: over");
    }

    #[test]
    fn a_late_copy_does_not_reopen() {
        // Posted at 50 (ends 300 s later), resolved at 60, the copy arrives at 70.
        let copy = told("warning", 70, 280);
        let got = episodes(&[told("warning", 0, 300), told("warning", 60, 0), copy]);
        assert!(!got[0].is_live());
    }

    #[test]
    fn what_a_clock_that_was_set_back_says_later_is_no_late_copy() {
        // Resolved at 60; 80 s are taken off the monitor's clock, which then says again that it fires.
        for (receipt, is_live) in [(75, false), (76, true)] {
            let again = told("warning", receipt, 220);
            let got = episodes(&[told("warning", 0, 300), told("warning", 60, 0), again]);
            assert_eq!(got[0].is_live(), is_live, "{receipt}");
        }
    }

    #[test]
    fn an_acknowledgement_lasts_until_the_end_and_no_longer() {
        let first = stamp(0, 0);
        let mut facts = vec![told("warning", 0, 300), ack(10, first, false)];
        assert_eq!(episodes(&facts)[0].acknowledged(at(20)).unwrap().by, "ada");
        facts.push(told("critical", 30, 300));
        assert!(episodes(&facts)[0].acknowledged(at(31)).is_some(), "a severity that rises keeps it");
        facts.extend([told("warning", 40, 0), told("critical", 41, 0), told("critical", 50, 300)]);
        assert_eq!(episodes(&facts)[0].acknowledged(at(51)), None, "reopened within the cool-down");
        facts.extend([ack(60, first, false), ack(70, first, true)]);
        assert_eq!(episodes(&facts)[0].acknowledged(at(71)), None, "withdrawn");
    }

    #[test]
    fn a_lost_source_is_no_recovery() {
        let mut facts = vec![told("warning", 0, 300), lapsed(500, "warning", Lapse::SourceLost)];
        let got = episodes(&facts);
        assert!(got[0].is_live());
        assert_eq!(got[0].source_lost(), Some(at(500)));
        facts.push(told("warning", 600, 300));
        assert_eq!(episodes(&facts)[0].source_lost(), None, "heard again");
        facts.push(lapsed(1200, "warning", Lapse::Expired));
        assert_eq!(episodes(&facts)[0].ended, Some((at(1200), Ending::Expired)));
    }

    proptest! {
        #[test]
        fn the_order_of_arrival_does_not_matter(
            facts in prop::collection::vec((0..3_usize, 0..2000_i64, 0..3_usize), 1..12),
            seed in any::<u64>(),
        ) {
            let facts: Vec<(i64, KeyFact)> = facts
                .iter()
                .map(|(kind, receipt, severity)| {
                    let severity = ["info", "warning", "critical"][*severity];
                    match kind {
                        0 => told(severity, *receipt, 300),
                        1 => told(severity, *receipt, 0),
                        _ => lapsed(*receipt, severity, Lapse::Expired),
                    }
                })
                .collect();
            let straight = history(&facts);
            let mut order: Vec<usize> = (0..facts.len()).collect();
            order.sort_by_key(|index| (*index as u64).wrapping_mul(seed | 1));
            let mut shuffled = History::default();
            for index in order {
                shuffled.add(stamp(facts[index].0, index as u64), facts[index].1.clone());
            }
            let episodes = straight.episodes(key(), COOL_DOWN);
            prop_assert_eq!(&shuffled.episodes(key(), COOL_DOWN), &episodes);
            for pair in episodes.windows(2) {
                let (end, _) = pair[0].ended.expect("an earlier episode has ended");
                prop_assert!(pair[1].name.receipt.duration_since(end) > COOL_DOWN);
            }
        }
    }
}

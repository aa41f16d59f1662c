//! Taking in what is posted: what of it must be journaled.

use jiff::Timestamp;
use model::alert::VALIDITY;
use model::hold::{Hold, Outcome};
use model::labels::annotation;
use uuid::Uuid;

use super::Desk;
use crate::alerts::{Alert, Batch, Defaults, Ingested, Invalid, normalise};
use crate::book::episodes::{Ack, EpisodeKey, IssueRef};
use crate::book::silences::{self, Wanted};
use crate::entries::{Fact, Reported};

/// What a posted batch came to.
#[derive(Clone, Debug, Default)]
pub struct Ingest {
    /// To be journaled before the answer.
    pub facts: Vec<Fact>,
    /// What was wrong with the others.
    pub invalid: Vec<Invalid>,
    /// Why alerts that are new were left out. The rest, such as the ends of those that are known, is
    /// among the facts all the same.
    pub refused: Option<TooMany>,
    /// How many of all were firing.
    pub firing: u64,
    /// How many of all were over.
    pub resolved: u64,
}

/// 503: there are as many alerts as the configuration allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} alerts fire already, as many as are kept: raise limits.alerts, or post fewer")]
pub struct TooMany(pub usize);

impl Desk {
    /// Takes in a batch. Refreshes are noted at once; the rest must be journaled and applied.
    /// `trusted`: whether the poster may report issues of ours. `poster` is its identity, if it
    /// has shown one.
    pub fn ingest(&mut self, batch: Batch, poster: Option<&str>, trusted: bool, now: Timestamp) -> Ingest {
        let defaults = Defaults { resolve_timeout: self.settings.resolve_timeout };
        let Ingested { alerts, invalid, firing, resolved } = normalise(batch, defaults, now);
        let mut news: Vec<(bool, Fact)> = Vec::new();
        // Also when there is nothing in it: whoever posts that is there, and has no alert.
        if let Some(poster) = poster {
            self.listening.heard(poster, now);
        }
        for mut alert in alerts {
            let key = if trusted && IssueRef::of(&alert.labels).is_some() {
                by_our_clock(&mut alert, now);
                EpisodeKey::of_issue(&alert.labels)
            } else {
                EpisodeKey::of_foreign(&alert.labels)
            };
            let source = poster.map_or_else(|| origin(&alert.generator_url), str::to_owned);
            self.listening.heard(&source, now);
            if self.book.is_news(key, &alert) {
                let live = self.book.episode(key).is_some_and(crate::book::episodes::Episode::is_live);
                let fresh = !live && !alert.is_resolve();
                news.push((fresh, Fact::Alert(Reported { key, source, alert })));
            } else {
                self.book.refresh(key, &alert);
            }
        }
        let refused = self.too_many(news.iter().filter(|(fresh, _)| *fresh).count());
        if refused.is_some() {
            news.retain(|(fresh, _)| !fresh);
        }
        let facts = news.into_iter().map(|(_, fact)| fact).collect();
        Ingest { facts, invalid, refused, firing, resolved }
    }

    fn too_many(&self, fresh: usize) -> Option<TooMany> {
        let count = self.book.live_count();
        (fresh > 0 && count + fresh > self.settings.policy.alerts_max).then_some(TooMany(count))
    }

    /// Takes in a hold: what must be journaled, if it says anything new.
    pub fn hold(&mut self, hold: Hold, now: Timestamp) -> Option<Fact> {
        if self.book.holds.is_news(&hold, now) {
            return Some(Fact::Hold(hold));
        }
        self.book.holds.sign(&hold, now);
        let key = self.book.of_issue(&crate::book::holds::issue_of(&hold)).map(|episode| episode.key);
        if let Some(key) = key {
            self.regroup(key, now);
        }
        None
    }

    /// Takes in an outcome: what must be journaled, if it is not known.
    pub fn outcome(&self, outcome: Outcome) -> Option<Fact> {
        (!self.book.outcomes.knows(&outcome)).then_some(Fact::Outcome(outcome))
    }

    /// An acknowledgement of the latest episode of `key`; `None` where nothing fires.
    pub fn ack(
        &self,
        key: EpisodeKey,
        by: String,
        note: String,
        until: Option<Timestamp>,
        withdrawn: bool,
    ) -> Option<Fact> {
        let episode = self.book.episode(key).filter(|episode| episode.is_live())?;
        Some(Fact::Ack(Ack { key, episode: episode.name, by, note, until, withdrawn }))
    }

    /// Makes or changes a silence: its id, and what must be journaled.
    pub fn silence(
        &self,
        wanted: Wanted,
        fresh: Uuid,
        now: Timestamp,
    ) -> Result<(Uuid, Vec<Fact>), silences::Error> {
        let max = self.settings.policy.silences_max;
        let (id, silences) = self.book.silences.set(wanted, fresh, max, now)?;
        Ok((id, silences.into_iter().map(Fact::Silence).collect()))
    }

    /// Ends a silence: what must be journaled.
    pub fn expire_silence(&self, id: &str, now: Timestamp) -> Result<Vec<Fact>, silences::Error> {
        Ok(self.book.silences.expire(id, now)?.into_iter().map(Fact::Silence).collect())
    }
}

/// Our monitor says of every end why it is one. What it says counts, not how its clock stands to
/// ours: an issue without such a word has not ended, and one with it has.
fn by_our_clock(alert: &mut Alert, now: Timestamp) {
    match (alert.annotations.contains_key(annotation::RESOLUTION), alert.is_resolve()) {
        (false, true) => alert.ends_at = now.saturating_add(VALIDITY).unwrap_or(now),
        (true, false) => {
            alert.starts_at = alert.starts_at.min(now);
            alert.ends_at = now;
        }
        _ => {}
    }
}

/// Where a `generatorURL` points: scheme, host and port. Empty where it is no URL.
fn origin(generator_url: &str) -> String {
    url::Url::parse(generator_url)
        .ok()
        .filter(url::Url::has_host)
        .map(|url| url.origin().ascii_serialization())
        .unwrap_or_default()
}

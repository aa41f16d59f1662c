//! Silences: who asked not to hear of what, and for how long.

use std::collections::BTreeMap;

use jiff::Timestamp;
use model::labels::LabelSet;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::entries::Stamp;
use crate::rules::matchers::{Matcher, all_match};

/// A silence as it stands.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Silence {
    /// Its id.
    pub id: Uuid,
    /// What it silences: alerts that satisfy all of them.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// When it was last changed.
    pub updated_at: Timestamp,
    /// Who made it.
    #[serde(default)]
    pub created_by: String,
    /// Why.
    #[serde(default)]
    pub comment: String,
    /// Whatever tools like to keep with it.
    #[serde(default, skip_serializing_if = "LabelSet::is_empty")]
    pub annotations: LabelSet,
}

/// A silence as it is asked for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Wanted {
    /// The one to change; without it a new one.
    #[serde(default)]
    pub id: Option<String>,
    /// What it silences.
    pub matchers: Vec<Matcher>,
    /// From when.
    pub starts_at: Timestamp,
    /// Until when.
    pub ends_at: Timestamp,
    /// Who asks.
    pub created_by: String,
    /// Why.
    pub comment: String,
    /// Whatever tools like to keep with it.
    #[serde(default)]
    pub annotations: LabelSet,
}

/// Where a silence is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In force.
    Active,
    /// To come.
    Pending,
    /// Over.
    Expired,
}

/// Why a silence was not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// 404: there is no silence with that id.
    #[error("silence {0} not found")]
    NotFound(String),
    /// 400: it would never be in force.
    #[error("Failed to create silence: start time must be before end time")]
    StartNotBeforeEnd,
    /// 400: it would be over at once.
    #[error("Failed to create silence: end time can't be in the past")]
    EndsInThePast,
    /// 400: it silences nothing in particular.
    #[error("invalid silence: at least one matcher set required")]
    NoMatchers,
    /// 400: it would silence everything.
    #[error("invalid silence: at least one matcher must not match the empty string")]
    MatchesEverything,
    /// 400: a matcher on a label without a name.
    #[error("invalid silence: invalid label matcher {0}: a label's name cannot be empty")]
    NamelessLabel(usize),
    /// 503: there are as many as the configuration allows.
    #[error("there are {0} silences already: let some expire, or raise limits.silences")]
    TooMany(usize),
}

impl Silence {
    /// Where it is in its life.
    pub fn state(&self, now: Timestamp) -> State {
        if now < self.starts_at {
            State::Pending
        } else if now < self.ends_at {
            State::Active
        } else {
            State::Expired
        }
    }

    /// This silence, ended now.
    #[must_use]
    fn expired(&self, now: Timestamp) -> Self {
        let starts_at = self.starts_at.min(now);
        Self { starts_at, ends_at: now, updated_at: now, ..self.clone() }
    }

    /// Whether `wanted` can be made of it in place, without falsifying what it was so far.
    fn can_become(&self, wanted: &Silence, now: Timestamp) -> bool {
        let same = self.matchers == wanted.matchers;
        match self.state(now) {
            State::Active => {
                let unmoved = self.starts_at.as_second() == wanted.starts_at.as_second();
                same && unmoved && wanted.ends_at >= now
            }
            State::Pending => same && wanted.starts_at >= now,
            State::Expired => false,
        }
    }
}

/// All silences that are known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Silences {
    told: BTreeMap<Uuid, BTreeMap<Stamp, Silence>>,
}

impl Silences {
    /// Adds an entry.
    pub fn add(&mut self, stamp: Stamp, silence: Silence) {
        self.told.entry(silence.id).or_default().insert(stamp, silence);
    }

    /// All, as they stand.
    pub fn all(&self) -> impl Iterator<Item = &Silence> {
        self.told.values().filter_map(|told| told.values().next_back())
    }

    /// One, as it stands.
    pub fn get(&self, id: Uuid) -> Option<&Silence> {
        self.told.get(&id)?.values().next_back()
    }

    /// Those in force at `now` that silence `labels`.
    pub fn muting(&self, labels: &LabelSet, now: Timestamp) -> Vec<Uuid> {
        let active = self.all().filter(|silence| silence.state(now) == State::Active);
        active.filter(|silence| all_match(&silence.matchers, labels)).map(|silence| silence.id).collect()
    }

    /// What must be journaled to get what is wanted, and the id it then has. `fresh` is used
    /// where a new silence is needed.
    pub fn set(
        &self,
        wanted: Wanted,
        fresh: Uuid,
        max: usize,
        now: Timestamp,
    ) -> Result<(Uuid, Vec<Silence>), Error> {
        let before = match wanted.id.as_deref() {
            None | Some("") => None,
            Some(id) => Some(self.find(id)?),
        };
        let mut silence = validate(wanted, fresh, now)?;
        let Some(before) = before else {
            return self.create(silence, max, now).map(|silence| (silence.id, vec![silence]));
        };
        if before.can_become(&silence, now) {
            silence.id = before.id;
            return Ok((silence.id, vec![silence]));
        }
        let created = self.create(silence, max, now)?;
        let mut facts = Vec::new();
        if before.state(now) != State::Expired {
            facts.push(before.expired(now));
        }
        facts.push(created.clone());
        Ok((created.id, facts))
    }

    fn create(&self, mut silence: Silence, max: usize, now: Timestamp) -> Result<Silence, Error> {
        if self.told.len() >= max {
            return Err(Error::TooMany(self.told.len()));
        }
        silence.starts_at = silence.starts_at.max(now);
        Ok(silence)
    }

    fn find(&self, id: &str) -> Result<&Silence, Error> {
        let uuid = Uuid::parse_str(id).ok();
        uuid.and_then(|uuid| self.get(uuid)).ok_or_else(|| Error::NotFound(id.to_owned()))
    }

    /// What must be journaled to end a silence; nothing where it has ended.
    pub fn expire(&self, id: &str, now: Timestamp) -> Result<Option<Silence>, Error> {
        let silence = self.find(id)?;
        Ok((silence.state(now) != State::Expired).then(|| silence.expired(now)))
    }

    /// Entries that say nothing any more: of silences that ended before `before`, and older forms
    /// of others.
    pub fn expired(&self, before: Timestamp) -> Vec<Stamp> {
        let mut gone = Vec::new();
        for told in self.told.values() {
            let over = told.values().next_back().is_some_and(|silence| silence.ends_at < before);
            let kept = usize::from(!over);
            gone.extend(told.keys().rev().skip(kept).copied());
        }
        gone
    }

    /// Drops an entry.
    pub fn remove(&mut self, stamp: &Stamp) {
        for told in self.told.values_mut() {
            told.remove(stamp);
        }
        self.told.retain(|_, told| !told.is_empty());
    }
}

fn validate(wanted: Wanted, id: Uuid, now: Timestamp) -> Result<Silence, Error> {
    if wanted.starts_at >= wanted.ends_at {
        return Err(Error::StartNotBeforeEnd);
    }
    if wanted.ends_at < now {
        return Err(Error::EndsInThePast);
    }
    if wanted.matchers.is_empty() {
        return Err(Error::NoMatchers);
    }
    if let Some(index) = wanted.matchers.iter().position(|matcher| matcher.name().is_empty()) {
        return Err(Error::NamelessLabel(index));
    }
    if wanted.matchers.iter().all(|matcher| matcher.accepts("")) {
        return Err(Error::MatchesEverything);
    }
    Ok(Silence {
        id,
        matchers: wanted.matchers,
        starts_at: wanted.starts_at,
        ends_at: wanted.ends_at,
        updated_at: now,
        created_by: wanted.created_by,
        comment: wanted.comment,
        annotations: wanted.annotations,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::{at, labels};
    use crate::entries::Incarnation;
    use crate::rules::matchers::parse_all;

    fn wanted(matchers: &str, starts: i64, ends: i64) -> Wanted {
        Wanted {
            id: None,
            matchers: parse_all(matchers).unwrap(),
            starts_at: at(starts),
            ends_at: at(ends),
            created_by: "ada".into(),
            comment: "why".into(),
            annotations: LabelSet::new(),
        }
    }

    fn apply(silences: &mut Silences, facts: Vec<Silence>, now: i64) {
        for (sequence, silence) in facts.into_iter().enumerate() {
            let stamp = Stamp { receipt: at(now), incarnation: Incarnation(1), sequence: sequence as u64 };
            silences.add(stamp, silence);
        }
    }

    fn with_one() -> (Silences, Uuid) {
        let mut silences = Silences::default();
        let (id, facts) = silences.set(wanted("a=b", 0, 100), Uuid::from_u128(1), 10, at(0)).unwrap();
        apply(&mut silences, facts, 0);
        (silences, id)
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for (what, asked, expected) in [
            ("backwards", wanted("a=b", 50, 50), Error::StartNotBeforeEnd),
            ("over", wanted("a=b", 0, 5), Error::EndsInThePast),
            ("no matchers", wanted("", 0, 50), Error::NoMatchers),
            ("everything", wanted("a=~\".*\"", 0, 50), Error::MatchesEverything),
            ("unknown", Wanted { id: Some("x".into()), ..wanted("a=b", 0, 50) }, Error::NotFound("x".into())),
        ] {
            let got = Silences::default().set(asked, Uuid::from_u128(1), 10, at(10));
            assert_eq!(got.unwrap_err(), expected, "{what}");
        }
    }

    #[test]
    fn an_end_can_be_moved_in_place() {
        let (mut silences, id) = with_one();
        let longer = Wanted { id: Some(id.to_string()), ..wanted("a=b", 0, 500) };
        let (same, facts) = silences.set(longer, Uuid::from_u128(2), 10, at(10)).unwrap();
        apply(&mut silences, facts, 10);
        assert_eq!((same, silences.all().count()), (id, 1));
        assert_eq!(silences.muting(&labels(&[("a", "b")]), at(300)), [id]);
    }

    #[test]
    fn other_matchers_make_another_and_end_the_first() {
        let (mut silences, id) = with_one();
        let other = Wanted { id: Some(id.to_string()), ..wanted("a=c", 0, 500) };
        let (new, facts) = silences.set(other, Uuid::from_u128(2), 10, at(10)).unwrap();
        apply(&mut silences, facts, 10);
        assert_ne!(new, id);
        assert_eq!(silences.get(id).unwrap().state(at(10)), State::Expired);
        assert_eq!(silences.get(new).unwrap().starts_at, at(10));
    }

    #[test]
    fn ending_one_twice_is_fine() {
        let (mut silences, id) = with_one();
        let ended = silences.expire(&id.to_string(), at(10)).unwrap().unwrap();
        apply(&mut silences, vec![ended], 10);
        assert_eq!(silences.expire(&id.to_string(), at(20)), Ok(None));
        assert!(silences.muting(&labels(&[("a", "b")]), at(10)).is_empty());
        assert!(matches!(silences.expire("nonsense", at(20)), Err(Error::NotFound(_))));
    }

    #[test]
    fn there_is_a_limit() {
        let (silences, _) = with_one();
        let got = silences.set(wanted("a=b", 0, 100), Uuid::from_u128(2), 1, at(0));
        assert_eq!(got.unwrap_err(), Error::TooMany(1));
    }
}

//! Durable facts. What is known at any moment is a pure function of the set of entries, whatever
//! the order they arrive in: that is what lets journals of several replicas merge.

use std::fmt;
use std::str::FromStr;

use jiff::{SignedDuration, Timestamp};
use model::hold::{Hold, Outcome};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::alerts::Alert;
use crate::book::attempts::{Begun, Ended};
use crate::book::episodes::{Ack, EpisodeKey, Lapsed};
use crate::book::silences::Silence;

/// Which life of which journal wrote an entry: random, made with the journal's file, so that a
/// replica that lost its disk never repeats a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Incarnation(pub u64);

impl Incarnation {
    /// Of entries that could not be journaled and live in memory alone.
    pub const VOLATILE: Self = Self(0);
}

/// The identity of an entry, and its place among all: by receipt at its origin first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Stamp {
    /// When the origin received what the entry says.
    pub receipt: Timestamp,
    /// The origin.
    pub incarnation: Incarnation,
    /// Its number there.
    pub sequence: u64,
}

/// How far a receipt may be ahead of the clock. Receipts of one journal never go back; a clock that
/// is corrected by a little does.
const AHEAD_MAX: SignedDuration = SignedDuration::from_secs(60);

impl Stamp {
    /// Whether the clock was set back since: how long ago this was, nobody can say.
    pub fn is_ahead_of(&self, now: Timestamp) -> bool {
        self.receipt.duration_since(now) > AHEAD_MAX
    }
}

/// A text that is no stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not an entry's name: it looks like 00000000000000ff-12@2026-01-01T00:00:00Z")]
pub struct NotAStamp(String);

impl fmt::Display for Stamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}-{}@{}", self.incarnation.0, self.sequence, self.receipt)
    }
}

impl FromStr for Stamp {
    type Err = NotAStamp;

    fn from_str(text: &str) -> Result<Self, NotAStamp> {
        let parse = || {
            let (name, receipt) = text.split_once('@')?;
            let (incarnation, sequence) = name.split_once('-')?;
            Some(Self {
                receipt: receipt.parse().ok()?,
                incarnation: Incarnation(u64::from_str_radix(incarnation, 16).ok()?),
                sequence: sequence.parse().ok()?,
            })
        };
        parse().ok_or_else(|| NotAStamp(text.to_owned()))
    }
}

impl Serialize for Stamp {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Stamp {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// What an entry says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// An alert began to fire, says something new, or was resolved. Refreshes are no facts.
    Alert(Reported),
    /// An alert was not posted again.
    Lapsed(Lapsed),
    /// Somebody took an episode on, or gave it back.
    Ack(Ack),
    /// A silence was made, changed or ended.
    Silence(Silence),
    /// The healer took an issue up, or let go of it.
    Hold(Hold),
    /// What came of a remediation.
    Outcome(Outcome),
    /// An attempt to send a message begins.
    Begun(Begun),
    /// An attempt to send a message ended.
    Ended(Ended),
}

/// An alert, and what was known of it when it was received.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Reported {
    /// The episode's key; whether the poster was trusted to report our issues is in it.
    pub key: EpisodeKey,
    /// Who posts it: an identity, else where its `generatorURL` points; empty when neither is known.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub source: String,
    /// The alert.
    pub alert: Alert,
}

/// A fact with its stamp.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// Identity and place.
    pub stamp: Stamp,
    /// What it says.
    pub fact: Fact,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stamp_survives_its_text_and_orders_by_receipt() {
        let stamp = |receipt: i64, incarnation, sequence| Stamp {
            receipt: Timestamp::from_millisecond(receipt).unwrap(),
            incarnation: Incarnation(incarnation),
            sequence,
        };
        let one = stamp(1_700_000_000_123, u64::MAX, 7);
        assert_eq!(one.to_string().parse(), Ok(one));
        assert!(one < stamp(1_700_000_000_124, 0, 1));
        assert!("x-1@2026-01-01T00:00:00Z".parse::<Stamp>().is_err());
    }
}

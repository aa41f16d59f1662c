//! Durations as people write them: `90s`, `5m`, `1h30m`.

use std::borrow::Cow;
use std::fmt::{self, Write};
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A duration that is text in configuration and custom resources.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DurationText(pub Duration);

impl DurationText {
    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(Duration::from_secs(seconds))
    }

    /// So many milliseconds.
    pub const fn from_millis(milliseconds: u64) -> Self {
        Self(Duration::from_millis(milliseconds))
    }

    /// As a signed span, for arithmetic with timestamps. Saturates at about 292 billion years.
    pub fn signed(self) -> jiff::SignedDuration {
        jiff::SignedDuration::try_from(self.0).unwrap_or(jiff::SignedDuration::MAX)
    }
}

impl From<Duration> for DurationText {
    fn from(duration: Duration) -> Self {
        Self(duration)
    }
}

impl From<DurationText> for Duration {
    fn from(text: DurationText) -> Self {
        text.0
    }
}

/// What durations are written in, with the nanoseconds of each. A month or a year is no fixed time, and the resources'
/// schema knows neither; what is below a millisecond comes from nobody's file.
const UNITS: [(&str, u128); 7] = [
    ("d", 86_400_000_000_000),
    ("h", 3_600_000_000_000),
    ("m", 60_000_000_000),
    ("s", 1_000_000_000),
    ("ms", 1_000_000),
    ("us", 1_000),
    ("ns", 1),
];

impl fmt::Display for DurationText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut left = self.0.as_nanos();
        let mut text = String::new();
        for (unit, nanos) in UNITS {
            let count = left / nanos;
            left %= nanos;
            if count > 0 {
                write!(text, "{count}{unit}")?;
            }
        }
        f.pad(if text.is_empty() { "0s" } else { &text })
    }
}

/// A text that is no duration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration ({reason}): write for example 30s, 5m or 1h30m")]
pub struct Invalid {
    text: String,
    reason: String,
}

impl std::str::FromStr for DurationText {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        humantime::parse_duration(text)
            .map(Self)
            .map_err(|error| Invalid { text: text.to_owned(), reason: error.to_string() })
    }
}

impl Serialize for DurationText {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for DurationText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for DurationText {
    fn schema_name() -> Cow<'static, str> {
        "Duration".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "pattern": "^([0-9]+(ms|s|m|h|d))+$",
            "description": "a duration, for example 30s, 5m or 1h30m",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_what_people_write() {
        for (text, seconds) in
            [("30s", 30), ("5m", 300), ("1h30m", 5400), ("0s", 0), ("1d12h", 129_600), ("90d", 7_776_000)]
        {
            let parsed: DurationText = text.parse().unwrap();
            assert_eq!(parsed, DurationText::from_secs(seconds));
            assert_eq!(parsed.to_string(), text);
        }
    }

    #[test]
    fn says_how_to_write_one() {
        let error = "5 parsecs".parse::<DurationText>().unwrap_err();
        assert!(error.to_string().contains("1h30m"), "{error}");
    }
}

//! Durations as Prometheus writes them: `1w2d`, `5m`, `1500ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use jiff::SignedDuration;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Unit and its milliseconds, from the longest; a year has 365 days.
const UNITS: [(&str, u64); 7] = [
    ("y", 365 * 24 * 3_600_000),
    ("w", 7 * 24 * 3_600_000),
    ("d", 24 * 3_600_000),
    ("h", 3_600_000),
    ("m", 60_000),
    ("s", 1_000),
    ("ms", 1),
];

/// A duration in an `alertmanager.yml`, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PromDuration(pub u64);

/// A text that is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a duration: write for example 30s, 5m, 4h or 1d12h, units from long to short")]
pub struct Invalid(String);

impl PromDuration {
    /// So many seconds.
    pub const fn from_secs(seconds: u64) -> Self {
        Self(seconds * 1000)
    }

    /// For arithmetic with times.
    pub fn signed(self) -> SignedDuration {
        SignedDuration::from_millis(i64::try_from(self.0).unwrap_or(i64::MAX))
    }

    /// For time-outs.
    pub const fn std(self) -> Duration {
        Duration::from_millis(self.0)
    }
}

impl FromStr for PromDuration {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid(text.to_owned());
        if text == "0" {
            return Ok(Self(0));
        }
        let mut rest = text;
        let mut total: u64 = 0;
        for (unit, milliseconds) in UNITS {
            let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
            let (number, tail) = rest.split_at(digits);
            let word = tail.find(|c: char| c.is_ascii_digit()).unwrap_or(tail.len());
            if number.is_empty() || &tail[..word] != unit {
                continue;
            }
            let part = number.parse::<u64>().ok().and_then(|number| number.checked_mul(milliseconds));
            total = part.and_then(|part| total.checked_add(part)).ok_or_else(invalid)?;
            rest = &tail[word..];
        }
        if text.is_empty() || !rest.is_empty() { Err(invalid()) } else { Ok(Self(total)) }
    }
}

impl fmt::Display for PromDuration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0 == 0 {
            return f.write_str("0s");
        }
        let mut rest = self.0;
        for (unit, milliseconds) in UNITS {
            // Years and weeks only where nothing is left over, as Prometheus does.
            let exact = !matches!(unit, "y" | "w") || rest.is_multiple_of(milliseconds);
            let count = rest / milliseconds;
            if count > 0 && exact {
                write!(f, "{count}{unit}")?;
                rest %= milliseconds;
            }
        }
        Ok(())
    }
}

impl Serialize for PromDuration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for PromDuration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_and_writes_as_prometheus_does() {
        for (text, milliseconds, written) in [
            ("30s", 30_000, "30s"),
            ("1500ms", 1500, "1s500ms"),
            ("1h30m", 5_400_000, "1h30m"),
            ("120h", 432_000_000, "5d"),
            ("2w", 1_209_600_000, "2w"),
            ("0", 0, "0s"),
        ] {
            let duration: PromDuration = text.parse().unwrap();
            assert_eq!(duration, PromDuration(milliseconds), "{text}");
            assert_eq!(duration.to_string(), written);
        }
    }

    #[test]
    fn refuses_what_prometheus_refuses() {
        for text in ["", "5", "5 m", "m", "1m1h", "1.5h", "-1s", "99999999999999999999y"] {
            assert!(text.parse::<PromDuration>().is_err(), "{text}");
        }
    }
}

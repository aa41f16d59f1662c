//! A number or a percentage: `3`, `"10%"`.

use std::borrow::Cow;
use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::de::Visitor;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How much of a pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Amount {
    /// So many.
    Count(u32),
    /// So many of a hundred, from 0 to 100.
    Percent(u32),
}

impl Amount {
    /// How many of a pool of `size` it allows, and whether that is one only because a percentage
    /// never rounds to zero. Rounds down otherwise: two never come about by rounding.
    pub fn of(self, size: u32) -> Allowance {
        match self {
            Self::Count(count) => Allowance { count, is_small_pool: false },
            Self::Percent(percent) => {
                let exact = u64::from(size) * u64::from(percent) / 100;
                let count = u32::try_from(exact).unwrap_or(u32::MAX);
                // Nothing of anything stays nothing: validation refuses it, and so does this.
                let is_small_pool = count == 0 && percent > 0;
                Allowance { count: if is_small_pool { 1 } else { count }, is_small_pool }
            }
        }
    }

    /// Whether it allows nothing, whatever the pool.
    pub const fn is_nothing(self) -> bool {
        matches!(self, Self::Count(0) | Self::Percent(0))
    }
}

/// What an [`Amount`] comes to in one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many at once.
    pub count: u32,
    /// Whether it is one because the percentage would have rounded to none.
    pub is_small_pool: bool,
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Percent(percent) => write!(f, "{percent}%"),
        }
    }
}

/// A text that is neither a number nor a percentage.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is neither a number such as 3 nor a percentage from 0% to 100%")]
pub struct Invalid(String);

impl std::str::FromStr for Amount {
    type Err = Invalid;

    fn from_str(text: &str) -> Result<Self, Invalid> {
        let invalid = || Invalid(text.to_owned());
        match text.strip_suffix('%') {
            None => text.parse().map(Self::Count).map_err(|_| invalid()),
            Some(percent) => match percent.parse() {
                Ok(percent) if percent <= 100 => Ok(Self::Percent(percent)),
                _ => Err(invalid()),
            },
        }
    }
}

impl Serialize for Amount {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Count(count) => serializer.serialize_u32(*count),
            Self::Percent(_) => serializer.collect_str(self),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number such as 3 or a percentage such as 10%")
            }

            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Amount, E> {
                u32::try_from(count).map(Amount::Count).map_err(E::custom)
            }

            fn visit_i64<E: serde::de::Error>(self, count: i64) -> Result<Amount, E> {
                u32::try_from(count).map(Amount::Count).map_err(E::custom)
            }

            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Amount, E> {
                text.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(Either)
    }
}

impl JsonSchema for Amount {
    fn schema_name() -> Cow<'static, str> {
        "Amount".into()
    }

    fn inline_schema() -> bool {
        true
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "a number such as 3, or a percentage such as 10%",
            "oneOf": [
                { "type": "integer", "minimum": 0 },
                { "type": "string", "pattern": "^[0-9]{1,3}%$" },
            ],
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn reads_and_writes_both_forms() {
        for (json, amount) in [("3", Amount::Count(3)), ("\"10%\"", Amount::Percent(10))] {
            assert_eq!(serde_json::from_str::<Amount>(json).unwrap(), amount);
            assert_eq!(serde_json::to_string(&amount).unwrap(), json);
        }
        for json in ["\"101%\"", "-1", "\"%\"", "\"x\"", "1.5", "null", "4294967296"] {
            assert!(serde_json::from_str::<Amount>(json).is_err(), "{json}");
        }
    }

    proptest! {
        #[test]
        fn one_is_always_possible_and_two_never_by_rounding(percent in 1_u32..=100, size in 0_u32..100_000) {
            let allowed = Amount::Percent(percent).of(size);
            prop_assert!(allowed.count >= 1);
            let exact = u64::from(size) * u64::from(percent);
            prop_assert!(allowed.count < 2 || u64::from(allowed.count) * 100 <= exact);
            prop_assert_eq!(allowed.is_small_pool, exact < 100);
        }

        #[test]
        fn nothing_stays_nothing(size: u32) {
            prop_assert_eq!(Amount::Percent(0).of(size).count, 0);
            prop_assert_eq!(Amount::Count(0).of(size).count, 0);
        }
    }
}

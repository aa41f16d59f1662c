//! PodDisruptionBudgets: what the governor counts with before the eviction API has the last word.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, Visitor};

use super::text::{Text, nullable};
use super::{Condition, Meta, Selector};

/// A PodDisruptionBudget.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct PodDisruptionBudget {
    /// Its metadata.
    pub metadata: Meta,
    /// What was asked for.
    #[serde(default)]
    pub spec: Spec,
    /// What is.
    #[serde(default)]
    pub status: Status,
}

/// A budget's spec.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Spec {
    /// How many must stay.
    pub min_available: Option<Amount>,
    /// How many may be away.
    pub max_unavailable: Option<Amount>,
    /// Which pods; `None` selects none.
    pub selector: Option<Selector>,
}

/// A budget's status.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Status {
    /// The generation that this status speaks of.
    pub observed_generation: i64,
    /// How many more may go now.
    pub disruptions_allowed: i32,
    /// How many are healthy.
    pub current_healthy: i32,
    /// How many must be.
    pub desired_healthy: i32,
    /// How many there should be.
    pub expected_pods: i32,
    /// `DisruptionAllowed`.
    #[serde(deserialize_with = "nullable")]
    pub conditions: Vec<Condition>,
}

/// A number or a percentage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Amount {
    /// So many pods.
    Count(i64),
    /// A text such as `25%`.
    Share(Text),
}

impl Amount {
    /// How many of `size` it is at most: a share rounds up, and one that makes no sense is all of
    /// them.
    pub fn at_most(&self, size: u32) -> u32 {
        let count = match self {
            Self::Count(count) => u64::try_from(*count).unwrap_or(0),
            Self::Share(share) => {
                match share.strip_suffix('%').and_then(|percent| percent.parse::<u32>().ok()) {
                    Some(percent) => (u64::from(size) * u64::from(percent)).div_ceil(100),
                    None => u64::from(size),
                }
            }
        };
        u32::try_from(count).map_or(size, |count| count.min(size))
    }
}

impl fmt::Display for Amount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(count) => write!(f, "{count}"),
            Self::Share(share) => f.write_str(share),
        }
    }
}

impl<'de> Deserialize<'de> for Amount {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Either;
        impl Visitor<'_> for Either {
            type Value = Amount;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number or a percentage")
            }

            fn visit_i64<E>(self, count: i64) -> Result<Amount, E> {
                Ok(Amount::Count(count))
            }

            fn visit_u64<E: serde::de::Error>(self, count: u64) -> Result<Amount, E> {
                i64::try_from(count).map(Amount::Count).map_err(E::custom)
            }

            fn visit_str<E>(self, share: &str) -> Result<Amount, E> {
                Ok(Amount::Share(share.into()))
            }
        }
        deserializer.deserialize_any(Either)
    }
}

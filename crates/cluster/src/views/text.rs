//! The text type of the views, and the small maps built from it.

use std::fmt;

use compact_str::CompactString;
use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, Visitor};

/// A text of an object. Up to 24 bytes live inside of it, without an allocation: nearly every
/// namespace, container name, reason, label and node name. It derefs to `str`.
pub type Text = CompactString;

/// Labels, or any other small map from text to text, sorted by key.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pairs(Vec<(Text, Text)>);

impl Pairs {
    /// The value of `key`.
    pub fn get(&self, key: &str) -> Option<&str> {
        let at = self.0.binary_search_by(|(own, _)| own.as_str().cmp(key)).ok()?;
        Some(self.0[at].1.as_str())
    }

    /// Whether `key` is there, whatever its value.
    pub fn contains(&self, key: &str) -> bool {
        self.get(key).is_some()
    }

    /// The pairs, in the order of their keys.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(key, value)| (key.as_str(), value.as_str()))
    }

    /// How many pairs there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl<K: Into<Text>, V: Into<Text>> FromIterator<(K, V)> for Pairs {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        let mut all: Vec<(Text, Text)> =
            pairs.into_iter().map(|(key, value)| (key.into(), value.into())).collect();
        // The server writes maps sorted, so that this finds nothing to do.
        all.sort_by(|(a, _), (b, _)| a.cmp(b));
        // Of equal keys the last one counts, as in any JSON reader.
        all.reverse();
        all.dedup_by(|(a, _), (b, _)| a == b);
        all.reverse();
        Self(all)
    }
}

impl<'de> Deserialize<'de> for Pairs {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(PairsVisitor { keep: |_| true })
    }
}

/// Annotations, of which only those in [`ANNOTATIONS_KEPT`] and our own are decoded: the others
/// (last-applied configurations, above all) can be a quarter of a megabyte each.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Annotations(Pairs);

/// The annotations of others that Seaworthy reads.
pub const ANNOTATIONS_KEPT: &[&str] = &[
    // A static pod: the kubelet's, not the API's, to restart.
    "kubernetes.io/config.mirror",
    // Which rollout a ReplicaSet belongs to.
    "deployment.kubernetes.io/revision",
    // The last rollout restart, ours or a person's.
    RESTARTED_AT,
];

/// The annotation of a pod template by which `kubectl rollout restart` restarts.
pub const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

/// Whether the annotation `key` is decoded.
fn is_kept(key: &str) -> bool {
    key.starts_with("seaworthy.dev/") || ANNOTATIONS_KEPT.contains(&key)
}

impl std::ops::Deref for Annotations {
    type Target = Pairs;

    fn deref(&self) -> &Pairs {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Annotations {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(PairsVisitor { keep: is_kept }).map(Self)
    }
}

/// Reads a map (or null) of texts, keeping the keys that `keep` says.
struct PairsVisitor {
    keep: fn(&str) -> bool,
}

impl<'de> Visitor<'de> for PairsVisitor {
    type Value = Pairs;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_none<E>(self) -> Result<Pairs, E> {
        Ok(Pairs::default())
    }

    fn visit_unit<E>(self) -> Result<Pairs, E> {
        Ok(Pairs::default())
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Pairs, D::Error> {
        deserializer.deserialize_map(self)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pairs, A::Error> {
        let mut pairs = Vec::with_capacity(map.size_hint().unwrap_or(0).min(64));
        while let Some(key) = map.next_key::<Text>()? {
            if (self.keep)(&key) {
                pairs.push((key, map.next_value::<Text>()?));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(pairs.into_iter().collect())
    }
}

/// For `#[serde(deserialize_with)]`: a null where a value should be is the default. The server
/// writes nulls for empty lists and times of some kinds.
pub(crate) fn nullable<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + Default,
{
    Ok(Option::<T>::deserialize(deserializer)?.unwrap_or_default())
}

/// For `#[serde(deserialize_with)]`: a text that must not be empty.
pub(crate) fn present<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Text, D::Error> {
    let text = Text::deserialize(deserializer)?;
    if text.is_empty() {
        return Err(serde::de::Error::custom("must not be empty"));
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_sorted_whatever_the_order_and_the_last_of_equals_counts() {
        let pairs: Pairs = serde_json::from_str(r#"{"b":"2","a":"1","b":"3"}"#).unwrap();
        assert_eq!(pairs.iter().collect::<Vec<_>>(), [("a", "1"), ("b", "3")]);
        assert_eq!((pairs.get("b"), pairs.get("c")), (Some("3"), None));
        assert!(serde_json::from_str::<Pairs>("null").unwrap().is_empty());
    }

    #[test]
    fn only_annotations_that_somebody_reads_are_kept() {
        let annotations: Annotations = serde_json::from_str(
            r#"{"kubectl.kubernetes.io/last-applied-configuration":"{\"a\":1}",
                "seaworthy.dev/exclude":"true","deployment.kubernetes.io/revision":"7"}"#,
        )
        .unwrap();
        let kept: Vec<_> = annotations.iter().map(|(key, _)| key).collect();
        assert_eq!(kept, ["deployment.kubernetes.io/revision", "seaworthy.dev/exclude"]);
    }

    #[test]
    fn a_map_of_something_else_is_refused() {
        assert!(serde_json::from_str::<Pairs>(r#"{"a":1}"#).is_err());
        assert!(serde_json::from_str::<Pairs>("[]").is_err());
    }
}

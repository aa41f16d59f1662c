//! Taints, and what bears them.

use compact_str::CompactString;
use serde::Deserialize;
use serde_json::{Value, json};

/// A taint of a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
pub struct Taint {
    /// `node.kubernetes.io/unreachable`.
    pub key: CompactString,
    /// Often empty.
    #[serde(default)]
    pub value: CompactString,
    /// `NoSchedule`, `PreferNoSchedule` or `NoExecute`.
    pub effect: CompactString,
}

impl Taint {
    /// A taint without a value.
    pub fn new(key: &str, effect: &str) -> Self {
        Self { key: key.into(), value: CompactString::default(), effect: effect.into() }
    }

    /// As a message of the scheduler names it: `{key: value}`.
    pub fn shown(&self) -> String {
        format!("{{{}: {}}}", self.key, self.value)
    }
}

/// A toleration of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Toleration {
    /// The taint's key; empty for all.
    pub key: CompactString,
    /// `Equal` (or nothing) or `Exists`.
    pub operator: CompactString,
    /// The taint's value.
    pub value: CompactString,
    /// The taint's effect; empty for all.
    pub effect: CompactString,
    /// For how long a `NoExecute` taint is borne; for ever where it is not said.
    pub toleration_seconds: Option<i64>,
}

impl Toleration {
    /// Whether it bears a taint.
    pub fn tolerates(&self, taint: &Taint) -> bool {
        let key_fits = if self.key.is_empty() { self.operator == "Exists" } else { self.key == taint.key };
        let effect_fits = self.effect.is_empty() || self.effect == taint.effect;
        let value_fits = self.operator == "Exists" || self.value == taint.value;
        key_fits && effect_fits && value_fits
    }
}

/// Whether one of `tolerations` bears the taint.
pub fn is_tolerated(taint: &Taint, tolerations: &[Toleration]) -> bool {
    tolerations.iter().any(|one| one.tolerates(taint))
}

/// Adds a toleration to a pod that is to be made, unless it has one for the same key and effect.
pub fn tolerate(spec: &mut Value, key: &str, effect: &str, seconds: Option<i64>) {
    if !spec["tolerations"].is_array() {
        spec["tolerations"] = json!([]);
    }
    let Some(all) = spec["tolerations"].as_array_mut() else { return };
    let covers = |one: &Value| {
        let is =
            |field: &str, wanted: &str| one[field].as_str().is_none_or(|own| own.is_empty() || own == wanted);
        is("key", key) && is("effect", effect)
    };
    if all.iter().any(covers) {
        return;
    }
    let mut toleration = json!({"key": key, "operator": "Exists", "effect": effect});
    if let Some(seconds) = seconds {
        toleration["tolerationSeconds"] = seconds.into();
    }
    all.push(toleration);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tolerations_bear_what_they_name() {
        let taint = Taint { value: "gpu".into(), ..Taint::new("pool", "NoSchedule") };
        for (toleration, expected) in [
            (json!({"key": "pool", "operator": "Equal", "value": "gpu", "effect": "NoSchedule"}), true),
            (json!({"key": "pool", "value": "cpu"}), false),
            (json!({"key": "pool", "operator": "Exists"}), true),
            (json!({"key": "pool", "operator": "Exists", "effect": "NoExecute"}), false),
            (json!({"operator": "Exists"}), true),
            (json!({"operator": "Equal"}), false),
        ] {
            let read = Toleration::deserialize(&toleration).unwrap();
            assert_eq!(read.tolerates(&taint), expected, "{toleration}");
        }
    }

    #[test]
    fn a_toleration_is_added_once() {
        let mut spec = json!({"tolerations": [{"key": "a", "operator": "Exists"}]});
        for key in ["a", "b", "b"] {
            tolerate(&mut spec, key, "NoExecute", Some(300));
        }
        assert_eq!(spec["tolerations"].as_array().map(Vec::len), Some(2));
        assert_eq!(spec["tolerations"][1]["tolerationSeconds"], 300);
    }
}

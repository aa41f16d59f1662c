//! Label selectors.

use compact_str::CompactString;
use serde::Deserialize;
use serde_json::Value;

use crate::storage::Object;

/// Which labels something must have.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Selector {
    requirements: Box<[Requirement]>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
struct Requirement {
    key: CompactString,
    operator: CompactString,
    #[serde(default)]
    values: Vec<CompactString>,
}

impl Selector {
    /// Of a Service or a `nodeSelector`: a map of labels that must all be there.
    pub fn of_map(map: &Value) -> Self {
        let labels = map.as_object().into_iter().flatten();
        let equal = labels.map(|(key, value)| Requirement {
            key: key.into(),
            operator: "In".into(),
            values: vec![value.as_str().unwrap_or_default().into()],
        });
        Self { requirements: equal.collect() }
    }

    /// Of a workload, a budget or a rule about other pods: `matchLabels` and `matchExpressions`. What
    /// cannot be read matches nothing, and neither does a selector that is not there.
    pub fn of(selector: &Value) -> Self {
        if selector.is_null() {
            return Self { requirements: Box::new([Requirement::never()]) };
        }
        let mut all = Self::of_map(&selector["matchLabels"]).requirements.into_vec();
        all.extend(Self::of_expressions(&selector["matchExpressions"]).requirements);
        Self { requirements: all.into() }
    }

    /// Of a list of requirements, as node affinity has them.
    pub fn of_expressions(expressions: &Value) -> Self {
        let listed = expressions.as_array().into_iter().flatten();
        Self {
            requirements: listed
                .map(|one| Requirement::deserialize(one).unwrap_or_else(|_| Requirement::never()))
                .collect(),
        }
    }

    /// Whether it asks for nothing at all.
    pub fn is_empty(&self) -> bool {
        self.requirements.is_empty()
    }

    /// Whether an object has the labels. An empty selector takes everything.
    pub fn matches(&self, object: &Object) -> bool {
        self.requirements.iter().all(|one| one.matches(object.label(&one.key)))
    }
}

impl Requirement {
    /// What nothing fulfils.
    fn never() -> Self {
        Self { key: CompactString::default(), operator: "?".into(), values: Vec::new() }
    }

    fn matches(&self, label: Option<&str>) -> bool {
        let is_listed = || label.is_some_and(|label| self.values.iter().any(|value| value == label));
        match self.operator.as_str() {
            "In" => is_listed(),
            "NotIn" => !is_listed(),
            "Exists" => label.is_some(),
            "DoesNotExist" => label.is_none(),
            "Gt" => self.compares(label, |own, bound| own > bound),
            "Lt" => self.compares(label, |own, bound| own < bound),
            _ => false,
        }
    }

    fn compares(&self, label: Option<&str>, holds: impl Fn(i64, i64) -> bool) -> bool {
        let number = |text: &str| text.parse::<i64>().ok();
        let bound = self.values.first().and_then(|text| number(text));
        label.and_then(number).zip(bound).is_some_and(|(own, bound)| holds(own, bound))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn selectors_match_as_the_api_server_does() {
        let object = Object::new(&json!({"metadata": {"labels": {"app": "web", "rank": "5"}}}));
        let one = |operator, values| json!({"matchExpressions": [{"key": "rank", "operator": operator, "values": values}]});
        for (selector, expected) in [
            (json!({}), true),
            (json!(null), false),
            (json!({"matchLabels": {"app": "web"}}), true),
            (json!({"matchLabels": {"app": "db"}}), false),
            (json!({"matchLabels": null, "matchExpressions": null}), true),
            (one("In", json!(["4", "5"])), true),
            (one("NotIn", json!(["5"])), false),
            (one("Exists", json!([])), true),
            (one("DoesNotExist", json!([])), false),
            (one("Gt", json!(["4"])), true),
            (one("Lt", json!(["4"])), false),
            (one("Near", json!([])), false),
        ] {
            assert_eq!(Selector::of(&selector).matches(&object), expected, "{selector}");
        }
        assert!(Selector::of_map(&json!({"app": "web"})).matches(&object));
        assert!(!Selector::of_map(&json!({"app": "web", "zone": "a"})).matches(&object));
    }
}

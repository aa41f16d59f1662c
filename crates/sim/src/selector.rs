//! Label selectors as objects hold them: `matchLabels` and `matchExpressions`.

use std::collections::BTreeMap;

use serde::Deserialize;

/// A selector in a spec. Empty, it selects everything.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default, rename_all = "camelCase")]
pub struct Selector {
    /// Labels that must have these values.
    pub match_labels: BTreeMap<String, String>,
    /// Conditions on labels.
    pub match_expressions: Vec<Expression>,
}

/// One condition on a label.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(default)]
pub struct Expression {
    /// The label.
    pub key: String,
    /// `In`, `NotIn`, `Exists`, `DoesNotExist`.
    pub operator: String,
    /// Of `In` and `NotIn`.
    pub values: Vec<String>,
}

impl Selector {
    /// Whether labels, given by name, are selected. What is no operator selects nothing.
    pub fn selects<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        let has = |name: &str, value: &str| label(name) == Some(value);
        self.match_labels.iter().all(|(name, value)| has(name, value))
            && self.match_expressions.iter().all(|expression| expression.holds(label(&expression.key)))
    }
}

impl Expression {
    fn holds(&self, value: Option<&str>) -> bool {
        let is_listed = || value.is_some_and(|value| self.values.iter().any(|own| own == value));
        match self.operator.as_str() {
            "In" => is_listed(),
            "NotIn" => !is_listed(),
            "Exists" => value.is_some(),
            "DoesNotExist" => value.is_none(),
            _ => false,
        }
    }
}

//! Label selectors of workloads and disruption budgets.

use serde::Deserialize;

use super::text::{Pairs, Text, nullable};

/// A label selector. As the API has it, an empty one matches everything; who uses it to choose
/// what to change must ask [`Selector::is_empty`] first (the rule EmptyMeansNothing).
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Selector {
    /// Labels that must be there with exactly this value.
    #[serde(default)]
    pub match_labels: Pairs,
    /// Further requirements, all of which must hold.
    #[serde(default, deserialize_with = "nullable")]
    pub match_expressions: Vec<Requirement>,
}

/// One requirement of a selector.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Requirement {
    /// The label.
    pub key: Text,
    /// How it is compared.
    pub operator: Operator,
    /// With what.
    #[serde(default, deserialize_with = "nullable")]
    pub values: Vec<Text>,
}

/// How a requirement compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub enum Operator {
    /// The label is there with one of the values.
    In,
    /// The label is not there, or has none of the values.
    NotIn,
    /// The label is there.
    Exists,
    /// The label is not there.
    DoesNotExist,
}

impl Selector {
    /// Whether it asks for nothing, and so matches everything.
    pub fn is_empty(&self) -> bool {
        self.match_labels.is_empty() && self.match_expressions.is_empty()
    }

    /// Whether an object with these labels is selected.
    pub fn matches(&self, labels: &Pairs) -> bool {
        self.match_labels.iter().all(|(key, value)| labels.get(key) == Some(value))
            && self.match_expressions.iter().all(|requirement| requirement.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &Pairs) -> bool {
        let value = labels.get(&self.key);
        let is_listed = || value.is_some_and(|value| self.values.iter().any(|listed| listed == value));
        match self.operator {
            Operator::In => is_listed(),
            Operator::NotIn => !is_listed(),
            Operator::Exists => value.is_some(),
            Operator::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn selectors_match_as_the_api_server_does() {
        let labels: Pairs = [("app", "web"), ("tier", "front")].into_iter().collect();
        for (selector, expected) in [
            (r"{}", true),
            (r#"{"matchLabels":{"app":"web"}}"#, true),
            (r#"{"matchLabels":{"app":"db"}}"#, false),
            (r#"{"matchLabels":{"app":"web","zone":"a"}}"#, false),
            (r#"{"matchExpressions":[{"key":"app","operator":"In","values":["db","web"]}]}"#, true),
            (r#"{"matchExpressions":[{"key":"app","operator":"NotIn","values":["web"]}]}"#, false),
            (r#"{"matchExpressions":[{"key":"zone","operator":"NotIn","values":["a"]}]}"#, true),
            (r#"{"matchExpressions":[{"key":"tier","operator":"Exists"}]}"#, true),
            (r#"{"matchExpressions":[{"key":"tier","operator":"DoesNotExist"}]}"#, false),
            (
                r#"{"matchLabels":null,"matchExpressions":[{"key":"app","operator":"In","values":null}]}"#,
                false,
            ),
        ] {
            let decoded: Selector = serde_json::from_str(selector).unwrap();
            assert_eq!(decoded.matches(&labels), expected, "{selector}");
        }
    }

    #[test]
    fn an_operator_nobody_knows_is_an_error_not_a_match() {
        let odd = r#"{"matchExpressions":[{"key":"app","operator":"Near","values":[]}]}"#;
        assert!(serde_json::from_str::<Selector>(odd).is_err());
    }
}

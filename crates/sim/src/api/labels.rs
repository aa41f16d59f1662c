//! Label selectors in the API's notation: `app=web,tier in (a,b),!canary`.

use crate::registry::Status;

/// Conditions on labels, all of which must hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LabelSelector(Vec<Requirement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    Absent,
    Greater(i64),
    Less(i64),
}

impl LabelSelector {
    /// Reads a selector; an empty one selects everything.
    pub fn parse(text: &str) -> Result<Self, Status> {
        let parts = split(text);
        let parts = parts.iter().map(|part| part.trim()).filter(|part| !part.is_empty());
        parts.map(Requirement::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Whether it selects everything.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether an object with these labels is selected.
    pub fn selects<'a>(&self, label: impl Fn(&str) -> Option<&'a str>) -> bool {
        self.0.iter().all(|requirement| requirement.test.holds(label(&requirement.key)))
    }
}

/// Cut at the commas that are not within parentheses.
fn split(text: &str) -> Vec<&str> {
    let (mut parts, mut begin, mut is_inside) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        match letter {
            '(' => is_inside = true,
            ')' => is_inside = false,
            ',' if !is_inside => {
                parts.push(&text[begin..at]);
                begin = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&text[begin..]);
    parts
}

impl Requirement {
    fn parse(text: &str) -> Result<Self, Status> {
        let requirement = Self::read(text).filter(|requirement| is_key(&requirement.key));
        requirement.ok_or_else(|| {
            Status::bad_request(&format!(
                "unable to parse requirement: {text:?} is not a condition on a label; found '{text}'"
            ))
        })
    }

    fn read(text: &str) -> Option<Self> {
        let new = |key: &str, test| Some(Self { key: key.trim().to_owned(), test });
        if let Some(key) = text.strip_prefix('!') {
            return new(key, Test::Absent);
        }
        if let Some((head, values)) = text.split_once('(') {
            let values = values.strip_suffix(')')?.split(',').map(|value| value.trim().to_owned()).collect();
            let (key, operator) = head.trim().rsplit_once(char::is_whitespace)?;
            return match operator {
                "in" => new(key, Test::In(values)),
                "notin" => new(key, Test::NotIn(values)),
                _ => None,
            };
        }
        for (operator, negated) in [("!=", true), ("==", false), ("=", false)] {
            if let Some((key, value)) = text.split_once(operator) {
                let values = vec![value.trim().to_owned()];
                return new(key, if negated { Test::NotIn(values) } else { Test::In(values) });
            }
        }
        if let Some((key, bound)) = text.split_once('>') {
            return new(key, Test::Greater(bound.trim().parse().ok()?));
        }
        if let Some((key, bound)) = text.split_once('<') {
            return new(key, Test::Less(bound.trim().parse().ok()?));
        }
        new(text, Test::Exists)
    }
}

/// Whether something can be a label's name: the prefix's and the name's letters together.
fn is_key(key: &str) -> bool {
    let is_letter = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.' | '/');
    !key.is_empty() && key.chars().all(is_letter) && key.matches('/').count() <= 1
}

impl Test {
    fn holds(&self, value: Option<&str>) -> bool {
        let number = || value.and_then(|value| value.parse::<i64>().ok());
        match self {
            Self::In(values) => value.is_some_and(|value| values.iter().any(|own| own == value)),
            Self::NotIn(values) => !value.is_some_and(|value| values.iter().any(|own| own == value)),
            Self::Exists => value.is_some(),
            Self::Absent => value.is_none(),
            Self::Greater(bound) => number().is_some_and(|number| number > *bound),
            Self::Less(bound) => number().is_some_and(|number| number < *bound),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operator_selects_as_the_api_does() {
        let labels = [("app", "web"), ("tier", "front"), ("example.com/rank", "7")];
        let label = |name: &str| labels.iter().find(|(own, _)| *own == name).map(|(_, value)| *value);
        for (selector, expected) in [
            ("", true),
            ("app=web", true),
            ("app==web", true),
            ("app = web", true),
            ("app=api", false),
            ("app!=api", true),
            ("app!=web", false),
            ("zone!=a", true),
            ("app in (api, web)", true),
            ("app in (api)", false),
            ("app notin (api,db)", true),
            ("zone notin (a)", true),
            ("app", true),
            ("zone", false),
            ("!zone", true),
            ("!app", false),
            ("example.com/rank>6", true),
            ("example.com/rank<7", false),
            ("app in (api,web),tier=front,!zone", true),
            ("app in (api,web),tier=back", false),
        ] {
            assert_eq!(LabelSelector::parse(selector).unwrap().selects(label), expected, "{selector:?}");
        }
    }

    #[test]
    fn what_is_no_selector_is_refused() {
        for selector in ["a in (b", "a like (b)", "a b", "=b", "a>b", "a/b/c"] {
            assert_eq!(LabelSelector::parse(selector).unwrap_err().code, 400, "{selector:?}");
        }
    }
}

//! Matchers on labels, in Alertmanager's two syntaxes.
//!
//! As Alertmanager does by default, a text is read by the UTF-8 grammar first; where only the
//! classic grammar takes it, or both take it and disagree, the classic meaning holds.

mod classic;
mod utf8;

use std::fmt;

use model::labels::LabelSet;
use regex::Regex;
use serde::ser::SerializeStruct;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// How a label's value is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operator {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `=~`
    Regex,
    /// `!~`
    NotRegex,
}

impl Operator {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Regex => "=~",
            Self::NotRegex => "!~",
        }
    }

    const fn is_regex(self) -> bool {
        matches!(self, Self::Regex | Self::NotRegex)
    }

    const fn is_positive(self) -> bool {
        matches!(self, Self::Equal | Self::Regex)
    }
}

/// Why a text is no matcher.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It does not follow the grammar.
    #[error(
        "{input:?} is not a matcher, at character {at}: {reason}; write for example severity=\"critical\""
    )]
    Syntax {
        /// The whole text.
        input: String,
        /// Where it goes wrong, counted in characters from 1.
        at: usize,
        /// What was expected there.
        reason: String,
    },
    /// Its value is no regular expression.
    #[error("{value:?} is not a regular expression: {reason}")]
    Regex {
        /// The value.
        value: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Something stands where exactly one matcher should.
    #[error("{0:?} holds {1} matchers where exactly one is expected")]
    NotOne(String, usize),
}

/// The largest compiled regular expression, in bytes: a label's value is short, so is what
/// describes it.
const REGEX_BYTES_MAX: usize = 1024 * 1024;

/// A condition on one label. A label that is missing has the empty value.
#[derive(Clone, Debug)]
pub struct Matcher {
    name: String,
    operator: Operator,
    value: String,
    regex: Option<Regex>,
}

impl Matcher {
    /// A matcher; the value of a regular expression is anchored at both ends.
    pub fn new(name: impl Into<String>, operator: Operator, value: impl Into<String>) -> Result<Self, Error> {
        let value = value.into();
        let regex = if operator.is_regex() { Some(anchored(&value)?) } else { None };
        Ok(Self { name: name.into(), operator, value, regex })
    }

    /// The label's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The operator.
    pub const fn operator(&self) -> Operator {
        self.operator
    }

    /// The value it is compared with.
    pub fn value(&self) -> &str {
        &self.value
    }

    /// Whether a label's value satisfies it.
    pub fn accepts(&self, value: &str) -> bool {
        let equal = match &self.regex {
            Some(regex) => regex.is_match(value),
            None => value == self.value,
        };
        equal == self.operator.is_positive()
    }

    /// Whether a set of labels satisfies it.
    pub fn matches(&self, labels: &LabelSet) -> bool {
        self.accepts(labels.get(&self.name).map_or("", String::as_str))
    }

    fn identity(&self) -> (&str, &str, Operator) {
        (&self.name, &self.value, self.operator)
    }
}

fn anchored(value: &str) -> Result<Regex, Error> {
    regex::RegexBuilder::new(&format!("^(?:{value})$"))
        .size_limit(REGEX_BYTES_MAX)
        .build()
        .map_err(|error| Error::Regex { value: value.to_owned(), reason: error.to_string() })
}

impl PartialEq for Matcher {
    fn eq(&self, other: &Self) -> bool {
        self.identity() == other.identity()
    }
}

impl Eq for Matcher {}

impl PartialOrd for Matcher {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Matcher {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.identity().cmp(&other.identity())
    }
}

impl fmt::Display for Matcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let operator = self.operator.as_str();
        if self.name.chars().any(utf8::is_reserved) {
            return write!(f, "{:?}{operator}{:?}", self.name, self.value);
        }
        let value = self.value.replace('\\', r"\\").replace('\n', r"\n").replace('"', "\\\"");
        write!(f, "{}{operator}\"{value}\"", self.name)
    }
}

/// As the API writes it.
impl Serialize for Matcher {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_struct("Matcher", 4)?;
        object.serialize_field("isEqual", &self.operator.is_positive())?;
        object.serialize_field("isRegex", &self.operator.is_regex())?;
        object.serialize_field("name", &self.name)?;
        object.serialize_field("value", &self.value)?;
        object.end()
    }
}

impl<'de> Deserialize<'de> for Matcher {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(rename_all = "camelCase")]
        struct Wire {
            name: String,
            value: String,
            #[serde(default)]
            is_regex: bool,
            #[serde(default = "positive")]
            is_equal: bool,
        }
        const fn positive() -> bool {
            true
        }
        let wire = Wire::deserialize(deserializer)?;
        let operator = match (wire.is_regex, wire.is_equal) {
            (false, true) => Operator::Equal,
            (false, false) => Operator::NotEqual,
            (true, true) => Operator::Regex,
            (true, false) => Operator::NotRegex,
        };
        Self::new(wire.name, operator, wire.value).map_err(serde::de::Error::custom)
    }
}

/// Reads any number of matchers: `a="b", c=~"d.*"`, with or without braces.
pub fn parse_all(input: &str) -> Result<Vec<Matcher>, Error> {
    match (utf8::parse(input), classic::parse(input)) {
        (Ok(new), Ok(old)) if new != old => Ok(old),
        (Ok(new), _) => Ok(new),
        (Err(_), Ok(old)) => Ok(old),
        // The newer grammar knows where it went wrong.
        (Err(error), Err(_)) => Err(error),
    }
}

/// Reads exactly one matcher, without braces.
pub fn parse_one(input: &str) -> Result<Matcher, Error> {
    if input.starts_with('{') || input.ends_with('}') {
        return Err(Error::Syntax {
            input: input.to_owned(),
            at: 1,
            reason: "braces are not allowed around a single matcher".to_owned(),
        });
    }
    let mut matchers = match (utf8::parse(input), classic::parse_one(input)) {
        (Ok(new), Ok(old)) if new.len() != 1 || new[0] != old => vec![old],
        (Ok(new), _) => new,
        (Err(_), Ok(old)) => vec![old],
        (Err(error), Err(_)) => return Err(error),
    };
    match (matchers.pop(), matchers.len()) {
        (Some(matcher), 0) => Ok(matcher),
        (popped, rest) => Err(Error::NotOne(input.to_owned(), rest + usize::from(popped.is_some()))),
    }
}

/// Whether labels satisfy all matchers; no matchers accept everything.
pub fn all_match(matchers: &[Matcher], labels: &LabelSet) -> bool {
    matchers.iter().all(|matcher| matcher.matches(labels))
}

/// Whether labels satisfy a filter of the API. It differs from [`all_match`] in that an empty
/// value is satisfied by absence (`=`) or presence (`!=`) alone.
pub fn filter_accepts(matchers: &[Matcher], labels: &LabelSet) -> bool {
    matchers.iter().all(|matcher| {
        let present = labels.contains_key(&matcher.name);
        let trivially = matcher.value.is_empty() && present != matcher.operator.is_positive();
        trivially || matcher.matches(labels)
    })
}

/// Matchers as Alertmanager writes a route's: `{a="b",c=~"d"}`.
pub fn to_text(matchers: &[Matcher]) -> String {
    let inner: Vec<String> = matchers.iter().map(ToString::to_string).collect();
    format!("{{{}}}", inner.join(","))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn texts(input: &str) -> Vec<String> {
        parse_all(input).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn both_grammars_are_read() {
        for (input, expected) in [
            ("foo=bar", vec![r#"foo="bar""#]),
            (r#"{foo = "bar", dings != "bums", }"#, vec![r#"foo="bar""#, r#"dings!="bums""#]),
            (r#"statuscode=~"5..""#, vec![r#"statuscode=~"5..""#]),
            // Classic only: an unquoted value with what the newer grammar reserves.
            ("foo=~bar|baz(x)", vec![r#"foo=~"bar|baz(x)""#]),
            (r"foo=a\b", vec![r#"foo="a\\b""#]),
            // UTF-8 only.
            ("\"größe 1\"=\"λ\"", vec!["\"größe 1\"=\"λ\""]),
            ("🙂=x", vec!["🙂=\"x\""]),
            ("", vec![]),
            ("{}", vec![]),
        ] {
            assert_eq!(texts(input), expected, "{input}");
        }
    }

    #[test]
    fn errors_say_where_and_what() {
        for (input, expected) in [
            ("foo", "at character 4: expected one of =, !=, =~ or !~"),
            ("=bar", "expected a label's name"),
            ("foo=\"bar", "is never closed"),
            ("{größe=bar", "expected a closing brace"),
            ("größe=bar}", "no opening brace"),
        ] {
            let error = parse_all(input).unwrap_err().to_string();
            assert!(error.contains(expected), "{input}: {error}");
        }
        assert!(
            parse_one("a=b,c=d").is_ok_and(|m| m.value() == "b,c=d"),
            "the classic grammar takes it whole"
        );
        assert!(parse_all("foo=~\"(\"").unwrap_err().to_string().contains("regular expression"));
    }

    #[test]
    fn matching_and_missing_labels() {
        let labels = LabelSet::from([("a".to_owned(), "x1".to_owned())]);
        for (text, expected) in [
            ("a=x1", true),
            ("a=x", false),
            ("a=~x", false),
            ("a=~x.", true),
            ("a!~x.", false),
            ("b=\"\"", true),
            ("b!=\"\"", false),
            ("b=~\".*\"", true),
        ] {
            assert_eq!(parse_one(text).unwrap().matches(&labels), expected, "{text}");
        }
        assert!(filter_accepts(&[parse_one("a!=\"\"").unwrap()], &labels));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(name in "[a-zA-Z_][a-zA-Z0-9_]{0,8}", value in "\\PC{0,12}") {
            let matcher = Matcher::new(name, Operator::NotEqual, value).unwrap();
            prop_assert_eq!(parse_all(&matcher.to_string()).unwrap(), vec![matcher.clone()]);
            let json = serde_json::to_string(&matcher).unwrap();
            prop_assert_eq!(serde_json::from_str::<Matcher>(&json).unwrap(), matcher);
        }

        #[test]
        fn no_text_makes_it_panic(input in "\\PC{0,24}") {
            let _ = parse_all(&input);
            let _ = parse_one(&input);
        }
    }
}

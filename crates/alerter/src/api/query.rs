//! Query parameters as Alertmanager's clients send them: repeated, and with `true` or `false`.

use regex::Regex;

use crate::rules::matchers::{Matcher, parse_one};

/// The parameters of a request.
#[derive(Debug, Default)]
pub(super) struct Query(Vec<(String, String)>);

impl Query {
    pub(super) fn new(raw: Option<&str>) -> Self {
        Self(url::form_urlencoded::parse(raw.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// A switch that is on unless it is turned off.
    pub(super) fn switch(&self, name: &str) -> Result<bool, String> {
        match self.first(name) {
            None | Some("" | "true" | "1") => Ok(true),
            Some("false" | "0") => Ok(false),
            Some(other) => Err(format!("{name} in query must be true or false, not {other:?}")),
        }
    }

    /// All matchers under a name, which may be repeated.
    pub(super) fn matchers(&self, name: &str) -> Result<Vec<Matcher>, String> {
        let texts = self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value);
        texts.map(|text| parse_one(text).map_err(|error| error.to_string())).collect()
    }

    /// A regular expression for the whole of a receiver's name.
    pub(super) fn receiver(&self) -> Result<Option<Regex>, String> {
        let Some(text) = self.first("receiver").filter(|text| !text.is_empty()) else { return Ok(None) };
        Regex::new(&format!("^(?:{text})$"))
            .map(Some)
            .map_err(|error| format!("failed to parse receiver param: {error}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_repeated_and_have_defaults() {
        let query = Query::new(Some("filter=a%3Db&filter=c%3D~%22d%2B%22&active=false&receiver=team-.%2A"));
        let matchers = query.matchers("filter").unwrap();
        assert_eq!(matchers.iter().map(ToString::to_string).collect::<Vec<_>>(), ["a=\"b\"", "c=~\"d+\""]);
        assert_eq!((query.switch("active"), query.switch("silenced")), (Ok(false), Ok(true)));
        assert!(query.receiver().unwrap().unwrap().is_match("team-a"));
        assert!(Query::new(Some("filter=nonsense")).matchers("filter").is_err());
        assert!(Query::new(Some("active=maybe")).switch("active").is_err());
    }
}

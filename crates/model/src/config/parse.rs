//! YAML to configuration, with errors a person can act on.

use serde::Deserialize;
use serde::de::DeserializeOwned;

/// The largest configuration file that is read, in bytes: what fits a ConfigMap.
const SIZE_MAX: usize = 1024 * 1024;
/// How close a known key must be to be suggested (Jaro-Winkler, 0 to 1). Lower values suggest
/// keys that have nothing to do with what was written.
const SUGGEST_FROM: f64 = 0.7;

/// Why a configuration file was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The file is larger than a ConfigMap can be.
    #[error("{file}: {bytes} bytes are more than the {SIZE_MAX} a configuration may have")]
    TooLarge {
        /// The file.
        file: String,
        /// Its size.
        bytes: usize,
    },
    /// The file says the wrong `apiVersion` or `kind`.
    #[error("{file}: {key} is {found:?}, expected {expected:?}")]
    Head {
        /// The file.
        file: String,
        /// `apiVersion` or `kind`.
        key: &'static str,
        /// What it says.
        found: String,
        /// What it should say.
        expected: String,
    },
    /// The YAML, or something in it, cannot be read.
    #[error("{file}: {message}{}", suggestion.as_deref().map(|key| format!("\ndid you mean `{key}`?")).unwrap_or_default())]
    Invalid {
        /// The file.
        file: String,
        /// What is wrong, and the line and column where.
        message: String,
        /// A known key like the unknown one.
        suggestion: Option<String>,
    },
}

/// Reads a configuration of type `T` from the text of `file`. Unknown keys are errors (that is up
/// to `T`'s `deny_unknown_fields`) and come with a suggestion.
pub fn parse<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, Error> {
    if text.len() > SIZE_MAX {
        return Err(Error::TooLarge { file: file.to_owned(), bytes: text.len() });
    }
    serde_saphyr::from_str(text).map_err(|error| invalid(file, &error))
}

/// Reads a configuration whose `apiVersion` and `kind` are known. Whoever gives another service's file is told that, and not
/// which of its keys are unknown here.
pub(super) fn parse_kind<T: DeserializeOwned>(file: &str, text: &str, kind: &str) -> Result<T, Error> {
    if let Ok(head) = parse::<Head>(file, text) {
        let expected = [("kind", head.kind, kind), ("apiVersion", head.api_version, super::API_VERSION)];
        for (key, found, expected) in expected {
            if let Some(found) = found.filter(|found| found != expected) {
                return Err(Error::Head { file: file.to_owned(), key, found, expected: expected.to_owned() });
            }
        }
    }
    parse(file, text)
}

/// What a file says it is.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    #[serde(default)]
    kind: Option<String>,
    #[serde(default)]
    api_version: Option<String>,
}

/// Reads all documents of a YAML stream, each a `T`: how policies stand in files.
pub fn parse_all<T: DeserializeOwned>(file: &str, text: &str) -> Result<Vec<T>, Error> {
    if text.len() > SIZE_MAX {
        return Err(Error::TooLarge { file: file.to_owned(), bytes: text.len() });
    }
    serde_saphyr::from_multiple(text).map_err(|error| invalid(file, &error))
}

/// Says which place is wrong and why. The lines around it are left out: in somebody's file, a secret may stand in them.
fn invalid(file: &str, error: &serde_saphyr::Error) -> Error {
    let plain = error.without_snippet();
    let said = plain.to_string();
    let message = plain.location().map_or_else(
        || said.clone(),
        |place| {
            let (line, column) = (place.line(), place.column());
            let what = said.trim_end_matches(&format!(" at line {line}, column {column}"));
            format!("line {line}, column {column}: {what}")
        },
    );
    Error::Invalid { file: file.to_owned(), suggestion: suggestion(&message), message }
}

/// The best known key for the unknown one that the message names: it lists all of them as
/// "unknown field `x`, expected one of a, b".
fn suggestion(message: &str) -> Option<String> {
    let rest = message.split_once("unknown field `").or_else(|| message.split_once("unknown variant `"))?.1;
    let (unknown, rest) = rest.split_once('`')?;
    let known = rest.lines().next()?.split_once("expected")?.1.trim_start_matches(" one of");
    known
        .split(',')
        .map(|key| key.trim().trim_matches('`'))
        .map(|key| (strsim::jaro_winkler(unknown, key), key))
        .filter(|(score, _)| *score >= SUGGEST_FROM)
        .max_by(|left, right| left.0.total_cmp(&right.0))
        .map(|(_, key)| key.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, serde::Deserialize)]
    #[serde(rename_all = "camelCase", deny_unknown_fields)]
    struct Sample {
        #[expect(dead_code, reason = "only its reading is tested")]
        healthy_for: crate::DurationText,
    }

    #[test]
    fn an_unknown_key_names_file_line_and_suggestion() {
        let text = parse::<Sample>("monitor.yaml", "healthyFro: 5s\n").unwrap_err().to_string();
        assert!(text.contains("monitor.yaml"), "{text}");
        assert!(text.contains("line 1"), "{text}");
        assert!(text.contains("did you mean `healthyFor`?"), "{text}");
    }

    #[test]
    fn another_kind_is_named_before_its_keys() {
        let said = |text: &str| parse_kind::<Sample>("x.yaml", text, "Sample").unwrap_err().to_string();
        assert_eq!(said("kind: Other\nwhatever: 1\n"), "x.yaml: kind is \"Other\", expected \"Sample\"");
        assert!(said("apiVersion: v1\n").contains("apiVersion is \"v1\""));
    }

    #[test]
    fn what_stands_around_the_place_is_not_shown() {
        let text = "password: s3cret\nhealthyFro: 5s\n";
        let said = parse::<Sample>("x.yaml", text).unwrap_err().to_string();
        assert!(!said.contains("s3cret") && said.lines().count() <= 2, "{said}");
    }

    #[test]
    fn a_stream_is_read_whole_or_not_at_all() {
        let all: Vec<Sample> = parse_all("p.yaml", "healthyFor: 5s\n---\nhealthyFor: 6s\n").unwrap();
        assert_eq!(all.len(), 2);
        let text =
            parse_all::<Sample>("p.yaml", "healthyFor: 5s\n---\nhealthyFro: 6s\n").unwrap_err().to_string();
        assert!(text.contains("line 3") && text.contains("did you mean `healthyFor`?"), "{text}");
    }

    #[test]
    fn a_bad_value_says_how_to_write_one() {
        let text = parse::<Sample>("monitor.yaml", "healthyFor: soon\n").unwrap_err().to_string();
        assert!(text.contains("1h30m"), "{text}");
    }
}

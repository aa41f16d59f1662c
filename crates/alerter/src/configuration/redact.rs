//! Errors about YAML quote the lines around the fault, and those may hold secrets.

use std::sync::LazyLock;

use regex::Regex;

use super::HIDDEN;

/// A key whose value is or may be a secret, and all that follows it on its line.
static SECRET: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?m)(\w*(?:password|secret|token|credentials|api_key|url|key)\w*['\x22]?\s*:\s*)\S.*$")
        .expect("the pattern is constant")
});

/// The text with the values of such keys hidden.
pub(super) fn redact(text: &str) -> String {
    SECRET.replace_all(text, |found: &regex::Captures<'_>| format!("{}{HIDDEN}", &found[1])).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_of_secret_keys_are_hidden() {
        for (text, expected) in [
            ("3 |   api_url: https://hooks/x", "3 |   api_url: <secret>"),
            ("auth_password: \"p w\" # c", "auth_password: <secret>"),
            ("{routing_key: x, y: z}", "{routing_key: <secret>"),
            ("unknown field `nmae`", "unknown field `nmae`"),
        ] {
            assert_eq!(redact(text), expected);
        }
    }
}

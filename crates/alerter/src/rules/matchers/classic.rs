//! The classic grammar: tolerant, values may stand without quotes and hold almost anything.

use super::{Error, Matcher, Operator};

/// Reads a comma-separated list; the braces around it are optional, each by itself.
pub(super) fn parse(input: &str) -> Result<Vec<Matcher>, Error> {
    let inner = input.strip_prefix('{').unwrap_or(input);
    let inner = inner.strip_suffix('}').unwrap_or(inner);
    split(inner).into_iter().map(parse_one).collect()
}

/// Splits at commas that are not inside of unescaped quotes. What follows the last comma counts
/// only if there is something.
fn split(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut start, mut quoted, mut escaped) = (0, false, false);
    for (at, c) in text.char_indices() {
        match c {
            ',' if !quoted => {
                parts.push(&text[start..at]);
                start = at + 1;
                escaped = false;
            }
            '"' => {
                if !escaped {
                    quoted = !quoted;
                }
                escaped = false;
            }
            '\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    if !text[start..].trim().is_empty() {
        parts.push(text[start..].trim());
    }
    parts
}

/// Reads one matcher.
pub(super) fn parse_one(input: &str) -> Result<Matcher, Error> {
    let text = input.trim();
    let fail = |reason: &str| Error::Syntax { input: input.to_owned(), at: 1, reason: reason.to_owned() };
    let end = text.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_' || c == ':')).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    if name.is_empty() || name.starts_with(|c: char| c.is_ascii_digit()) {
        return Err(fail("expected a label's name"));
    }
    let rest = rest.trim_start();
    for operator in [Operator::Regex, Operator::NotRegex, Operator::NotEqual, Operator::Equal] {
        if let Some(value) = rest.strip_prefix(operator.as_str()) {
            let value = unquote(value.trim()).ok_or_else(|| fail("an unescaped quote in the value"))?;
            return Matcher::new(name, operator, value);
        }
    }
    Err(fail("expected one of =, !=, =~ or !~"))
}

/// Removes optional quotes and resolves `\n`, `\"` and `\\`; any other backslash is itself.
fn unquote(raw: &str) -> Option<String> {
    let (body, mut open) = match raw.strip_prefix('"') {
        Some(body) => (body, true),
        None => (raw, false),
    };
    let mut value = String::with_capacity(body.len());
    let mut chars = body.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next() {
                Some('n') => value.push('\n'),
                Some(c @ ('"' | '\\')) => value.push(c),
                Some(c) => value.extend(['\\', c]),
                None => value.push('\\'),
            },
            '"' if open && chars.peek().is_none() => open = false,
            '"' => return None,
            c => value.push(c),
        }
    }
    (!open).then_some(value)
}

//! SPDX expressions, as far as crates use them.

/// Whether this expression can be satisfied with allowed licences alone. Nothing said is not permitted.
pub(crate) fn permitted(expression: &str, allowed: &[String]) -> bool {
    let expression = strip(expression.trim());
    // Before SPDX, crates wrote a slash for OR.
    if let Some(choices) = split(expression, &[" OR ", "/"]) {
        return choices.iter().any(|choice| permitted(choice, allowed));
    }
    if let Some(parts) = split(expression, &[" AND "]) {
        return parts.iter().all(|part| permitted(part, allowed));
    }
    allowed.iter().any(|licence| licence == expression)
}

/// Without parentheses around the whole.
fn strip(expression: &str) -> &str {
    let inner = expression.strip_prefix('(').and_then(|rest| rest.strip_suffix(')'));
    match inner {
        Some(inner) if depths(inner).all(|(_, depth)| depth >= 0) => strip(inner.trim()),
        _ => expression,
    }
}

/// The parts between separators that stand outside of all parentheses; nothing when there is no such separator.
fn split<'a>(expression: &'a str, separators: &[&str]) -> Option<Vec<&'a str>> {
    let outside: Vec<usize> = depths(expression).filter(|(_, depth)| *depth == 0).map(|(at, _)| at).collect();
    let (mut parts, mut start) = (Vec::new(), 0);
    for at in outside {
        if let Some(separator) = separators.iter().find(|s| at >= start && expression[at..].starts_with(**s))
        {
            parts.push(&expression[start..at]);
            start = at + separator.len();
        }
    }
    parts.push(&expression[start..]);
    (parts.len() > 1).then_some(parts)
}

/// Each character's place, and how many parentheses are open after it.
fn depths(expression: &str) -> impl Iterator<Item = (usize, i32)> {
    expression.char_indices().scan(0, |depth, (at, char)| {
        *depth += i32::from(char == '(') - i32::from(char == ')');
        Some((at, *depth))
    })
}

#[test]
fn expressions_are_understood() {
    let allowed = ["MIT", "Apache-2.0", "Apache-2.0 WITH LLVM-exception", "Unicode-3.0"].map(str::to_owned);
    for (expression, expected) in [
        ("MIT", true),
        ("GPL-3.0", false),
        ("", false),
        ("MIT OR GPL-3.0", true),
        ("MIT AND GPL-3.0", false),
        ("GPL-3.0/MIT", true),
        ("(MIT OR GPL-3.0) AND Unicode-3.0", true),
        ("(MIT OR GPL-3.0) AND (GPL-2.0)", false),
        ("Apache-2.0 WITH LLVM-exception OR GPL-3.0", true),
    ] {
        assert_eq!(permitted(expression, &allowed), expected, "{expression}");
    }
}

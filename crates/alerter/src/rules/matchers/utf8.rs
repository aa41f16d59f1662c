//! The UTF-8 grammar: names and values are quoted, or free of reserved characters.

use super::{Error, Matcher, Operator};

pub(super) fn is_reserved(c: char) -> bool {
    c.is_whitespace() || "{}!=~,\\\"'`".contains(c)
}

/// Reads a list of matchers with or without braces.
pub(super) fn parse(input: &str) -> Result<Vec<Matcher>, Error> {
    let mut reader = Reader { input, rest: input };
    let braced = reader.take('{');
    let mut matchers = Vec::new();
    loop {
        reader.skip_space();
        if reader.rest.is_empty() || reader.rest.starts_with('}') {
            break;
        }
        matchers.push(matcher(&mut reader)?);
        if !reader.take(',') {
            break;
        }
    }
    match (braced, reader.take('}')) {
        (true, false) => return Err(reader.fail("expected a closing brace")),
        (false, true) => return Err(reader.fail("a closing brace with no opening brace")),
        _ => {}
    }
    reader.skip_space();
    if reader.rest.is_empty() { Ok(matchers) } else { Err(reader.fail("expected a comma or the end")) }
}

fn matcher(reader: &mut Reader<'_>) -> Result<Matcher, Error> {
    let name = reader.word("expected a label's name")?;
    let operator = reader.operator()?;
    let value = reader.word("expected a value")?;
    Matcher::new(name, operator, value)
}

struct Reader<'a> {
    input: &'a str,
    rest: &'a str,
}

impl Reader<'_> {
    fn fail(&self, reason: &str) -> Error {
        let read = &self.input[..self.input.len() - self.rest.len()];
        Error::Syntax {
            input: self.input.to_owned(),
            at: read.chars().count() + 1,
            reason: reason.to_owned(),
        }
    }

    fn skip_space(&mut self) {
        self.rest = self.rest.trim_start();
    }

    fn take(&mut self, c: char) -> bool {
        self.skip_space();
        match self.rest.strip_prefix(c) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn operator(&mut self) -> Result<Operator, Error> {
        self.skip_space();
        // The longer ones first: `=~` begins like `=`.
        for operator in [Operator::Regex, Operator::NotRegex, Operator::NotEqual, Operator::Equal] {
            if let Some(rest) = self.rest.strip_prefix(operator.as_str()) {
                self.rest = rest;
                return Ok(operator);
            }
        }
        Err(self.fail("expected one of =, !=, =~ or !~"))
    }

    fn word(&mut self, expected: &str) -> Result<String, Error> {
        self.skip_space();
        if let Some(quoted) = self.rest.strip_prefix('"') {
            return self.quoted(quoted);
        }
        let end = self.rest.find(is_reserved).unwrap_or(self.rest.len());
        if end == 0 {
            return Err(self.fail(expected));
        }
        let (word, rest) = self.rest.split_at(end);
        self.rest = rest;
        Ok(word.to_owned())
    }

    /// Reads up to the closing quote, with the escapes of a Go string.
    fn quoted(&mut self, text: &str) -> Result<String, Error> {
        let mut value = String::new();
        let mut chars = text.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    let consumed = self.rest.len() - text.len() + at + 1;
                    self.rest = &self.rest[consumed..];
                    return Ok(value);
                }
                '\n' => return Err(self.fail("a quoted text may not hold a line break: write \\n")),
                '\\' => match escape(&mut chars) {
                    Some(c) => value.push(c),
                    None => return Err(self.fail("an unknown escape in a quoted text")),
                },
                c => value.push(c),
            }
        }
        Err(self.fail("a quoted text that is never closed"))
    }
}

fn escape(chars: &mut std::str::CharIndices<'_>) -> Option<char> {
    match chars.next()?.1 {
        'n' => Some('\n'),
        't' => Some('\t'),
        'r' => Some('\r'),
        'a' => Some('\u{7}'),
        'b' => Some('\u{8}'),
        'f' => Some('\u{c}'),
        'v' => Some('\u{b}'),
        '\\' => Some('\\'),
        '"' => Some('"'),
        // A byte above 0x7F would be part of a character: write the character instead.
        'x' => number(chars, 2).filter(char::is_ascii),
        'u' => number(chars, 4),
        'U' => number(chars, 8),
        _ => None,
    }
}

fn number(chars: &mut std::str::CharIndices<'_>, digits: u32) -> Option<char> {
    let mut value: u32 = 0;
    for _ in 0..digits {
        value = value.checked_mul(16)?.checked_add(chars.next()?.1.to_digit(16)?)?;
    }
    char::from_u32(value)
}

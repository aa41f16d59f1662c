//! UIDs in the sixteen bytes that they are made of.

use std::fmt;

use super::name::{Interner, Name};

/// An object's UID. The API promises no form, but nearly all are UUIDs in lower case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Uid {
    /// A UUID, as its bytes.
    Uuid([u8; 16]),
    /// Anything else, as it was written.
    Other(Name),
}

/// Where a UUID has its hyphens.
const HYPHENS: [usize; 4] = [8, 13, 18, 23];
/// The length of a UUID as text.
const LENGTH: usize = 36;

impl Uid {
    /// Reads a UID so that writing it gives the same text again.
    pub(crate) fn new(text: &str, names: &mut Interner) -> Self {
        parse(text.as_bytes()).map_or_else(|| Self::Other(names.intern(text)), Self::Uuid)
    }
}

fn parse(text: &[u8]) -> Option<[u8; 16]> {
    if text.len() != LENGTH || HYPHENS.iter().any(|at| text[*at] != b'-') {
        return None;
    }
    let mut digits = text.iter().enumerate().filter(|(at, _)| !HYPHENS.contains(at)).map(|(_, byte)| *byte);
    let mut bytes = [0; 16];
    for byte in &mut bytes {
        *byte = digit(digits.next()?)? << 4 | digit(digits.next()?)?;
    }
    Some(bytes)
}

/// Lower case only: upper case would not be written back as it came.
fn digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    }
}

impl fmt::Display for Uid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Other(text) => f.write_str(text),
            Self::Uuid(bytes) => {
                for (at, byte) in bytes.iter().enumerate() {
                    if matches!(at, 4 | 6 | 8 | 10) {
                        f.write_str("-")?;
                    }
                    write!(f, "{byte:02x}")?;
                }
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_uid_is_written_as_it_was_read() {
        let mut names = Interner::default();
        for (text, is_uuid) in [
            ("0f8fad5b-d9cb-469f-a165-70867728950e", true),
            ("0F8FAD5B-d9cb-469f-a165-70867728950e", false),
            ("0f8fad5bxd9cb-469f-a165-70867728950e", false),
            ("d9cb469fa16570867728950e0f8fad5b", false),
            ("", false),
            ("p-1", false),
            ("äääääääääääääääääääääääääääääääääääääääää", false),
        ] {
            let uid = Uid::new(text, &mut names);
            assert_eq!(uid.to_string(), text);
            assert_eq!(matches!(uid, Uid::Uuid(_)), is_uuid, "{text}");
        }
    }
}

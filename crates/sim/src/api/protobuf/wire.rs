//! Protobuf's wire format: fields one after the other, each with its number.

/// A field's content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Raw<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Reads fields. One that cannot be read is `None`, and nothing comes after it.
pub(super) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    fn field(&mut self) -> Option<(u64, Raw<'a>)> {
        let tag = self.number()?;
        let raw = match tag & 7 {
            0 => Raw::Number(self.number()?),
            2 => {
                let length = usize::try_from(self.number()?).ok()?;
                let (bytes, rest) = self.rest.split_at_checked(length)?;
                self.rest = rest;
                Raw::Bytes(bytes)
            }
            // Fixed widths and groups: no object of Kubernetes has any.
            _ => return None,
        };
        Some((tag >> 3, raw))
    }

    /// Seven bits a byte, the lowest first.
    fn number(&mut self) -> Option<u64> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }
}

impl<'a> Iterator for Reader<'a> {
    type Item = Option<(u64, Raw<'a>)>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let field = self.field();
        if field.is_none() {
            self.rest = &[];
        }
        Some(field)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_to_the_first_that_cannot_be() {
        let bytes = [0x08, 0x96, 0x01, 0x12, 0x02, b'h', b'i', 0x1d];
        let read: Vec<_> = Reader::new(&bytes).collect();
        assert_eq!(read, [Some((1, Raw::Number(150))), Some((2, Raw::Bytes(b"hi"))), None]);
    }
}

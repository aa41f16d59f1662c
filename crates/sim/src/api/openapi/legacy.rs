//! OpenAPI v2, which kubectl still asks for, as protobuf, to check lists and kinds that v3 does not know.
//! There it says of each kind no more than that there is one, with anything in it: what is in it the
//! server checks itself. As JSON it has the schemas.

use serde_json::{Map, Value, json};

use super::document::{VERSION, gvk};
use crate::kinds::Kind;

/// What the protobuf is called.
pub(super) const CONTENT_TYPE: &str = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

// The numbers of fields in openapi_v2.Document and what it is made of.
const SWAGGER: u64 = 1;
const INFO: u64 = 2;
const DEFINITIONS: u64 = 9;
const SCHEMA_EXTENSION: u64 = 31;

/// The document of kinds as protobuf.
pub(super) fn protobuf(kinds: &[Kind]) -> Vec<u8> {
    let info = [field(1, b"Kubernetes"), field(2, VERSION.as_bytes())].concat();
    let definitions: Vec<u8> = kinds.iter().flat_map(|kind| field(1, &definition(*kind))).collect();
    [field(SWAGGER, b"2.0"), field(INFO, &info), field(DEFINITIONS, &definitions)].concat()
}

/// A name, and a schema of which only the kind is said.
fn definition(kind: Kind) -> Vec<u8> {
    let text = json!([gvk(kind)]).to_string();
    let value = field(2, text.as_bytes());
    let extension = [field(1, b"x-kubernetes-group-version-kind"), field(2, &value)].concat();
    let name = format!("{}/{}", kind.api_version(), kind.kind);
    [field(1, name.as_bytes()), field(2, &field(SCHEMA_EXTENSION, &extension))].concat()
}

fn field(number: u64, content: &[u8]) -> Vec<u8> {
    let mut written = varint(number << 3 | 2);
    written.extend(varint(content.len() as u64));
    written.extend_from_slice(content);
    written
}

fn varint(mut number: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while number > 0x7f {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
    bytes
}

/// The document as JSON, from the schemas of all documents of v3.
pub(super) fn json(schemas: &Map<String, Value>) -> String {
    let document = json!({
        "swagger": "2.0", "info": {"title": "Kubernetes", "version": VERSION}, "paths": {},
        "definitions": schemas,
    });
    document.to_string().replace("#/components/schemas/", "#/definitions/")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds;

    #[test]
    fn fields_are_written_with_their_numbers_and_lengths() {
        assert_eq!(field(1, b"hi"), [0x0a, 2, b'h', b'i']);
        assert_eq!(field(31, &[0; 200])[..4], [0xfa, 0x01, 0xc8, 0x01]);
        let document = protobuf(&[kinds::POD]);
        assert!(document.starts_with(b"\x0a\x032.0\x12"));
        let text = String::from_utf8_lossy(&document);
        assert!(text.contains(r#"[{"group":"","kind":"Pod","version":"v1"}]"#), "{text}");
    }
}

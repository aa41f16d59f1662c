//! Bodies in protobuf. Clients written in Go send the kinds that come with Kubernetes so, whatever the
//! server may prefer. What they send here is read into the JSON that it stands for; answers are JSON,
//! which they take.

mod messages;
mod wire;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};

use crate::registry::Status;
use messages::{Field, Type};
use wire::{Raw, Reader};

/// What such a body is called.
pub(super) const CONTENT_TYPE: &str = "application/vnd.kubernetes.protobuf";
/// How each begins.
const MAGIC: &[u8] = b"k8s\0";

/// Reads an object. Of a kind or a field that is not known here nothing is guessed: it is refused.
pub(super) fn read(body: &[u8]) -> Result<Value, Status> {
    let envelope = body.strip_prefix(MAGIC).ok_or_else(malformed)?;
    let (mut api_version, mut kind, mut raw) = (String::new(), String::new(), &[][..]);
    for field in Reader::new(envelope) {
        match field.ok_or_else(malformed)? {
            (1, Raw::Bytes(meta)) => {
                for field in Reader::new(meta) {
                    match field.ok_or_else(malformed)? {
                        (1, Raw::Bytes(text)) => api_version = utf8(text)?,
                        (2, Raw::Bytes(text)) => kind = utf8(text)?,
                        _ => {}
                    }
                }
            }
            (2, Raw::Bytes(bytes)) => raw = bytes,
            _ => {}
        }
    }
    let what = format!("{kind} of {api_version}");
    let fields = messages::of(&api_version, &kind).ok_or_else(|| unknown(&what))?;
    let mut object = message(raw, fields, &what)?;
    object.insert("apiVersion".to_owned(), api_version.into());
    object.insert("kind".to_owned(), kind.into());
    Ok(Value::Object(object))
}

fn message(bytes: &[u8], fields: &[Field], what: &str) -> Result<Map<String, Value>, Status> {
    let mut object = Map::new();
    for field in Reader::new(bytes) {
        let (number, raw) = field.ok_or_else(malformed)?;
        let Some(Field(_, name, kind)) = fields.iter().find(|field| field.0 == number) else {
            return Err(unknown(&format!("field {number} in {what}")));
        };
        put(&mut object, name, *kind, raw, &format!("{name} of {what}"))?;
    }
    Ok(object)
}

/// Puts a field as its JSON is written: where it says nothing, it is not there.
fn put(
    object: &mut Map<String, Value>,
    name: &str,
    kind: Type,
    raw: Raw<'_>,
    what: &str,
) -> Result<(), Status> {
    let value = match (kind, raw) {
        (Type::Ignored, _) | (Type::Number | Type::Flag, Raw::Number(0)) | (Type::Text, Raw::Bytes([])) => {
            return Ok(());
        }
        (Type::Number | Type::Given, Raw::Number(number)) => number.cast_signed().into(),
        (Type::Flag | Type::GivenFlag, Raw::Number(number)) => (number != 0).into(),
        (Type::Text, Raw::Bytes(text)) => utf8(text)?.into(),
        (Type::Texts, Raw::Bytes(text)) => return append(object, name, utf8(text)?.into()),
        (Type::Amount, Raw::Bytes(bytes)) => amount(bytes)?,
        (Type::One(fields), Raw::Bytes(bytes)) => {
            let inner = message(bytes, fields, what)?;
            if inner.is_empty() {
                return Ok(());
            }
            Value::Object(inner)
        }
        (Type::Many(fields), Raw::Bytes(bytes)) => {
            return append(object, name, Value::Object(message(bytes, fields, what)?));
        }
        (Type::TextMap | Type::BytesMap | Type::QuantityMap, Raw::Bytes(bytes)) => {
            let (key, value) = entry(bytes, kind)?;
            let map = object.entry(name).or_insert_with(|| Value::Object(Map::new()));
            map[key] = value;
            return Ok(());
        }
        _ => return Err(malformed()),
    };
    object.insert(name.to_owned(), value);
    Ok(())
}

fn append(object: &mut Map<String, Value>, name: &str, value: Value) -> Result<(), Status> {
    let list = object.entry(name).or_insert_with(|| Value::Array(Vec::new()));
    list.as_array_mut().ok_or_else(malformed)?.push(value);
    Ok(())
}

/// An entry of a map.
fn entry(bytes: &[u8], kind: Type) -> Result<(String, Value), Status> {
    let (mut key, mut value) = (String::new(), &[][..]);
    for field in Reader::new(bytes) {
        match field.ok_or_else(malformed)? {
            (1, Raw::Bytes(bytes)) => key = utf8(bytes)?,
            (2, Raw::Bytes(bytes)) => value = bytes,
            _ => return Err(malformed()),
        }
    }
    let value = match kind {
        Type::BytesMap => STANDARD.encode(value),
        Type::QuantityMap => match Reader::new(value).next() {
            Some(Some((1, Raw::Bytes(text)))) => utf8(text)?,
            _ => return Err(malformed()),
        },
        _ => utf8(value)?,
    };
    Ok((key, value.into()))
}

/// A number or a text: `IntOrString`.
fn amount(bytes: &[u8]) -> Result<Value, Status> {
    let (mut is_text, mut number, mut text) = (false, 0, String::new());
    for field in Reader::new(bytes) {
        match field.ok_or_else(malformed)? {
            (1, Raw::Number(kind)) => is_text = kind == 1,
            (2, Raw::Number(own)) => number = own.cast_signed(),
            (3, Raw::Bytes(own)) => text = utf8(own)?,
            _ => return Err(malformed()),
        }
    }
    Ok(if is_text { text.into() } else { number.into() })
}

fn utf8(bytes: &[u8]) -> Result<String, Status> {
    String::from_utf8(bytes.to_vec()).map_err(|_| malformed())
}

fn malformed() -> Status {
    Status::bad_request("the object provided is unrecognized: it is no protobuf that can be read")
}

fn unknown(what: &str) -> Status {
    let message = format!(
        "the simulated cluster does not read {what} as protobuf: send it as JSON, as `kubectl apply -f` does"
    );
    Status::new(415, "UnsupportedMediaType", message)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// A field of bytes.
    fn bytes(number: u8, content: &[u8]) -> Vec<u8> {
        [&[number << 3 | 2, u8::try_from(content.len()).unwrap()], content].concat()
    }

    fn envelope(api_version: &str, kind: &str, raw: &[u8]) -> Vec<u8> {
        let meta = [bytes(1, api_version.as_bytes()), bytes(2, kind.as_bytes())].concat();
        [MAGIC, &bytes(1, &meta), &bytes(2, raw)].concat()
    }

    #[test]
    fn an_object_is_read_as_its_json() {
        let label = [bytes(1, b"app"), bytes(2, b"web")].concat();
        let meta = [bytes(1, b"web-1"), bytes(3, b""), bytes(11, &label)].concat();
        let options = [&[8, 0][..], &bytes(5, b"All")].concat();
        let raw = [bytes(1, &meta), bytes(2, &options)].concat();
        assert_eq!(
            read(&envelope("policy/v1", "Eviction", &raw)).unwrap(),
            json!({
                "apiVersion": "policy/v1", "kind": "Eviction",
                "metadata": {"name": "web-1", "labels": {"app": "web"}},
                "deleteOptions": {"gracePeriodSeconds": 0, "dryRun": ["All"]},
            })
        );
    }

    #[test]
    fn amounts_and_bytes_are_written_as_json_has_them() {
        let percent = [&[8, 1][..], &bytes(3, b"50%")].concat();
        let spec = [bytes(1, &percent), bytes(3, &[8, 0, 16, 2])].concat();
        let budget = read(&envelope("policy/v1", "PodDisruptionBudget", &bytes(2, &spec))).unwrap();
        assert_eq!(budget["spec"], json!({"minAvailable": "50%", "maxUnavailable": 2}));
        let data = [bytes(1, b"key"), bytes(2, b"\x00\x01")].concat();
        let secret = read(&envelope("v1", "Secret", &bytes(2, &data))).unwrap();
        assert_eq!(secret["data"], json!({"key": "AAE="}));
    }

    #[test]
    fn what_is_not_known_is_refused_and_named() {
        let refused = read(&envelope("v1", "Node", &[])).unwrap_err();
        assert_eq!(refused.code, 415);
        assert!(refused.message.contains("Node of v1"), "{refused}");
        let refused = read(&envelope("v1", "ConfigMap", &bytes(9, b"x"))).unwrap_err();
        assert!(refused.message.contains("field 9 in ConfigMap of v1"), "{refused}");
        for broken in [&b"{}"[..], b"k8s\0\x0a", b"k8s\0\x0a\xff", b"k8s\0\x0f\x01"] {
            assert_eq!(read(broken).unwrap_err().code, 400, "{broken:?}");
        }
    }
}

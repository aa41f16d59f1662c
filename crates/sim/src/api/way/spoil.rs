//! Objects that are not what they should be.

use bytes::Bytes;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use serde_json::{Value, json};

/// An object with a field of the wrong type. Its name and version stay, so that it can be told
/// which one it is.
pub(super) fn object(json: &[u8], rng: &mut ChaCha12Rng) -> Bytes {
    let mut value: Value = serde_json::from_slice(json).unwrap_or_default();
    spoil(&mut value, rng);
    Bytes::from(value.to_string())
}

/// A whole answer: the object, or one of the list.
pub(super) fn body(json: &[u8], rng: &mut ChaCha12Rng) -> Bytes {
    let mut value: Value = serde_json::from_slice(json).unwrap_or_default();
    match value.get_mut("items").and_then(Value::as_array_mut).filter(|items| !items.is_empty()) {
        Some(items) => {
            let at = rng.random_range(0..items.len());
            spoil(&mut items[at], rng);
        }
        None => spoil(&mut value, rng),
    }
    Bytes::from(value.to_string())
}

fn spoil(value: &mut Value, rng: &mut ChaCha12Rng) {
    let (field, wrong) = match rng.random_range(0..4) {
        0 => ("labels", json!(["not", "a", "map"])),
        1 => ("ownerReferences", json!("nobody")),
        2 => ("spec", json!("?")),
        _ => ("status", json!([7])),
    };
    if matches!(field, "spec" | "status") {
        value[field] = wrong;
    } else {
        value["metadata"][field] = wrong;
    }
}

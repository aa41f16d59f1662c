//! Kinds of which there is little to say.

use serde_json::Value;

use super::column::{AGE, Column, NAME, or, text};

/// Kinds that the real server has no columns for.
pub(super) const CREATED: &[Column] =
    &[NAME, text("Created At", |object, _| or(&object["metadata"]["creationTimestamp"], "").into())];

pub(super) const AGED: &[Column] = &[NAME, AGE];

pub(super) const NAMESPACES: &[Column] =
    &[NAME, text("Status", |object, _| or(&object["status"]["phase"], "").into()), AGE];

pub(super) const CONFIG_MAPS: &[Column] =
    &[NAME, text("Data", |object, _| (fields(&object["data"]) + fields(&object["binaryData"])).into()), AGE];

pub(super) const SECRETS: &[Column] = &[
    NAME,
    text("Type", |object, _| or(&object["type"], "").into()),
    text("Data", |object, _| fields(&object["data"]).into()),
    AGE,
];

pub(super) const LEASES: &[Column] =
    &[NAME, text("Holder", |object, _| or(&object["spec"]["holderIdentity"], "").into()), AGE];

fn fields(map: &Value) -> usize {
    map.as_object().map_or(0, serde_json::Map::len)
}

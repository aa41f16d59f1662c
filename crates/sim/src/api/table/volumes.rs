//! Volumes and what claims them.

use serde_json::Value;

use super::column::{AGE, Column, NAME, items, or, text, wide};

pub(super) const VOLUMES: &[Column] = &[
    NAME,
    text("Capacity", |volume, _| or(&volume["spec"]["capacity"]["storage"], "0").into()),
    text("Access Modes", |volume, _| modes(&volume["spec"]["accessModes"]).into()),
    text("Reclaim Policy", |volume, _| or(&volume["spec"]["persistentVolumeReclaimPolicy"], "").into()),
    text("Status", |volume, _| phase(volume).into()),
    text("Claim", |volume, _| match &volume["spec"]["claimRef"] {
        Value::Null => "".into(),
        claim => format!("{}/{}", or(&claim["namespace"], ""), or(&claim["name"], "")).into(),
    }),
    CLASS,
    ATTRIBUTES_CLASS,
    text("Reason", |volume, _| or(&volume["status"]["reason"], "").into()),
    AGE,
    MODE,
];

pub(super) const CLAIMS: &[Column] = &[
    NAME,
    text("Status", |claim, _| phase(claim).into()),
    text("Volume", |claim, _| or(&claim["spec"]["volumeName"], "").into()),
    text("Capacity", |claim, _| match claim["spec"]["volumeName"] {
        Value::Null => "".into(),
        _ => or(&claim["status"]["capacity"]["storage"], "0").into(),
    }),
    text("Access Modes", |claim, _| match claim["spec"]["volumeName"] {
        Value::Null => "".into(),
        _ => modes(&claim["status"]["accessModes"]).into(),
    }),
    CLASS,
    ATTRIBUTES_CLASS,
    AGE,
    MODE,
];

const CLASS: Column = text("StorageClass", |object, _| or(&object["spec"]["storageClassName"], "").into());
const ATTRIBUTES_CLASS: Column = text("VolumeAttributesClass", |object, _| {
    or(&object["spec"]["volumeAttributesClassName"], "<unset>").into()
});
const MODE: Column = wide("VolumeMode", |object, _| or(&object["spec"]["volumeMode"], "<unset>").into());

fn phase(object: &Value) -> &str {
    let is_going = !object["metadata"]["deletionTimestamp"].is_null();
    if is_going { "Terminating" } else { or(&object["status"]["phase"], "") }
}

fn modes(list: &Value) -> String {
    let short = |mode: &Value| match mode.as_str() {
        Some("ReadWriteOnce") => "RWO",
        Some("ReadOnlyMany") => "ROX",
        Some("ReadWriteMany") => "RWX",
        Some("ReadWriteOncePod") => "RWOP",
        _ => "",
    };
    let all: Vec<&str> = items(list).map(short).collect();
    all.join(",")
}

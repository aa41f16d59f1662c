//! CustomResourceDefinitions.

use serde_json::Value;

use super::column::{Column, NAME, flag, items, or, text, wide};

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    text("Scope", |definition, _| or(&definition["spec"]["scope"], "").into()),
    text("Versions", |definition, _| versions(definition).into()),
    text("Created At", |definition, _| or(&definition["metadata"]["creationTimestamp"], "").into()),
    wide("Group", |definition, _| or(&definition["spec"]["group"], "").into()),
    wide("Kind", |definition, _| or(&definition["spec"]["names"]["kind"], "").into()),
    wide("ShortNames", |definition, _| {
        let names: Vec<&str> =
            items(&definition["spec"]["names"]["shortNames"]).filter_map(Value::as_str).collect();
        names.join(",").into()
    }),
    flag("Established", |definition, _| is_established(definition).into()).only_wide(),
];

/// Those that are served, and which of them is stored.
fn versions(definition: &Value) -> String {
    let served = items(&definition["spec"]["versions"]).filter(|version| version["served"] == true);
    let mut all: Vec<String> = served
        .map(|version| {
            let stored = if version["storage"] == true { "(storage)" } else { "" };
            format!("{}{stored}", or(&version["name"], ""))
        })
        .collect();
    all.sort();
    all.join(",")
}

fn is_established(definition: &Value) -> bool {
    items(&definition["status"]["conditions"])
        .any(|condition| condition["type"] == "Established" && condition["status"] == "True")
}

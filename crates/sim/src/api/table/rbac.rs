//! Who has which role.

use serde_json::Value;

use super::column::{AGE, Column, NAME, items, or, text, wide};

pub(super) const BINDINGS: &[Column] = &[
    NAME,
    text("Role", |binding, _| {
        let role = &binding["roleRef"];
        format!("{}/{}", or(&role["kind"], ""), or(&role["name"], "")).into()
    }),
    AGE,
    wide("Users", |binding, _| subjects(binding, "User").into()),
    wide("Groups", |binding, _| subjects(binding, "Group").into()),
    wide("ServiceAccounts", |binding, _| subjects(binding, "ServiceAccount").into()),
];

fn subjects(binding: &Value, kind: &str) -> String {
    let own = items(&binding["subjects"]).filter(|subject| subject["kind"] == kind);
    let named = own.map(|subject| match or(&subject["namespace"], "") {
        "" => or(&subject["name"], "").to_owned(),
        namespace => format!("{namespace}/{}", or(&subject["name"], "")),
    });
    named.collect::<Vec<_>>().join(", ")
}

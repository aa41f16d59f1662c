//! A message as templates see it.

use std::collections::BTreeMap;
use std::sync::Arc;

use gotmpl::Value;
use model::labels::LabelSet;

use super::time;
use crate::notification::{MessageAlert, Notification};

/// The data of a message, with Go's names.
pub(super) fn value(message: &Notification) -> Value {
    map([
        ("Receiver", text(&quoted(&message.receiver))),
        ("Status", text(message.status.as_str())),
        ("Alerts", Value::List(message.alerts.iter().map(alert).collect())),
        ("GroupLabels", pairs(&message.group_labels)),
        ("CommonLabels", pairs(&message.common_labels)),
        ("CommonAnnotations", pairs(&message.common_annotations)),
        ("RouteLabels", pairs(&LabelSet::new())),
        ("ExternalURL", text(&message.external_url)),
        ("NotificationReason", text(&message.reason)),
    ])
}

fn alert(alert: &MessageAlert) -> Value {
    map([
        ("Status", text(alert.status.as_str())),
        ("Labels", pairs(&alert.labels)),
        ("Annotations", pairs(&alert.annotations)),
        ("StartsAt", text(&time::to_go(alert.starts_at))),
        ("EndsAt", text(&time::to_go(alert.ends_at))),
        ("GeneratorURL", text(&alert.generator_url)),
        ("Fingerprint", text(&alert.fingerprint)),
    ])
}

/// A receiver's name as Alertmanager puts it into messages: quoted for a regular expression,
/// because links filter by it.
pub(crate) fn quoted(name: &str) -> String {
    let mut quoted = String::with_capacity(name.len());
    for c in name.chars() {
        if r"\.+*?()|[]{}^$".contains(c) {
            quoted.push('\\');
        }
        quoted.push(c);
    }
    quoted
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::Map(Arc::new(entries.into_iter().map(|(name, value)| (Arc::from(name), value)).collect()))
}

fn pairs(set: &LabelSet) -> Value {
    let map: BTreeMap<Arc<str>, Value> =
        set.iter().map(|(name, value)| (Arc::from(name.as_str()), text(value))).collect();
    Value::Map(Arc::new(map))
}

pub(super) fn text(text: &str) -> Value {
    Value::String(Arc::from(text))
}

//! Events.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::column::{Column, NAME, or, text, wide};

pub(super) const COLUMNS: &[Column] = &[
    text("Last Seen", |event, now| last(event, now).into()),
    text("Type", |event, _| or(&event["type"], "").into()),
    text("Reason", |event, _| or(&event["reason"], "").into()),
    text("Object", |event, _| object(event).into()),
    wide("Subobject", |event, _| or(&regarding(event)["fieldPath"], "").into()),
    wide("Source", |event, _| source(event).into()),
    text("Message", |event, _| or(&event["message"], or(&event["note"], "")).trim().into()),
    wide("First Seen", |event, now| first(event, now).into()),
    wide("Count", |event, _| count(event)),
    NAME.only_wide(),
];

fn first(event: &Value, now: Timestamp) -> String {
    match either(event, "firstTimestamp", "deprecatedFirstTimestamp") {
        Value::Null => age::since(&event["eventTime"], now),
        time => age::since(time, now),
    }
}

fn last(event: &Value, now: Timestamp) -> String {
    let series = &event["series"]["lastObservedTime"];
    let last =
        if series.is_null() { either(event, "lastTimestamp", "deprecatedLastTimestamp") } else { series };
    if last.is_null() { first(event, now) } else { age::since(last, now) }
}

fn count(event: &Value) -> Value {
    let series = &event["series"]["count"];
    let own = if series.is_null() { either(event, "count", "deprecatedCount") } else { series };
    if own.as_i64().unwrap_or(0) == 0 { 1.into() } else { own.clone() }
}

fn regarding(event: &Value) -> &Value {
    either(event, "involvedObject", "regarding")
}

fn object(event: &Value) -> String {
    let object = regarding(event);
    let kind = or(&object["kind"], "").to_lowercase();
    match or(&object["name"], "") {
        "" => kind,
        name => format!("{kind}/{name}"),
    }
}

fn source(event: &Value) -> String {
    let source = either(event, "source", "deprecatedSource");
    let reporter = or(&event["reportingComponent"], or(&event["reportingController"], ""));
    let component = or(&source["component"], reporter);
    match or(&source["host"], or(&event["reportingInstance"], "")) {
        "" => component.to_owned(),
        host => format!("{component}, {host}"),
    }
}

/// A field of one of the two kinds of Events.
fn either<'a>(event: &'a Value, core: &str, own: &str) -> &'a Value {
    if event[core].is_null() { &event[own] } else { &event[core] }
}

//! The functions that templates can call, with Alertmanager's names and meaning. Not there, and
//! refused when a template is read: `now`, `since`, `tz` and `routeLabels`.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use gotmpl::{FuncMap, Result, TemplateError, Value, ValueFunc};

use super::data::text;
use super::methods::{CALL, GET};
use super::time;

/// The engine's own.
const BUILT_IN: [&str; 19] = [
    "and", "call", "eq", "ge", "gt", "html", "index", "js", "le", "len", "lt", "ne", "not", "or", "print",
    "printf", "println", "slice", "urlquery",
];

type Function = fn(&[Value]) -> Result<Value>;

const OURS: [(&str, Function); 21] = [
    (GET, get),
    (CALL, call),
    ("toUpper", |args| Ok(text(&string(args, 0)?.to_uppercase()))),
    ("toLower", |args| Ok(text(&string(args, 0)?.to_lowercase()))),
    ("title", |args| Ok(text(&title(string(args, 0)?)))),
    ("trimSpace", |args| Ok(text(string(args, 0)?.trim()))),
    ("join", |args| join(string(args, 0)?, argument(args, 1)?)),
    ("match", |args| Ok(Value::Bool(regex(string(args, 0)?)?.is_match(string(args, 1)?)))),
    ("reReplaceAll", replace_all),
    ("stringSlice", |args| Ok(Value::List(args.iter().cloned().collect()))),
    ("list", |args| Ok(Value::List(args.iter().cloned().collect()))),
    ("append", append),
    ("dict", dict),
    ("safeHtml", |args| Ok(safe(gotmpl::SafeKind::Html, string(args, 0)?))),
    ("safeUrl", |args| Ok(safe(gotmpl::SafeKind::Url, string(args, 0)?))),
    ("urlUnescape", |args| Ok(text(&unescape(string(args, 0)?)))),
    ("date", |args| format(string(args, 0)?, argument(args, 1)?)),
    ("humanizeDuration", |args| Ok(text(&humanize(number(args, 0)?)))),
    ("toJson", |args| Ok(text(&json(argument(args, 0)?).to_string()))),
    ("base64encode", |args| Ok(text(&URL_SAFE.encode(string(args, 0)?)))),
    ("base64decode", decode),
];

/// Whether a template may call it.
pub(super) fn is_known(name: &str) -> bool {
    BUILT_IN.contains(&name) || OURS.iter().any(|(ours, _)| *ours == name)
}

/// All of ours, for the engine.
pub(super) fn all() -> FuncMap {
    OURS.iter().map(|(name, function)| ((*name).to_owned(), Arc::new(*function) as ValueFunc)).collect()
}

fn fail<T>(reason: impl Into<String>) -> Result<T> {
    Err(TemplateError::Exec(reason.into()))
}

fn argument(args: &[Value], index: usize) -> Result<&Value> {
    args.get(index).ok_or_else(|| TemplateError::Exec(format!("argument {} is missing", index + 1)))
}

fn string(args: &[Value], index: usize) -> Result<&str> {
    match argument(args, index)? {
        Value::String(text) | Value::Safe { s: text, .. } => Ok(text),
        other => fail(format!("argument {} is a {}, not a text", index + 1, other.type_name())),
    }
}

fn number(args: &[Value], index: usize) -> Result<f64> {
    let value = argument(args, index)?;
    match value.as_float().or_else(|| value.as_int().map(|number| number as f64)) {
        Some(number) => Ok(number),
        None => match value.as_str().and_then(|text| text.parse().ok()) {
            Some(number) => Ok(number),
            None => fail(format!("argument {} is not a number", index + 1)),
        },
    }
}

/// Follows fields and methods, one after the other. A label that is not there is empty.
fn get(args: &[Value]) -> Result<Value> {
    let mut value = argument(args, 0)?.clone();
    for index in 1..args.len() {
        value = field(&value, string(args, index)?)?;
    }
    Ok(value)
}

fn field(value: &Value, name: &str) -> Result<Value> {
    match (value, name) {
        (Value::List(alerts), "Firing" | "Resolved") => {
            let status = name.to_lowercase();
            let has = |alert: &&Value| alert.field("Status").and_then(Value::as_str) == Some(&status);
            Ok(Value::List(alerts.iter().filter(has).cloned().collect()))
        }
        (Value::Map(map), "SortedPairs") => Ok(Value::List(sorted(map).into_iter().map(pair).collect())),
        (Value::Map(map), "Names") => {
            Ok(Value::List(sorted(map).iter().map(|(name, _)| text(name)).collect()))
        }
        (Value::Map(map), "Values") => {
            Ok(Value::List(sorted(map).into_iter().map(|(_, value)| value.clone()).collect()))
        }
        // Of pairs.
        (Value::List(pairs), "Names" | "Values") => {
            let part = name.trim_end_matches('s');
            Ok(Value::List(pairs.iter().filter_map(|pair| pair.field(part).cloned()).collect()))
        }
        (Value::Map(map), name) => Ok(map.get(name).cloned().unwrap_or_else(|| text(""))),
        (Value::String(time), "UTC" | "Local") => Ok(Value::String(Arc::clone(time))),
        (Value::String(time), "Unix") => match time::from_go(time) {
            Some(time) => Ok(Value::Int(time.as_second())),
            None => fail(format!("{time:?} is not a time")),
        },
        (Value::Nil, _) => Ok(Value::Nil),
        (value, name) => fail(format!("a {} has no {name}", value.type_name())),
    }
}

fn call(args: &[Value]) -> Result<Value> {
    let receiver = argument(args, 1)?;
    match (string(args, 0)?, receiver) {
        ("Remove", Value::Map(map)) => {
            let Value::List(names) = argument(args, 2)? else { return fail("Remove takes a list of names") };
            let gone: Vec<&str> = names.iter().filter_map(Value::as_str).collect();
            let left = map.iter().filter(|(name, _)| !gone.contains(&name.as_ref()));
            let left: BTreeMap<_, _> = left.map(|(name, value)| (Arc::clone(name), value.clone())).collect();
            Ok(Value::Map(Arc::new(left)))
        }
        ("Join", list) => join(string(args, 2)?, list),
        ("Format", time) => format(string(args, 2)?, time),
        (method, other) => fail(format!("a {} has no method {method}", other.type_name())),
    }
}

/// By name, but `alertname` first, as Alertmanager shows labels.
fn sorted(map: &BTreeMap<Arc<str>, Value>) -> Vec<(&Arc<str>, &Value)> {
    let mut pairs: Vec<_> = map.iter().collect();
    pairs.sort_by_key(|(name, _)| name.as_ref() != model::labels::ALERT_NAME);
    pairs
}

fn pair((name, value): (&Arc<str>, &Value)) -> Value {
    let entries = [(Arc::from("Name"), text(name)), (Arc::from("Value"), value.clone())];
    Value::Map(Arc::new(BTreeMap::from(entries)))
}

fn join(separator: &str, list: &Value) -> Result<Value> {
    let Value::List(parts) = list else { return fail(format!("cannot join a {}", list.type_name())) };
    let parts: Vec<String> = parts.iter().map(ToString::to_string).collect();
    Ok(text(&parts.join(separator)))
}

fn title(input: &str) -> String {
    let mut before = ' ';
    let mut out = String::with_capacity(input.len());
    for c in input.chars() {
        if before.is_alphanumeric() {
            out.extend(c.to_lowercase());
        } else {
            out.extend(c.to_uppercase());
        }
        before = c;
    }
    out
}

fn regex(pattern: &str) -> Result<regex::Regex> {
    regex::Regex::new(pattern).map_err(|error| TemplateError::Exec(error.to_string()))
}

fn replace_all(args: &[Value]) -> Result<Value> {
    let replaced = regex(string(args, 0)?)?.replace_all(string(args, 2)?, string(args, 1)?).into_owned();
    Ok(text(&replaced))
}

fn append(args: &[Value]) -> Result<Value> {
    let Value::List(list) = argument(args, 0)? else { return fail("append takes a list first") };
    Ok(Value::List(list.iter().chain(&args[1..]).cloned().collect()))
}

fn dict(args: &[Value]) -> Result<Value> {
    if !args.len().is_multiple_of(2) {
        return fail("dict requires an even number of arguments");
    }
    let mut map = BTreeMap::new();
    for index in (0..args.len()).step_by(2) {
        map.insert(Arc::from(string(args, index)?), args[index + 1].clone());
    }
    Ok(Value::Map(Arc::new(map)))
}

fn safe(kind: gotmpl::SafeKind, text: &str) -> Value {
    Value::Safe { kind, s: Arc::from(text) }
}

fn unescape(input: &str) -> String {
    let query = format!("v={}", input.replace('&', "%26"));
    url::form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

fn format(layout: &str, value: &Value) -> Result<Value> {
    let time = value.as_str().and_then(time::from_go);
    match time.and_then(|time| time::format(time, layout)) {
        Some(formatted) => Ok(text(&formatted)),
        None => fail(format!("{value} is not a time, or {layout:?} not a layout")),
    }
}

fn humanize(seconds: f64) -> String {
    let whole = seconds.abs() as u64;
    let sign = if seconds < 0.0 { "-" } else { "" };
    let (days, hours, minutes, rest) = (whole / 86_400, whole / 3600 % 24, whole / 60 % 60, whole % 60);
    match (days, hours, minutes) {
        (0, 0, 0) if whole == 0 && seconds != 0.0 => format!("{sign}{:.0}ms", seconds.abs() * 1000.0),
        (0, 0, 0) => format!("{sign}{rest}s"),
        (0, 0, _) => format!("{sign}{minutes}m {rest}s"),
        (0, ..) => format!("{sign}{hours}h {minutes}m {rest}s"),
        _ => format!("{sign}{days}d {hours}h {minutes}m {rest}s"),
    }
}

fn json(value: &Value) -> serde_json::Value {
    match value {
        Value::Nil | Value::Function(_) => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Int(value) => (*value).into(),
        Value::Uint(value) => (*value).into(),
        Value::Float(value) => (*value).into(),
        Value::String(value) | Value::Safe { s: value, .. } => value.as_ref().into(),
        Value::List(values) => values.iter().map(json).collect(),
        Value::Map(map) => serde_json::Value::Object(
            map.iter().map(|(name, value)| (name.to_string(), json(value))).collect(),
        ),
    }
}

fn decode(args: &[Value]) -> Result<Value> {
    let bytes = URL_SAFE.decode(string(args, 0)?).ok();
    match bytes.and_then(|bytes| String::from_utf8(bytes).ok()) {
        Some(decoded) => Ok(text(&decoded)),
        None => fail("not base64 of a text"),
    }
}

//! Conditions in a status.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::registry::time;

/// What a condition is to say.
#[derive(Clone, Copy, Debug)]
pub struct Condition<'a> {
    /// `Ready`.
    pub kind: &'a str,
    /// `True`, `False`, `Unknown`.
    pub status: &'a str,
    /// The machine's word.
    pub reason: &'a str,
    /// The sentence.
    pub message: &'a str,
}

/// A condition of a status, or null.
pub fn find<'a>(status: &'a Value, kind: &str) -> &'a Value {
    const NONE: &Value = &Value::Null;
    let all = status["conditions"].as_array();
    all.and_then(|all| all.iter().find(|one| one["type"] == kind)).unwrap_or(NONE)
}

/// Makes a condition say something. Its time of transition moves with its status alone. Whether
/// anything was changed.
pub fn set(status: &mut Value, condition: Condition<'_>, now: Timestamp) -> bool {
    let Condition { kind, status: to, reason, message } = condition;
    let before = find(status, kind);
    if before["status"] == to && before["reason"].as_str().unwrap_or_default() == reason {
        let said = before["message"].as_str().unwrap_or_default();
        if said == message {
            return false;
        }
    }
    let since = if before["status"] == to { before["lastTransitionTime"].clone() } else { time(now).into() };
    let mut new = json!({"type": kind, "status": to, "lastTransitionTime": since});
    for (field, text) in [("reason", reason), ("message", message)] {
        if !text.is_empty() {
            new[field] = text.into();
        }
    }
    for kept in ["lastProbeTime", "lastHeartbeatTime", "observedGeneration"] {
        if let Some(value) = before.get(kept) {
            new[kept] = value.clone();
        }
    }
    put(status, kind, new);
    true
}

/// Replaces a condition by another of its type.
pub fn put(status: &mut Value, kind: &str, new: Value) {
    if !status["conditions"].is_array() {
        status["conditions"] = json!([]);
    }
    let Some(all) = status["conditions"].as_array_mut() else { return };
    match all.iter_mut().find(|one| one["type"] == kind) {
        Some(one) => *one = new,
        None => all.push(new),
    }
}

/// Takes a condition away.
pub fn remove(status: &mut Value, kind: &str) {
    if let Some(all) = status["conditions"].as_array_mut() {
        all.retain(|one| one["type"] != kind);
    }
}

/// A time as the API writes it, read.
pub fn read_time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_time_of_transition_moves_with_the_status_alone() {
        let at = |second| Timestamp::from_second(second).unwrap();
        let ready = |status, reason| Condition { kind: "Ready", status, reason, message: "" };
        let mut status = json!({});
        assert!(set(&mut status, ready("True", "Up"), at(10)));
        assert!(!set(&mut status, ready("True", "Up"), at(20)));
        assert!(set(&mut status, ready("True", "Better"), at(30)));
        assert_eq!(find(&status, "Ready")["lastTransitionTime"], "1970-01-01T00:00:10Z");
        assert!(set(&mut status, ready("False", "Down"), at(40)));
        assert_eq!(find(&status, "Ready")["lastTransitionTime"], "1970-01-01T00:00:40Z");
        remove(&mut status, "Ready");
        assert!(find(&status, "Ready").is_null());
    }
}

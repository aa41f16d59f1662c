//! Times as kubectl shows them: how long ago, in the two units that matter.

use std::time::Duration;

use jiff::Timestamp;
use model::age::age;
use serde_json::Value;

/// How long ago a time in an object was.
pub(super) fn since(time: &Value, now: Timestamp) -> String {
    match time.as_str().and_then(|text| text.parse::<Timestamp>().ok()) {
        Some(time) => written(now.duration_since(time).as_secs()),
        None => "<unknown>".to_owned(),
    }
}

/// How long it was between two times in an object; nothing where one is not there.
pub(super) fn between(start: &Value, end: &Value) -> Option<String> {
    let time = |value: &Value| value.as_str()?.parse::<Timestamp>().ok();
    Some(written(time(end)?.duration_since(time(start)?).as_secs()))
}

/// As kubectl has it; what is still to come makes no sense, but for what clocks differ by.
fn written(seconds: i64) -> String {
    if seconds < -1 {
        return "<invalid>".to_owned();
    }
    age(Duration::from_secs(u64::try_from(seconds).unwrap_or(0)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_are_written_as_kubectl_writes_them() {
        for (seconds, expected) in [(-5, "<invalid>"), (-1, "0s"), (660, "11m")] {
            assert_eq!(written(seconds), expected, "{seconds}");
        }
    }
}

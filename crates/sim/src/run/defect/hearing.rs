//! How much is heard of what services post to each other.

use model::labels::annotation;
use serde_json::Value;

use crate::seen::Post;

/// What is heard of a post. Whoever posted it is told that it was taken.
#[derive(Clone, Debug, PartialEq)]
pub enum Heard {
    /// What was sent.
    AsSent,
    /// Nothing.
    Nothing,
    /// Something else.
    Other(Value),
}

/// Nothing that a person takes on is noted.
pub(super) fn no_acknowledgement(post: &Post) -> Heard {
    if post.path.ends_with("/ack") { Heard::Nothing } else { Heard::AsSent }
}

/// A healer is not told that something is over.
pub(super) fn no_end(post: &Post) -> Heard {
    let Some(alerts) = post.body.as_array().filter(|_| post.to.starts_with("healer")) else {
        return Heard::AsSent;
    };
    let is_end = |alert: &Value| alert["annotations"]["resolution"].is_string();
    let rest: Vec<Value> = alerts.iter().filter(|alert| !is_end(alert)).cloned().collect();
    if rest.len() == alerts.len() { Heard::AsSent } else { Heard::Other(rest.into()) }
}

/// A healer is told that what goes on has begun anew in this quarter of an hour.
pub(super) fn ever_new(post: &Post) -> Heard {
    let Some(alerts) = post.body.as_array().filter(|_| post.to.starts_with("healer")) else {
        return Heard::AsSent;
    };
    let mut alerts = alerts.clone();
    for alert in &mut alerts {
        // It is good for five minutes from now: `2026-01-01T00:20:00Z`.
        let ends = alert["endsAt"].as_str().unwrap_or_default().to_owned();
        let minute = ends.get(14..16).and_then(|minute| minute.parse::<u32>().ok()?.checked_sub(5));
        let (Some(hour), Some(minute)) = (ends.get(..14), minute) else { continue };
        let begins = format!("{hour}{:02}:00Z", minute / 15 * 15);
        alert["annotations"][annotation::SINCE] = begins.into();
    }
    Heard::Other(alerts.into())
}

/// Of repairs only that they have begun, and each for as long as a page may be held at all.
pub(super) fn only_beginnings(post: &Post) -> Heard {
    if post.path.ends_with("/outcomes") {
        return Heard::Nothing;
    }
    if !post.path.ends_with("/holds") {
        return Heard::AsSent;
    }
    if post.body["state"] != "taken" {
        return Heard::Nothing;
    }
    let mut longest = post.body.clone();
    longest["remainingMs"] = 3_600_000.into();
    Heard::Other(longest)
}

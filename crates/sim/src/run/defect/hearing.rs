//! How much is heard of what services post to each other.

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

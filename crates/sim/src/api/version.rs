//! Which state of the store a read is of: `resourceVersion` and `resourceVersionMatch`.

use serde_json::json;

use super::call::Asked;
use crate::registry::Status;

/// The state that a list or a get asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Version {
    /// The newest: a quorum read.
    Newest,
    /// Whatever a cache has.
    Any,
    /// This one or a newer.
    NotOlderThan(u64),
    /// Just this one.
    Exact(u64),
}

impl Version {
    pub(super) fn of(asked: &Asked<'_>) -> Result<Self, Status> {
        let query = &asked.call.query;
        let (text, matching) = (query.get("resourceVersion"), query.get("resourceVersionMatch"));
        let version = parse(text)?;
        match (version, matching) {
            (None, "") => Ok(Self::Newest),
            (None, _) => {
                Err(forbidden("resourceVersionMatch is forbidden unless resourceVersion is provided"))
            }
            (Some(0), "" | "NotOlderThan") => Ok(Self::Any),
            (Some(0), "Exact") => {
                Err(forbidden("resourceVersionMatch \"exact\" is forbidden for resourceVersion \"0\""))
            }
            (Some(version), "" | "NotOlderThan") => Ok(Self::NotOlderThan(version)),
            (Some(version), "Exact") => Ok(Self::Exact(version)),
            (Some(_), other) => Err(Status::invalid_options(
                "resourceVersionMatch",
                &format!(
                    "Unsupported value: \"{other}\": supported values: \"Exact\", \"NotOlderThan\", \"\""
                ),
            )),
        }
    }
}

/// A version as a number; `None` where none is given.
pub(super) fn parse(text: &str) -> Result<Option<u64>, Status> {
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| {
        Status::bad_request(&format!(
            "Invalid value: \"{text}\": strconv.ParseUint: parsing \"{text}\": invalid syntax"
        ))
    })
}

/// The state asked for has not come yet. The real server waits three seconds before it says so.
pub(super) fn too_large(asked: u64, current: u64) -> Status {
    let message = format!("Timeout: Too large resource version: {asked}, current: {current}");
    let mut status = Status::new(504, "Timeout", message);
    status.details = json!({
        "causes": [{"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}],
        "retryAfterSeconds": 1,
    });
    status
}

fn forbidden(why: &str) -> Status {
    Status::invalid_options("resourceVersionMatch", &format!("Forbidden: {why}"))
}

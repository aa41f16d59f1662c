//! What clients are refused to write of the built-in kinds: as much of the real server's
//! validation as a client of a running cluster runs into. Controllers of the simulated cluster,
//! which are not to be refused anything, do not come through here.

mod change;
mod new;
mod resize;

use serde_json::Value;

use crate::kinds::{self, Kind};
use crate::registry::Status;

/// Fields that are wrong, and why.
type Errors = Vec<(String, String)>;

/// Refuses a new object that cannot be.
pub(super) fn new(kind: Kind, object: &Value) -> Result<(), Status> {
    refuse(kind, object, &new::check(kind, object))
}

/// Refuses a change that cannot be made.
pub(super) fn change(kind: Kind, before: &Value, after: &Value) -> Result<(), Status> {
    let mut errors = change::check(kind, before, after);
    errors.extend(new::check(kind, after));
    refuse(kind, after, &errors)
}

/// Refuses a resize that is more than that.
pub(super) fn resize(kind: Kind, before: &Value, after: &Value) -> Result<(), Status> {
    refuse(kind, after, &resize::check(before, after))
}

fn refuse(kind: Kind, object: &Value, errors: &Errors) -> Result<(), Status> {
    if errors.is_empty() {
        return Ok(());
    }
    let name = object["metadata"]["name"].as_str().unwrap_or_default();
    // Of events the real server speaks by their older name.
    let kind = if kind == kinds::EVENT_EVENTS { kinds::EVENT } else { kind };
    Err(Status::invalid_fields(kind, name, errors))
}

/// Whether a kind is one of these.
fn is_one_of(kind: Kind, kinds: &[Kind]) -> bool {
    kinds.contains(&kind)
}

fn error(field: &str, why: &str) -> (String, String) {
    (field.to_owned(), why.to_owned())
}

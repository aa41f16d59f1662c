//! Server-side apply, in its simplest faithful form: what is given is merged as a strategic merge
//! patch would, and an object that is not there is created. Who owns which field is not kept, so
//! nothing conflicts and what a later apply leaves out stays.

use serde_json::Value;

use super::super::answer::Answer;
use super::super::call::Asked;
use super::super::object::text;
use super::{merge, patch_with, strategic};
use crate::registry::{Registry, Status};

/// Applies the body.
pub(super) fn apply(asked: &Asked<'_>, registry: &Registry) -> Result<Answer, Status> {
    if asked.call.query.get("fieldManager").is_empty() {
        let why = "Required value: is required for apply patch";
        return Err(Status::invalid_patch_options("fieldManager", why));
    }
    let mut applied = asked.object()?;
    if text(&applied["kind"]).is_empty() {
        return Err(Status::bad_request("Object 'Kind' is missing in the request body"));
    }
    if applied["metadata"].get("managedFields").is_some_and(Value::is_array) {
        return Err(Status::bad_request("metadata.managedFields must be nil"));
    }
    if registry.storage().get(&asked.address()).is_none() {
        applied["metadata"]["name"] = asked.name().into();
        return Ok(Answer::object(201, &*registry.create(asked.kind, asked.namespace(), applied)?));
    }
    patch_with(registry, asked, |object| {
        if asked.kind.is_built_in() {
            return strategic::merge(asked.kind, object, &applied);
        }
        merge(object, &applied);
        Ok(())
    })
}

//! Patches: four ways to say what is to change.

mod apply;
mod json;
mod merge;
mod strategic;

use serde_json::Value;

use super::answer::Answer;
use super::call::Asked;
use super::object::text;
use super::{Server, validation};
use crate::kinds::Kind;
use crate::registry::{Registry, Status};

pub(super) use merge::merge;

/// A patch, and by which rules it is to be read.
enum Patch {
    /// RFC 6902: operations in order.
    Json(Value),
    /// RFC 7396: what is given replaces, null removes.
    Merge(Value),
    /// As merge, but lists whose items have keys are merged by them.
    Strategic(Value),
}

impl Server {
    /// Patches an object, or its status.
    pub(super) fn patch(&self, asked: &Asked<'_>) -> Result<Answer, Status> {
        let registry = self.registry_for(asked)?;
        if asked.call.content_type.starts_with("application/apply-patch+yaml") {
            self.check_fields(asked, &asked.call.json()?)?;
            return apply::apply(asked, &registry);
        }
        let patch = Patch::of(asked)?;
        patch_with(&registry, asked, |object| {
            patch.apply(asked.kind, object)?;
            self.check_fields(asked, object)
        })
    }
}

/// Changes what is there by `change`, as the real server's patch handler does.
fn patch_with(
    registry: &Registry,
    asked: &Asked<'_>,
    change: impl FnOnce(&mut Value) -> Result<(), Status>,
) -> Result<Answer, Status> {
    let address = asked.address();
    let patched = registry.modify(&address, asked.part(), |object| {
        let before = object.clone();
        change(object)?;
        if asked.is_main() {
            Registry::fill_defaults(asked.kind, object);
        }
        let after = &object["metadata"];
        let differs = |field: &str| {
            let asked = text(&after[field]);
            !asked.is_empty() && asked != text(&before["metadata"][field])
        };
        if differs("resourceVersion") {
            return Err(Status::conflict(&address));
        }
        for field in ["uid", "name", "namespace"] {
            if differs(field) {
                let why = format!("Invalid value: \"{}\": field is immutable", text(&after[field]));
                return Err(Status::invalid(asked.kind, &address.name, &format!("metadata.{field}"), &why));
            }
        }
        match asked.subresource() {
            "" => validation::change(asked.kind, &before, object),
            "resize" => validation::resize(asked.kind, &before, object),
            _ => Ok(()),
        }
    })?;
    Ok(Answer::object(200, &patched))
}

impl Patch {
    fn of(asked: &Asked<'_>) -> Result<Self, Status> {
        let content = asked.call.content_type.split(';').next().unwrap_or_default().trim();
        let known: fn(Value) -> Self = match content {
            "application/json-patch+json" => Self::Json,
            "application/merge-patch+json" => Self::Merge,
            "application/strategic-merge-patch+json" if asked.kind.is_built_in() => Self::Strategic,
            other => return Err(unsupported(other)),
        };
        asked.call.json().map(known)
    }

    fn apply(&self, kind: Kind, object: &mut Value) -> Result<(), Status> {
        match self {
            Self::Json(operations) => json::apply(object, operations),
            Self::Merge(patch) => {
                merge(object, patch);
                Ok(())
            }
            Self::Strategic(patch) => strategic::merge(kind, object, patch),
        }
    }
}

/// The real server names what it takes only where a kind does not take a patch that others take.
fn unsupported(content: &str) -> Status {
    if content != "application/strategic-merge-patch+json" {
        let status = Status::new(415, "UnsupportedMediaType", "415: Unsupported Media Type");
        return Status { details: serde_json::json!({}), ..status };
    }
    let message = "the body of the request was in an unknown format - accepted media types include: \
                   application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml";
    Status::new(415, "UnsupportedMediaType", message)
}

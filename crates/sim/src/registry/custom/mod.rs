//! Custom resources: what a CustomResourceDefinition says of its objects, and holding them to it.

mod defaults;
mod definition;
mod prune;
mod rules;
mod schema;
#[cfg(test)]
mod tests;
mod validate;

use serde_json::Value;

use super::{Part, Status};
use crate::kinds::Kind;

pub(super) use definition::{Definitions, establish};
use schema::Schema;

/// A custom resource as it is served.
#[derive(Debug)]
pub(crate) struct Custom {
    /// Its kind.
    pub(crate) kind: Kind,
    schema: Schema,
}

impl Custom {
    /// Makes a new object one of this kind: fields that nobody defined go, defaults come, and what
    /// is left must be valid.
    pub(super) fn prepare_new(&self, object: &mut Value) -> Result<(), Status> {
        self.settle(object);
        self.check(object, None)
    }

    /// [`Self::prepare_new`], of an object that takes the place of an older one.
    pub(super) fn prepare_change(&self, before: &Value, after: &mut Value, part: Part) -> Result<(), Status> {
        self.settle(after);
        match part {
            Part::Main => self.check(after, Some(before)),
            // A spec that became invalid meanwhile must not keep its status from being written.
            Part::Status => {
                let mut errors = validate::Errors::default();
                if let Some(status) = self.schema.properties.get("status") {
                    validate::check(status, "status", &after["status"], Some(&before["status"]), &mut errors);
                }
                errors.into_result(self.kind, name(after))
            }
        }
    }

    /// The fields that nobody defined: what `fieldValidation=Strict` refuses.
    pub(crate) fn unknown_fields(&self, object: &Value) -> Vec<String> {
        prune::unknown(&self.schema, object)
    }

    fn settle(&self, object: &mut Value) {
        prune::prune(&self.schema, object);
        defaults::fill(&self.schema, object);
    }

    fn check(&self, object: &Value, before: Option<&Value>) -> Result<(), Status> {
        let mut errors = validate::Errors::default();
        validate::check(&self.schema, "", object, before, &mut errors);
        errors.into_result(self.kind, name(object))
    }
}

fn name(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

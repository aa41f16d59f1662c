//! A "no" of the API server, with the real one's code, reason and words.

use serde_json::{Value, json};

use crate::kinds::Kind;
use crate::storage::Address;

/// Why a request is refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error("{message}")]
pub struct Status {
    /// The HTTP status.
    pub code: u16,
    /// The machine's word: `NotFound`.
    pub reason: &'static str,
    /// The sentence.
    pub message: String,
    /// What else it says: kind, name, causes, `retryAfterSeconds`.
    pub details: Value,
    /// Whether only the sentence is said, as text, instead of a `Status` object.
    pub is_plain: bool,
    /// A token with which the rest of a list can be asked for all the same; empty if there is none.
    pub next: String,
}

impl Status {
    /// A refusal.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self {
            code,
            reason,
            message: message.into(),
            details: Value::Null,
            is_plain: false,
            next: String::new(),
        }
    }

    /// As the server answers it.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "code": self.code,
        });
        if !self.reason.is_empty() {
            body["reason"] = self.reason.into();
        }
        if !self.details.is_null() {
            body["details"] = self.details.clone();
        }
        if !self.next.is_empty() {
            body["metadata"]["continue"] = self.next.clone().into();
        }
        body
    }

    fn about(mut self, kind: Kind, name: &str) -> Self {
        self.details = json!({"name": name, "kind": kind.plural});
        if !kind.group.is_empty() {
            self.details["group"] = kind.group.into();
        }
        self
    }

    /// There is no such object.
    pub fn not_found(kind: Kind, name: &str) -> Self {
        Self::new(404, "NotFound", format!("{} \"{name}\" not found", kind.qualified())).about(kind, name)
    }

    /// There is one of that name.
    pub fn already_exists(kind: Kind, name: &str) -> Self {
        let message = format!("{} \"{name}\" already exists", kind.qualified());
        Self::new(409, "AlreadyExists", message).about(kind, name)
    }

    /// It has changed since it was read.
    pub fn conflict(address: &Address) -> Self {
        let why =
            "the object has been modified; please apply your changes to the latest version and try again";
        Self::conflict_because(address, why)
    }

    /// It is another object of the same name.
    pub fn uid_conflict(address: &Address, asked: &str, found: &str) -> Self {
        let why = format!(
            "the UID in the precondition ({asked}) does not match the UID in record ({found}). The object might have \
             been deleted and then recreated"
        );
        Self::conflict_because(address, &why)
    }

    /// A deletion is for another object of that name, or for another version of it. Of deletions the
    /// real server speaks of the kind, and not of the resource.
    pub fn deletion_conflict(address: &Address, field: &str, asked: &str, found: &str) -> Self {
        let happened = if field == "UID" { "deleted and then recreated" } else { "modified" };
        let why = format!(
            "the {field} in the precondition ({asked}) does not match the {field} in record ({found}). The object might \
             have been {happened}"
        );
        let (kind, name) = (address.kind, &address.name);
        let own = Self::own_name(kind);
        let message = format!("Operation cannot be fulfilled on {own} \"{name}\": {why}");
        let mut status = Self::new(409, "Conflict", message).about(kind, name);
        status.details["kind"] = kind.kind.into();
        status
    }

    /// `Pod`, `Deployment.apps`.
    fn own_name(kind: Kind) -> String {
        if kind.group.is_empty() { kind.kind.to_owned() } else { format!("{}.{}", kind.kind, kind.group) }
    }

    /// An update must say which version it replaces.
    pub fn unversioned(kind: Kind, name: &str) -> Self {
        let why = "Invalid value: 0: must be specified for an update";
        let fields = [("metadata.resourceVersion".to_owned(), why.to_owned())];
        let mut status = Self::invalid_object(&kind.qualified(), name, &fields);
        status.details["kind"] = kind.plural.into();
        if !kind.group.is_empty() {
            status.details["group"] = kind.group.into();
        }
        status
    }

    /// A scale cannot be so.
    pub fn invalid_scale(name: &str, field: &str, why: &str) -> Self {
        let fields = [(field.to_owned(), why.to_owned())];
        let mut status = Self::invalid_object("Scale.autoscaling", name, &fields);
        status.details["kind"] = "Scale".into();
        status.details["group"] = "autoscaling".into();
        status
    }

    /// The request cannot be done to what is there; the real server does not say why.
    pub fn unprocessable() -> Self {
        let message = "the server rejected our request due to an error in our request";
        Self { details: json!({}), ..Self::new(422, "Invalid", message) }
    }

    /// Nothing new comes into a namespace that is going.
    pub fn namespace_terminating(namespace: &str) -> Self {
        let message =
            format!("unable to create new content in namespace {namespace} because it is being terminated");
        Self::new(403, "Forbidden", message)
    }

    /// The request makes no sense.
    pub fn bad_request(message: &str) -> Self {
        Self::new(400, "BadRequest", message)
    }

    /// There is neither a name nor a base for one.
    pub fn invalid_name(kind: Kind) -> Self {
        Self::invalid(kind, "", "metadata.name", "Required value: name or generateName is required")
    }

    /// A field has a value that it cannot have. `why` begins with the kind of mistake:
    /// `Required value`, `Invalid value: 0: must be positive`.
    pub fn invalid(kind: Kind, name: &str, field: &str, why: &str) -> Self {
        Self::invalid_fields(kind, name, &[(field.to_owned(), why.to_owned())])
    }

    /// [`Self::invalid`], for all fields that are wrong.
    pub fn invalid_fields(kind: Kind, name: &str, fields: &[(String, String)]) -> Self {
        let mut status = Self::invalid_object(&Self::own_name(kind), name, fields);
        status.details["kind"] = kind.kind.into();
        if !kind.group.is_empty() {
            status.details["group"] = kind.group.into();
        }
        status
    }

    /// The options of a read are not ones it can have.
    pub fn invalid_options(field: &str, why: &str) -> Self {
        Self::invalid_meta("ListOptions", field, why)
    }

    /// The options of a patch are not ones it can have.
    pub fn invalid_patch_options(field: &str, why: &str) -> Self {
        Self::invalid_meta("PatchOptions", field, why)
    }

    /// The options of a deletion are not ones it can have.
    pub fn invalid_delete_options(field: &str, why: &str) -> Self {
        Self::invalid_meta("DeleteOptions", field, why)
    }

    fn invalid_meta(kind: &str, field: &str, why: &str) -> Self {
        let fields = [(field.to_owned(), why.to_owned())];
        let mut status = Self::invalid_object(&format!("{kind}.meta.k8s.io"), "", &fields);
        status.details["kind"] = kind.into();
        status.details["group"] = "meta.k8s.io".into();
        status
    }

    fn invalid_object(what: &str, name: &str, fields: &[(String, String)]) -> Self {
        let told: Vec<String> = fields.iter().map(|(field, why)| format!("{field}: {why}")).collect();
        let told = match &told[..] {
            [only] => only.clone(),
            several => format!("[{}]", several.join(", ")),
        };
        let mut status = Self::new(422, "Invalid", format!("{what} \"{name}\" is invalid: {told}"));
        let causes = fields.iter().map(|(field, why)| {
            let reason = match why.split(':').next().unwrap_or_default() {
                "Required value" => "FieldValueRequired",
                "Unsupported value" => "FieldValueNotSupported",
                "Forbidden" => "FieldValueForbidden",
                "Too long" => "FieldValueTooLong",
                "Too many" => "FieldValueTooMany",
                "Duplicate value" => "FieldValueDuplicate",
                _ if why.contains("must be of type") => "FieldValueTypeInvalid",
                _ => "FieldValueInvalid",
            };
            json!({"reason": reason, "message": why, "field": field})
        });
        status.details = json!({"name": name, "causes": causes.collect::<Vec<_>>()});
        if name.is_empty()
            && let Some(details) = status.details.as_object_mut()
        {
            details.remove("name");
        }
        status
    }

    /// The version asked for is no longer known.
    pub fn expired(message: &str) -> Self {
        Self::new(410, "Expired", message)
    }

    /// The list that a page was to be the next of is no longer known; with `next` the rest is told as
    /// it is now.
    pub fn expired_continue(next: String) -> Self {
        let status = Self::expired(
            "The provided continue parameter is too old to display a consistent list result. You can start a new \
             list without the continue parameter, or use the continue token in this response to retrieve the \
             remainder of the results. Continuing with the provided token results in an inconsistent list - \
             objects that were created, modified, or deleted between the time the first chunk was returned and \
             now may show up in the list.",
        );
        Self { next, ..status }
    }

    /// An update names the UID of another object than the one that is there.
    pub fn uid_precondition(address: &Address, asked: &str, found: &str) -> Self {
        let namespace =
            if address.namespace.is_empty() { String::new() } else { format!("{}/", address.namespace) };
        let why = format!(
            "StorageError: invalid object, Code: 4, Key: /registry/{}/{namespace}{}, ResourceVersion: 0, \
             AdditionalErrorMsg: Precondition failed: UID in precondition: {asked}, UID in object meta: {found}",
            address.kind.plural, address.name
        );
        Self::conflict_because(address, &why)
    }

    /// It cannot be done to it as it is now.
    pub fn conflict_because(address: &Address, why: &str) -> Self {
        let (kind, name) = (address.kind, &address.name);
        let message = format!("Operation cannot be fulfilled on {} \"{name}\": {why}", kind.qualified());
        Self::new(409, "Conflict", message).about(kind, name)
    }

    /// This cannot be done to such a thing.
    pub fn method_not_allowed() -> Self {
        let message = "the server does not allow this method on the requested resource";
        let mut status = Self::new(405, "MethodNotAllowed", message);
        status.details = json!({});
        status
    }

    /// The group is served, the resource is not.
    pub fn resource_not_found() -> Self {
        let mut status = Self::new(404, "NotFound", "the server could not find the requested resource");
        status.details = json!({});
        status
    }

    /// Nothing is served there.
    pub fn page_not_found() -> Self {
        Self::plain(404, "404 page not found")
    }

    /// A refusal in plain text.
    pub fn plain(code: u16, message: &str) -> Self {
        Self { is_plain: true, ..Self::new(code, "", message) }
    }
}

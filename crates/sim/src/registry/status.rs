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
}

impl Status {
    /// A refusal.
    pub fn new(code: u16, reason: &'static str, message: impl Into<String>) -> Self {
        Self { code, reason, message: message.into(), details: Value::Null }
    }

    /// As the server answers it.
    pub fn body(&self) -> Value {
        let mut body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
            "message": self.message, "reason": self.reason, "code": self.code,
        });
        if !self.details.is_null() {
            body["details"] = self.details.clone();
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
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": the object has been modified; please apply your changes to \
             the latest version and try again",
            address.kind.qualified(),
            address.name
        );
        Self::new(409, "Conflict", message).about(address.kind, &address.name)
    }

    /// It is another object of the same name.
    pub fn uid_conflict(address: &Address, asked: &str, found: &str) -> Self {
        let message = format!(
            "Operation cannot be fulfilled on {} \"{}\": the UID in the precondition ({asked}) does not match the UID \
             in record ({found}). The object might have been deleted and then recreated",
            address.kind.qualified(),
            address.name
        );
        Self::new(409, "Conflict", message).about(address.kind, &address.name)
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
    pub fn invalid_name() -> Self {
        Self::new(422, "Invalid", "metadata.name: Required value: name or generateName is required")
    }
}

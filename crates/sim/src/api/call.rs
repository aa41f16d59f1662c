//! One request, read.

use bytes::Bytes;
use http::{Method, Request, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use super::form::Form;
use super::path::{Route, Target};
use super::protobuf;
use super::query::Query;
use crate::kinds::Kind;
use crate::registry::Status;
use crate::storage::Address;

/// A request as it came.
#[derive(Clone, Debug)]
pub(super) struct Call {
    /// Who asks.
    pub(super) user: String,
    pub(super) method: Method,
    pub(super) path: String,
    pub(super) route: Route,
    pub(super) query: Query,
    pub(super) accept: String,
    pub(super) content_type: String,
    pub(super) agent: String,
    pub(super) body: Bytes,
}

impl Call {
    /// Reads a request to its end.
    pub(super) async fn read(user: &str, request: Request<Body>) -> Self {
        let (head, body) = request.into_parts();
        let header = |name| {
            head.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned()
        };
        Self {
            user: user.to_owned(),
            path: head.uri.path().to_owned(),
            route: Route::parse(head.uri.path()),
            query: Query::parse(head.uri.query().unwrap_or_default()),
            accept: header(header::ACCEPT),
            content_type: header(header::CONTENT_TYPE),
            agent: header(header::USER_AGENT),
            // A body that cannot be read is of a client that is gone.
            body: body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default(),
            method: head.method,
        }
    }

    /// What RBAC calls it.
    pub(super) fn verb(&self) -> &'static str {
        let is_collection = match &self.route {
            Route::Resource(target) => target.name.is_none(),
            _ => false,
        };
        match (self.method.as_str(), is_collection) {
            ("GET", true) if self.query.is_set("watch") => "watch",
            ("GET", true) => "list",
            ("DELETE", true) => "deletecollection",
            ("POST", _) => "create",
            ("PUT", _) => "update",
            ("PATCH", _) => "patch",
            ("DELETE", false) => "delete",
            _ => "get",
        }
    }

    /// The form of its answer.
    pub(super) fn form(&self) -> Form {
        Form::of(&self.accept, self.query.get("includeObject"))
    }

    /// The body as JSON; null where there is none.
    pub(super) fn json(&self) -> Result<Value, Status> {
        if self.body.is_empty() {
            return Ok(Value::Null);
        }
        if self.content_type.starts_with(protobuf::CONTENT_TYPE) {
            return protobuf::read(&self.body);
        }
        serde_json::from_slice(&self.body).map_err(|error| {
            Status::bad_request(&format!("the object provided is unrecognized (must be JSON): {error}"))
        })
    }
}

/// A request for something that is served: its kind is known.
#[derive(Clone, Copy)]
pub(super) struct Asked<'a> {
    pub(super) call: &'a Call,
    pub(super) target: &'a Target,
    pub(super) kind: Kind,
}

impl Asked<'_> {
    /// The namespace; empty for kinds that have none.
    pub(super) fn namespace(&self) -> &str {
        self.target.namespace.as_deref().unwrap_or_default()
    }

    /// The object's name; empty for a collection.
    pub(super) fn name(&self) -> &str {
        self.target.name.as_deref().unwrap_or_default()
    }

    /// Where the object is.
    pub(super) fn address(&self) -> Address {
        Address::new(self.kind, self.namespace(), self.name())
    }

    /// What below the object; empty for the object itself.
    pub(super) fn subresource(&self) -> &str {
        self.target.subresource.as_deref().unwrap_or_default()
    }
}

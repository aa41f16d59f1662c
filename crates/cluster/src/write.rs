//! Writing our own objects: create, replace, delete, each sent once, with an answer that says
//! what to do next. What is allowed to be written is the callers' to say.

use std::time::Duration;

use http::Method;
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::read::object_path;
use crate::refusal::{MissingVerb, Refusal, cut};
use crate::transport::{self, Failure, with_query};

/// Why something was not written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none of that name (any more).
    #[error("{0} does not exist")]
    Absent(String),
    /// One of that name is there already: somebody else has it.
    #[error("{0} exists already")]
    Exists(String),
    /// It was changed since it was read: read it again and decide anew.
    #[error("{0} was changed by somebody else meanwhile")]
    Conflict(String),
    /// RBAC does not allow it.
    #[error("not allowed to {0}; grant it to this identity")]
    Denied(MissingVerb),
    /// The server does not know the kind.
    #[error("the API server does not serve {0}; install it: seaworthy crds | kubectl apply -f -")]
    NotInstalled(String),
    /// There was no good answer; where it was [`Failure::Lost`], the write may have landed.
    #[error("{0}")]
    Failed(#[from] Failure),
    /// What was to be written, or came back, is not what it should be.
    #[error("{what} is malformed: {reason}")]
    Malformed {
        /// Which object.
        what: String,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// Whether the write may have landed although no answer came.
    pub fn may_have_landed(&self) -> bool {
        match self {
            Self::Failed(Failure::Lost(_)) => true,
            // The server's own errors leave open how far it got.
            Self::Failed(Failure::Refused(refusal)) => refusal.code >= 500,
            _ => false,
        }
    }
}

/// Where and as whom to write.
pub(crate) struct Writer<'a> {
    pub(crate) client: &'a kube::Client,
    /// The field manager.
    pub(crate) manager: &'a str,
    pub(crate) deadline: Duration,
    /// The kind's group and resource, for errors.
    pub(crate) group: &'a str,
    pub(crate) resource: String,
}

impl Writer<'_> {
    /// Creates `object` in `collection`.
    pub(crate) async fn create<T: Serialize + DeserializeOwned>(
        &self,
        collection: &str,
        name: &str,
        object: &T,
    ) -> Result<T, Error> {
        let uri = with_query(collection, [("fieldManager", self.manager)]);
        self.send(Method::POST, &uri, "application/json", name, object, "create").await
    }

    /// Replaces the object, or one subresource of it. The resourceVersion in `object` is the
    /// precondition.
    pub(crate) async fn replace<T: Serialize + DeserializeOwned>(
        &self,
        collection: &str,
        name: &str,
        subresource: &str,
        object: &T,
    ) -> Result<T, Error> {
        let mut path = object_path(collection, name)?;
        if !subresource.is_empty() {
            path = format!("{path}/{subresource}");
        }
        let uri = with_query(&path, [("fieldManager", self.manager)]);
        self.send(Method::PUT, &uri, "application/json", name, object, "update").await
    }

    /// Merges `patch` into the object.
    pub(crate) async fn merge<P: Serialize, T: DeserializeOwned>(
        &self,
        collection: &str,
        name: &str,
        patch: &P,
    ) -> Result<T, Error> {
        let uri = with_query(&object_path(collection, name)?, [("fieldManager", self.manager)]);
        self.send(Method::PATCH, &uri, "application/merge-patch+json", name, patch, "patch").await
    }

    /// Deletes the object, if it still has this UID.
    pub(crate) async fn delete(&self, collection: &str, name: &str, uid: &str) -> Result<(), Error> {
        let options = serde_json::json!({
            "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": { "uid": uid },
        });
        let path = object_path(collection, name)?;
        self.send::<_, serde::de::IgnoredAny>(
            Method::DELETE,
            &path,
            "application/json",
            name,
            &options,
            "delete",
        )
        .await
        .map(drop)
    }

    async fn send<P: Serialize, T: DeserializeOwned>(
        &self,
        method: Method,
        uri: &str,
        content_type: &str,
        name: &str,
        object: &P,
        verb: &str,
    ) -> Result<T, Error> {
        let malformed = |error: serde_json::Error| Error::Malformed {
            what: format!("{} {name}", self.resource),
            reason: cut(&error.to_string(), 200).to_owned(),
        };
        let body = serde_json::to_vec(object).map_err(malformed)?;
        let request = transport::request(method, uri, content_type, body);
        let answer = transport::call(self.client, request, self.deadline).await;
        let body = answer.map_err(|failure| self.explain(failure, name, verb))?;
        serde_json::from_slice(&body).map_err(malformed)
    }

    pub(crate) fn explain(&self, failure: Failure, name: &str, verb: &str) -> Error {
        let what = || format!("{} {name}", self.resource);
        match failure {
            Failure::Refused(Refusal { code: 403, reason, .. }) if reason == "Forbidden" => {
                Error::Denied(MissingVerb {
                    verb: verb.to_owned(),
                    group: self.group.to_owned(),
                    resource: self.resource.clone(),
                })
            }
            // The kind's own 404 has no name in it and a text of its own.
            Failure::Refused(Refusal { code: 404, message, .. })
                if message.contains("could not find the requested resource")
                    || message.starts_with("404 page not found") =>
            {
                Error::NotInstalled(self.resource.clone())
            }
            Failure::Refused(Refusal { code: 404, .. }) => Error::Absent(what()),
            Failure::Refused(Refusal { code: 409, reason, .. }) if reason == "AlreadyExists" => {
                Error::Exists(what())
            }
            Failure::Refused(Refusal { code: 409, .. }) => Error::Conflict(what()),
            other => Error::Failed(other),
        }
    }
}

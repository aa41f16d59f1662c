//! Quorum reads of one object: what the cluster says now, not what a cache remembers.

use std::time::Duration;

use crate::refusal::{MissingVerb, cut};
use crate::transport::{self, Failure, Problem};
use crate::views::View;

/// Why an object could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// There is none of that name.
    #[error("{kind} {name} does not exist")]
    Absent {
        /// The kind asked for.
        kind: String,
        /// The name asked for.
        name: String,
    },
    /// RBAC does not allow it.
    #[error("not allowed to {0}; grant it to this identity")]
    Denied(MissingVerb),
    /// It is there and makes no sense.
    #[error("{kind} {name} is malformed: {reason}")]
    Malformed {
        /// The kind asked for.
        kind: String,
        /// The name asked for.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// There was no good answer.
    #[error("{0}")]
    Failed(#[from] Failure),
}

/// Reads `name` in `namespace` (`None` for cluster-wide kinds) within `deadline`. Without a
/// resourceVersion in the request, so that the server answers from a quorum of its store.
pub async fn get<V: View>(
    client: &kube::Client,
    namespace: Option<&str>,
    name: &str,
    deadline: Duration,
) -> Result<V, Error> {
    if let Some(namespace) = namespace {
        check_name(namespace)?;
    }
    let path = object_path(&V::collection(namespace), name)?;
    match transport::call(client, transport::get(&path), deadline).await {
        Ok(body) => serde_json::from_slice(&body).map_err(|error| Error::Malformed {
            kind: V::kind(),
            name: name.to_owned(),
            reason: cut(&error.to_string(), 200).to_owned(),
        }),
        Err(Failure::Refused(refusal)) if refusal.code == 404 => {
            Err(Error::Absent { kind: V::kind(), name: name.to_owned() })
        }
        Err(Failure::Refused(refusal)) if refusal.code == 403 => Err(Error::Denied(MissingVerb {
            verb: "get".to_owned(),
            group: V::group(),
            resource: V::resource(),
        })),
        Err(failure) => Err(failure.into()),
    }
}

/// The address of one object of a collection.
pub(crate) fn object_path(collection: &str, name: &str) -> Result<String, Failure> {
    check_name(name)?;
    Ok(format!("{collection}/{name}"))
}

/// A name that could lead elsewhere (empty: the collection; with a slash: a subresource) is not
/// sent at all.
pub(crate) fn check_name(name: &str) -> Result<(), Failure> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '.' | ':' | '_');
    if name.is_empty() || name == "." || name == ".." || !name.chars().all(is_plain) {
        return Err(Failure::NotSent(Problem::Garbled(format!("{name:?} cannot be an object's name"))));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_lead_elsewhere_are_not_sent() {
        for name in ["", ".", "..", "a/b", "a?b", "a b", "a%2fb", "ä"] {
            assert!(object_path("/api/v1/nodes", name).is_err(), "{name:?}");
        }
        assert_eq!(object_path("/api/v1/nodes", "node-1.example").unwrap(), "/api/v1/nodes/node-1.example");
    }
}

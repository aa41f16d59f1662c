//! Quorum reads: what the cluster says now, not what a cache remembers.

use std::time::Duration;

use serde_json::value::RawValue;

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
    /// There are more than a decision of this kind may rest on.
    #[error("more than {max} objects of kind {kind} were found")]
    TooMany {
        /// The kind asked for.
        kind: String,
        /// The bound.
        max: usize,
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
        Ok(body) => serde_json::from_slice(&body).map_err(|error| malformed::<V>(name, &error)),
        Err(Failure::Refused(refusal)) if refusal.code == 404 => {
            Err(Error::Absent { kind: V::kind(), name: name.to_owned() })
        }
        Err(Failure::Refused(refusal)) if refusal.code == 403 => Err(denied::<V>("get")),
        Err(failure) => Err(failure.into()),
    }
}

/// Lists what is there now, from a quorum: for a decision that must not rest on a cache, such as
/// which pods a drain would move. `labels` and `fields` select in the API's notation; empty, they
/// do not. `max` bounds the answer, because such a decision is about few objects.
pub async fn list<V: View>(
    client: &kube::Client,
    namespace: Option<&str>,
    labels: &str,
    fields: &str,
    max: usize,
    deadline: Duration,
) -> Result<Vec<V>, Error> {
    if let Some(namespace) = namespace {
        check_name(namespace)?;
    }
    let limit = max.saturating_add(1).to_string();
    let selectors = [("labelSelector", labels), ("fieldSelector", fields)];
    let query = [("limit", limit.as_str())]
        .into_iter()
        .chain(selectors.into_iter().filter(|(_, selector)| !selector.is_empty()));
    let uri = transport::with_query(&V::collection(namespace), query);
    let body =
        transport::call(client, transport::get(&uri), deadline).await.map_err(|failure| match failure {
            Failure::Refused(refusal) if refusal.code == 403 => denied::<V>("list"),
            other => Error::Failed(other),
        })?;
    let page: Page<'_> = serde_json::from_slice(&body).map_err(|error| malformed::<V>("list", &error))?;
    if page.items.len() > max {
        return Err(Error::TooMany { kind: V::kind(), max });
    }
    let decode = |item: &&RawValue| {
        serde_json::from_str(item.get()).map_err(|error| malformed::<V>("in a list", &error))
    };
    page.items.iter().map(decode).collect()
}

/// A list, its objects set aside.
#[derive(serde::Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    items: Vec<&'a RawValue>,
}

fn denied<V: View>(verb: &str) -> Error {
    Error::Denied(MissingVerb { verb: verb.to_owned(), group: V::group(), resource: V::resource() })
}

fn malformed<V: View>(name: &str, error: &serde_json::Error) -> Error {
    let reason = cut(&error.to_string(), 200).to_owned();
    Error::Malformed { kind: V::kind(), name: name.to_owned(), reason }
}

/// The end of a container's log, for evidence: of its run before this one if `previous`. At most
/// `lines` lines and 16 KiB. It may hold anything a tenant writes: it is shown to nobody who could
/// not read it in the cluster.
pub async fn log(
    client: &kube::Client,
    namespace: &str,
    pod: &str,
    container: &str,
    previous: bool,
    lines: u32,
    deadline: Duration,
) -> Result<String, Error> {
    check_name(namespace)?;
    let path = object_path(&crate::views::Pod::collection(Some(namespace)), pod)?;
    let (previous, lines) = (previous.to_string(), lines.to_string());
    let query = [
        ("container", container),
        ("previous", previous.as_str()),
        ("tailLines", lines.as_str()),
        ("limitBytes", "16384"),
    ];
    let uri = transport::with_query(&format!("{path}/log"), query);
    match transport::call(client, transport::get(&uri), deadline).await {
        Ok(body) => Ok(String::from_utf8_lossy(&body).into_owned()),
        Err(Failure::Refused(refusal)) if refusal.code == 404 => {
            Err(Error::Absent { kind: "Pod".to_owned(), name: pod.to_owned() })
        }
        Err(Failure::Refused(refusal)) if refusal.code == 403 => Err(Error::Denied(MissingVerb {
            verb: "get".to_owned(),
            group: String::new(),
            resource: "pods/log".to_owned(),
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
    use serde_json::json;

    use super::*;
    use crate::testing::{Reply, Script, status};
    use crate::views::Node;

    #[test]
    fn names_that_lead_elsewhere_are_not_sent() {
        for name in ["", ".", "..", "a/b", "a?b", "a b", "a%2fb", "ä"] {
            assert!(object_path("/api/v1/nodes", name).is_err(), "{name:?}");
        }
        assert_eq!(object_path("/api/v1/nodes", "node-1.example").unwrap(), "/api/v1/nodes/node-1.example");
    }

    #[tokio::test(start_paused = true)]
    async fn a_list_is_bounded_and_names_no_version() {
        let node =
            |n: u32| json!({"metadata": {"name": format!("n-{n}"), "uid": "u", "resourceVersion": "1"}});
        let page = Reply::Json(200, json!({"items": [node(1), node(2)]}));
        let script = Script::new([page.clone(), page, status(403, "Forbidden", "")]);
        let client = script.client();
        let ask = async |max| list::<Node>(&client, None, "a=b", "", max, Duration::from_secs(5)).await;
        assert_eq!(ask(2).await.unwrap().len(), 2);
        assert_eq!(script.calls()[0].query, "limit=3&labelSelector=a%3Db");
        assert!(matches!(ask(1).await, Err(Error::TooMany { max: 1, .. })));
        let error = ask(1).await.unwrap_err().to_string();
        assert!(error.contains("list nodes"), "{error}");
    }
}

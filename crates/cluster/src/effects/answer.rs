//! What became of an effect, as far as its answer tells.

use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;

use crate::refusal::{MissingVerb, Refusal};
use crate::transport::Failure;

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// It was done.
    Done {
        /// The object's version after it, where the answer has one.
        resource_version: String,
    },
    /// The precondition failed: another object of that name, or changed since it was read.
    /// Nothing was done.
    Conflict(String),
    /// There is none of that name (any more). Nothing was done.
    Gone,
    /// A disruption budget has no room, or cannot be judged. Final for this attempt.
    PdbRefused {
        /// The server's words.
        message: String,
        /// When it suggests to ask again.
        retry_after: Option<Duration>,
    },
    /// RBAC, or an admission policy, does not allow it. Nothing was done.
    Denied {
        /// What RBAC would have to grant; `None` when it was not RBAC.
        verb: Option<MissingVerb>,
        /// The server's words.
        message: String,
    },
    /// The server has too much to do. Nothing was done.
    RateLimited {
        /// When it suggests to ask again.
        retry_after: Option<Duration>,
    },
    /// The server does not take the request as it is. Nothing was done.
    Invalid(String),
    /// The request did not leave: the lease, the permit or the connection would not have it.
    NotSent(String),
    /// No answer that tells: it may have been done, or may yet be, until its deadline is over.
    Unknown(String),
}

/// An answer's body, as far as it is read.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Body {
    metadata: BodyMeta,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct BodyMeta {
    resource_version: String,
}

/// Sorts the result of a request.
pub(super) fn classify(result: Result<Bytes, Failure>, missing: impl FnOnce() -> MissingVerb) -> Answer {
    match result {
        Ok(body) => {
            // Done is done, whatever the body says.
            let Body { metadata } = serde_json::from_slice(&body).unwrap_or_default();
            Answer::Done { resource_version: metadata.resource_version }
        }
        Err(Failure::NotSent(problem)) => Answer::NotSent(problem.to_string()),
        Err(Failure::Lost(problem)) => Answer::Unknown(problem.to_string()),
        Err(Failure::Refused(refusal)) => classify_refusal(&refusal, missing),
    }
}

fn classify_refusal(refusal: &Refusal, missing: impl FnOnce() -> MissingVerb) -> Answer {
    let Refusal { code, message, retry_after, .. } = refusal;
    match code {
        404 => Answer::Gone,
        409 => Answer::Conflict(message.clone()),
        // How the server says, to a patch, that the object of this name has another UID.
        422 if message.contains("metadata.uid: Invalid value") => Answer::Conflict(message.clone()),
        429 | 500 if is_budget(refusal) => {
            Answer::PdbRefused { message: message.clone(), retry_after: *retry_after }
        }
        429 => Answer::RateLimited { retry_after: *retry_after },
        401 | 403 => Answer::Denied { verb: is_rbac(message).then(missing), message: message.clone() },
        // 408 and 425 are a proxy's, and leave open what became of the request.
        400..=499 if !matches!(code, 408 | 425) => Answer::Invalid(refusal.to_string()),
        _ => Answer::Unknown(refusal.to_string()),
    }
}

/// Whether a disruption budget said no: by its cause, or because a pod has several, which the
/// eviction API answers with a 500 of this text.
fn is_budget(refusal: &Refusal) -> bool {
    refusal.causes.iter().any(|cause| cause == "DisruptionBudget")
        || refusal.message.contains("more than one PodDisruptionBudget")
}

/// Whether RBAC said no, rather than an admission plug-in: its message has this form.
fn is_rbac(message: &str) -> bool {
    message.contains(" cannot ") && message.contains(" resource ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::transport::Problem;

    fn refused(code: u16, cause: &str, message: &str) -> Answer {
        let causes = if cause.is_empty() { Vec::new() } else { vec![cause.to_owned()] };
        let refusal =
            Refusal { code, reason: String::new(), message: message.to_owned(), causes, retry_after: None };
        classify(Err(Failure::Refused(refusal)), || MissingVerb {
            verb: "create".into(),
            group: String::new(),
            resource: "pods/eviction".into(),
        })
    }

    #[test]
    fn every_answer_says_whether_something_may_have_been_done() {
        let budget = "Cannot evict pod as it would violate the pod's disruption budget.";
        let several = "This pod has more than one PodDisruptionBudget, which the eviction subresource \
                       does not support.";
        let rbac = r#"pods "a" is forbidden: User "x" cannot create resource "pods/eviction""#;
        assert!(matches!(refused(429, "DisruptionBudget", budget), Answer::PdbRefused { .. }));
        assert!(matches!(refused(500, "", several), Answer::PdbRefused { .. }));
        assert!(matches!(refused(429, "", "too many requests"), Answer::RateLimited { .. }));
        assert!(matches!(refused(404, "", ""), Answer::Gone));
        assert!(matches!(refused(409, "", ""), Answer::Conflict(_)));
        let uid = r#"Node "n" is invalid: metadata.uid: Invalid value: "u": field is immutable"#;
        assert!(matches!(refused(422, "", uid), Answer::Conflict(_)));
        assert!(matches!(refused(403, "", rbac), Answer::Denied { verb: Some(_), .. }));
        assert!(matches!(refused(403, "", "a policy says no"), Answer::Denied { verb: None, .. }));
        assert!(matches!(refused(401, "", "Unauthorized"), Answer::Denied { verb: None, .. }));
        for code in [400, 405, 413, 415, 422] {
            assert!(matches!(refused(code, "", ""), Answer::Invalid(_)), "{code}");
        }
        for code in [408, 500, 502, 503, 504] {
            assert!(matches!(refused(code, "", ""), Answer::Unknown(_)), "{code}");
        }
        let lost = Err(Failure::Lost(Problem::Broken("reset".into())));
        assert!(matches!(classify(lost, || unreachable!()), Answer::Unknown(_)));
        let not_sent = Err(Failure::NotSent(Problem::Unreachable("refused".into())));
        assert!(matches!(classify(not_sent, || unreachable!()), Answer::NotSent(_)));
    }

    #[test]
    fn done_is_done_whatever_the_body_says() {
        for (body, version) in
            [(r#"{"metadata":{"resourceVersion":"9"}}"#, "9"), (r#"{"status":"Success"}"#, ""), ("?", "")]
        {
            let answer = classify(Ok(Bytes::from(body)), || unreachable!());
            assert_eq!(answer, Answer::Done { resource_version: version.to_owned() });
        }
    }
}

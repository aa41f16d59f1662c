//! The API server's "no", as it writes it: a `Status` object.

use std::fmt;
use std::time::Duration;

use http::{HeaderMap, StatusCode, header};
use serde::Deserialize;

/// Longest message kept of a refusal, in bytes. The server's longest useful ones (validation of a
/// whole object) are about this long; webhooks may write anything.
const MESSAGE_MAX: usize = 1024;

/// An answer that was not a success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status code.
    pub code: u16,
    /// The machine's word: `Forbidden`, `Conflict`, `Expired`; empty where there was none.
    pub reason: String,
    /// The server's words, cut to a bound.
    pub message: String,
    /// Machine-readable causes, such as `DisruptionBudget` or `ResourceVersionTooLarge`.
    pub causes: Vec<String>,
    /// How long the server asks to wait before trying again.
    pub retry_after: Option<Duration>,
}

/// A `Status` on the wire. Everything may be missing: proxies answer too.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Wire {
    code: Option<u16>,
    reason: String,
    message: String,
    details: Option<Details>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct Details {
    causes: Option<Vec<Cause>>,
    retry_after_seconds: Option<u32>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Cause {
    reason: String,
}

impl Refusal {
    /// Reads the body of an answer that was not a success, whoever wrote it.
    pub(crate) fn read(code: StatusCode, headers: &HeaderMap, body: &[u8]) -> Self {
        let wire: Wire = serde_json::from_slice(body).unwrap_or_else(|_| Wire {
            message: String::from_utf8_lossy(&body[..body.len().min(MESSAGE_MAX)]).trim().to_owned(),
            ..Wire::default()
        });
        let mut refusal = Self::from_wire(wire, code.as_u16());
        // The header's code is what happened to the request; a body may say anything.
        refusal.code = code.as_u16();
        let header = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        refusal.retry_after = refusal.retry_after.or(header.map(Duration::from_secs));
        refusal
    }

    /// Reads a `Status` that came as an object, in an error frame of a watch.
    pub(crate) fn decode(object: &str) -> Result<Self, serde_json::Error> {
        Ok(Self::from_wire(serde_json::from_str(object)?, 500))
    }

    fn from_wire(wire: Wire, code: u16) -> Self {
        let details = wire.details.unwrap_or_default();
        Self {
            code: wire.code.unwrap_or(code),
            reason: wire.reason,
            message: cut(&wire.message, MESSAGE_MAX).to_owned(),
            causes: details.causes.unwrap_or_default().into_iter().map(|cause| cause.reason).collect(),
            retry_after: details.retry_after_seconds.map(|seconds| Duration::from_secs(seconds.into())),
        }
    }

    /// Whether the version asked for is too old to go on from.
    pub fn is_expired(&self) -> bool {
        self.code == 410 || self.reason == "Expired" || self.reason == "Gone"
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the API server answered {}", self.code)?;
        if !self.reason.is_empty() {
            write!(f, " {}", self.reason)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message)?;
        }
        Ok(())
    }
}

/// What RBAC would have to grant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MissingVerb {
    /// The verb: `watch`, `list`, `patch`, `create`.
    pub verb: String,
    /// The API group; empty for the core one.
    pub group: String,
    /// The resource, with its subresource: `pods`, `pods/eviction`.
    pub resource: String,
}

impl fmt::Display for MissingVerb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.group.is_empty() {
            write!(f, "{} {}", self.verb, self.resource)
        } else {
            write!(f, "{} {}.{}", self.verb, self.resource, self.group)
        }
    }
}

/// The longest beginning of `text` that fits into `max` bytes.
pub(crate) fn cut(text: &str, max: usize) -> &str {
    &text[..text.floor_char_boundary(max)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_read_and_the_header_has_the_last_word() {
        let body = br#"{"kind":"Status","code":418,"reason":"TooManyRequests","message":"no room",
            "details":{"causes":[{"reason":"DisruptionBudget"}],"retryAfterSeconds":10}}"#;
        let refusal = Refusal::read(StatusCode::TOO_MANY_REQUESTS, &HeaderMap::new(), body);
        assert_eq!((refusal.code, refusal.reason.as_str()), (429, "TooManyRequests"));
        assert_eq!(refusal.causes, ["DisruptionBudget"]);
        assert_eq!(refusal.retry_after, Some(Duration::from_secs(10)));
    }

    #[test]
    fn whatever_a_proxy_answers_is_a_refusal_too() {
        let long = vec![b'x'; 100_000];
        for body in [&b"<html>Bad Gateway</html>"[..], b"", b"\xff\xfe", b"[1]", &long] {
            let refusal = Refusal::read(StatusCode::BAD_GATEWAY, &HeaderMap::new(), body);
            assert_eq!(refusal.code, 502);
            assert!(refusal.message.len() <= 2 * MESSAGE_MAX);
        }
    }

    #[test]
    fn a_cut_never_splits_a_character() {
        assert_eq!((cut("häuser", 2), cut("ab", 9)), ("h", "ab"));
    }
}

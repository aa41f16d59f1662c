//! Where messages go. One kind of receiver, one file; [`TABLE`] has them all.

pub mod email;
mod outside;
mod slack;
mod webhook;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use model::labels::LabelSet;

use crate::configuration::{Context, file};
use crate::notification::Notification;

pub use outside::{Outside, Real};

/// A kind of receiver.
#[derive(Debug)]
pub struct Kind {
    /// What metrics and integrations call it.
    pub name: &'static str,
    /// Its key in an `alertmanager.yml`.
    pub key: &'static str,
    /// Makes ready what a receiver has of this kind; the error comes with the index.
    build: Build,
}

type Build = fn(&file::Receiver, &Context<'_>) -> Result<Vec<Built>, (usize, String)>;

/// All kinds.
pub const TABLE: [Kind; 3] = [webhook::KIND, slack::KIND, email::KIND];

/// What a kind makes of one configuration.
#[derive(Debug)]
struct Built {
    send_resolved: bool,
    timeout: Duration,
    /// The least time between two messages.
    pace: SignedDuration,
    channel: Arc<dyn Channel>,
}

/// Something a message can be sent through.
#[async_trait]
pub trait Channel: std::fmt::Debug + Send + Sync {
    /// Sends a message, within `deadline`.
    async fn deliver(
        &self,
        message: &Notification,
        outside: &dyn Outside,
        deadline: Duration,
    ) -> Result<(), Failure>;
}

/// Why a message was not delivered. The texts never hold a secret.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// It was certainly not taken, and may be another time.
    #[error("{reason}")]
    Refused {
        /// What happened.
        reason: String,
        /// When the receiver wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// It is not taken and never will be as it is.
    #[error("{reason}")]
    Permanent {
        /// What the receiver said.
        reason: String,
    },
    /// It may have been taken.
    #[error("{reason}")]
    Unknown {
        /// What happened.
        reason: String,
    },
}

/// A receiver with everything it sends through.
#[derive(Clone, Debug)]
pub struct Receiver {
    /// Its name.
    pub name: String,
    /// Labels to find it by, its name among them.
    pub labels: LabelSet,
    /// What it sends through.
    pub integrations: Vec<Integration>,
}

/// One way of a receiver.
#[derive(Clone, Debug)]
pub struct Integration {
    /// `team-a/slack[0]`.
    pub name: String,
    /// `slack`.
    pub kind: &'static str,
    /// Whether it wants to hear that trouble is over.
    pub send_resolved: bool,
    /// How long an attempt may take.
    pub timeout: Duration,
    /// The least time between two messages.
    pub pace: SignedDuration,
    /// What it sends through.
    pub channel: Arc<dyn Channel>,
}

/// Makes a receiver ready for use; the error names the kind and index, and what is wrong.
pub(crate) fn build(receiver: &file::Receiver, context: &Context<'_>) -> Result<Receiver, (String, String)> {
    let mut integrations = Vec::new();
    for kind in &TABLE {
        let built = (kind.build)(receiver, context)
            .map_err(|(index, problem)| (format!("{}[{index}]", kind.key), problem))?;
        for (index, built) in built.into_iter().enumerate() {
            integrations.push(Integration {
                name: format!("{}/{}[{index}]", receiver.name, kind.name),
                kind: kind.name,
                send_resolved: built.send_resolved,
                timeout: built.timeout,
                pace: built.pace,
                channel: built.channel,
            });
        }
    }
    let mut labels: LabelSet = receiver.labels.clone();
    labels.insert("name".to_owned(), receiver.name.clone());
    Ok(Receiver { name: receiver.name.clone(), labels, integrations })
}

/// Applies a check to each configuration of a kind.
fn each<T>(
    configs: &[T],
    check: impl Fn(&T) -> Result<Built, String>,
) -> Result<Vec<Built>, (usize, String)> {
    let numbered = configs.iter().enumerate();
    numbered.map(|(index, config)| check(config).map_err(|problem| (index, problem))).collect()
}

/// What an HTTP answer means.
fn judge(answer: &http::Response<bytes::Bytes>, now: Timestamp) -> Result<(), Failure> {
    let status = answer.status();
    if status.is_success() {
        return Ok(());
    }
    if status.is_redirection() {
        let to = redirected_to(answer);
        let reason =
            format!("unexpected status {status}: it redirects {to}; write the new address into the url");
        return Err(Failure::Permanent { reason });
    }
    let text = String::from_utf8_lossy(answer.body());
    let text: String = text.trim().chars().filter(|c| !c.is_control()).take(300).collect();
    let reason = format!("unexpected status {status}: {text}");
    // 408 and 429 say "not now"; any other 4xx says that the message or its address is wrong, and
    // would say so again.
    let passing = status.is_server_error()
        || matches!(status, http::StatusCode::REQUEST_TIMEOUT | http::StatusCode::TOO_MANY_REQUESTS);
    if passing {
        let retry_after = net::apiv2::retry_after(answer.headers(), now);
        Err(Failure::Refused { reason, retry_after })
    } else {
        Err(Failure::Permanent { reason })
    }
}

/// Scheme, host and port alone: the rest of a receiver's address may be a secret.
fn redirected_to(answer: &http::Response<bytes::Bytes>) -> String {
    let location = answer.headers().get(http::header::LOCATION).and_then(|location| location.to_str().ok());
    let url = location.and_then(|location| url::Url::parse(location).ok()).filter(url::Url::has_host);
    url.map_or_else(|| "elsewhere".to_owned(), |url| format!("to {}", url.origin().ascii_serialization()))
}

/// What it means that there is no answer.
fn unanswered(error: &net::http::Error) -> Failure {
    let reason = error.to_string();
    if error.maybe_received() {
        Failure::Unknown { reason }
    } else {
        Failure::Refused { reason, retry_after: None }
    }
}

/// A template that cannot be rendered today cannot be tomorrow either.
fn unrendered(error: &crate::templates::Error) -> Failure {
    Failure::Permanent { reason: error.to_string() }
}

/// Shortens a text to so many characters, the last of which then says so.
fn truncate(text: &str, characters_max: usize) -> String {
    if text.chars().count() <= characters_max {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(characters_max.saturating_sub(1)).collect();
    short.push('…');
    short
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::at;

    #[test]
    fn a_redirection_says_where_to_and_keeps_what_may_be_secret() {
        for (status, location, expected) in [
            (308, "https://new.example:8443/services/canary?token=canary", "https://new.example:8443"),
            (301, "/canary", "elsewhere"),
            (302, "not a url", "elsewhere"),
        ] {
            let answer = http::Response::builder().status(status).header("location", location);
            let failure = judge(&answer.body(bytes::Bytes::new()).unwrap(), at(0)).unwrap_err();
            assert!(matches!(failure, Failure::Permanent { .. }));
            let text = failure.to_string();
            assert!(text.contains(expected) && !text.contains("canary"), "{text}");
        }
    }
}

//! Posting alerts as the Alertmanager API v2 takes them.
//!
//! Success is exactly 200: that is what Prometheus expects of Alertmanager, and what ours answers
//! once the alerts are kept. Nothing is repeated here: alerts are levels, and the next round of
//! posting says everything again.

use std::time::Duration;

use axum::http::{HeaderMap, StatusCode, header};
use bytes::Bytes;
use environment::Environment;
use jiff::Timestamp;
use jiff::fmt::rfc2822;
use model::alert::PostableAlert;

use crate::http::{self, Endpoint};

/// Where alerts are posted to.
pub const PATH: &str = "/api/v2/alerts";

/// The header of an answer by which a receiver that keeps nothing over a restart says which process
/// it is: one that is new knows nothing of what the one before it was told.
pub const INCARNATION: &str = "seaworthy-incarnation";

/// The longest incarnation that is one.
const INCARNATION_MAX: usize = 64;

/// The most alerts in one request, as Prometheus has it.
pub const BATCH_MAX: usize = 256;

/// The most bytes in one request: half of what proxies and servers commonly take (2 MB).
pub const BATCH_BYTES_MAX: usize = 1024 * 1024;

/// So much of an answer's text is quoted in errors.
const QUOTE_MAX: usize = 300;

/// The longest wait that a peer may ask for and be taken at its word.
const RETRY_AFTER_MAX: Duration = Duration::from_mins(5);

/// Posts alerts to one peer. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Poster {
    environment: Environment,
    endpoint: Endpoint,
}

/// All was taken.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Receipt {
    /// Which process took it last, where that matters: see [`INCARNATION`].
    pub incarnation: Option<String>,
}

/// Why a batch was not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// There was no answer.
    #[error(transparent)]
    Unanswered(#[from] http::Error),
    /// 400: at least one alert of the batch is malformed; the valid ones were taken.
    #[error("{peer} finds alerts malformed: {text}")]
    Malformed {
        /// Whom we asked.
        peer: String,
        /// What it said.
        text: String,
    },
    /// 401 or 403: it does not take alerts from us.
    #[error("{peer} does not take alerts from us ({status}): {text}")]
    NotAllowed {
        /// Whom we asked.
        peer: String,
        /// Its status.
        status: StatusCode,
        /// What it said.
        text: String,
    },
    /// 429 or a 5xx: not now.
    #[error("{peer} cannot take alerts now ({status}): {text}")]
    Busy {
        /// Whom we asked.
        peer: String,
        /// Its status.
        status: StatusCode,
        /// What it said.
        text: String,
        /// When it wants to be asked again, if it said so.
        retry_after: Option<Duration>,
    },
    /// Any other status: it is no API v2.
    #[error("{peer} answers {status} to {PATH}: is that the alertmanager's address? {text}")]
    Unexpected {
        /// Whom we asked.
        peer: String,
        /// Its status.
        status: StatusCode,
        /// What it said.
        text: String,
    },
}

/// Not everything was taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{} of {} alerts were taken: {reason}", self.taken, self.total)]
pub struct Error {
    /// Alerts in batches that were answered 200.
    pub taken: usize,
    /// Alerts to be posted.
    pub total: usize,
    /// What was wrong with the first batch that was not taken.
    pub reason: Reason,
}

impl Error {
    /// When the peer wants to be asked again, if it said so.
    pub fn retry_after(&self) -> Option<Duration> {
        match &self.reason {
            Reason::Busy { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the peer is well and it is the alerts that are not: asking it again with others is
    /// fine, a circuit breaker counts it as a success.
    pub fn is_about_the_alerts(&self) -> bool {
        matches!(self.reason, Reason::Malformed { .. })
    }
}

impl Poster {
    /// To the peer at `endpoint`.
    pub fn new(environment: &Environment, endpoint: Endpoint) -> Self {
        Self { environment: environment.clone(), endpoint }
    }

    /// Whom it posts to: scheme, host and port.
    pub fn peer(&self) -> String {
        self.endpoint.origin()
    }

    /// Posts the alerts in batches, in order, `deadline` for each. A malformed batch does not
    /// keep the following ones from being posted; anything else does, as they would fare the same.
    pub async fn post(&self, alerts: &[PostableAlert], deadline: Duration) -> Result<Receipt, Error> {
        let mut receipt = Receipt::default();
        let mut taken = 0;
        let mut malformed = None;
        for batch in batches(alerts, BATCH_MAX, BATCH_BYTES_MAX) {
            match self.post_batch(batch.body, deadline).await {
                Ok(by) => (taken, receipt) = (taken + batch.count, by),
                Err(reason @ Reason::Malformed { .. }) => drop(malformed.get_or_insert(reason)),
                Err(reason) => return Err(Error { taken, total: alerts.len(), reason }),
            }
        }
        malformed.map_or(Ok(receipt), |reason| Err(Error { taken, total: alerts.len(), reason }))
    }

    async fn post_batch(&self, body: Bytes, deadline: Duration) -> Result<Receipt, Reason> {
        let answer = self.endpoint.post_json(PATH, body, deadline).await?;
        let status = answer.status();
        if status == StatusCode::OK {
            return Ok(Receipt { incarnation: incarnation(answer.headers()) });
        }
        let (peer, text) = (self.peer(), quote(answer.body()));
        Err(match status {
            StatusCode::BAD_REQUEST => Reason::Malformed { peer, text },
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Reason::NotAllowed { peer, status, text },
            StatusCode::TOO_MANY_REQUESTS => self.busy(peer, status, text, answer.headers()),
            status if status.is_server_error() => self.busy(peer, status, text, answer.headers()),
            status => Reason::Unexpected { peer, status, text },
        })
    }

    fn busy(&self, peer: String, status: StatusCode, text: String, headers: &HeaderMap) -> Reason {
        Reason::Busy { peer, status, text, retry_after: retry_after(headers, self.environment.now()) }
    }
}

fn incarnation(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(INCARNATION)?.to_str().ok()?;
    (1..=INCARNATION_MAX).contains(&text.len()).then(|| text.to_owned())
}

struct Batch {
    body: Bytes,
    count: usize,
}

/// JSON arrays of at most so many alerts and, unless a single alert is larger, bytes.
fn batches(alerts: &[PostableAlert], count_max: usize, bytes_max: usize) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut body = Vec::new();
    let mut count = 0;
    for alert in alerts {
        let json = serde_json::to_vec(alert).expect("alerts hold only texts and times");
        // Two bytes for the comma and the closing bracket.
        if count == count_max || (count > 0 && body.len() + json.len() + 2 > bytes_max) {
            batches.push(close(&mut body, &mut count));
        }
        body.push(if count == 0 { b'[' } else { b',' });
        body.extend_from_slice(&json);
        count += 1;
    }
    if count > 0 {
        batches.push(close(&mut body, &mut count));
    }
    batches
}

fn close(body: &mut Vec<u8>, count: &mut usize) -> Batch {
    body.push(b']');
    Batch { body: std::mem::take(body).into(), count: std::mem::take(count) }
}

/// When an answer asks to be left alone until: seconds or an HTTP date, at most five minutes.
pub fn retry_after(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(header::RETRY_AFTER)?.to_str().ok()?.trim();
    let pause = if let Ok(seconds) = text.parse::<u64>() {
        Duration::from_secs(seconds)
    } else {
        let until = rfc2822::DateTimeParser::new().parse_timestamp(text).ok()?;
        Duration::try_from(until.duration_since(now)).unwrap_or_default()
    };
    Some(pause.min(RETRY_AFTER_MAX))
}

/// The beginning of an answer, fit for one line of a log.
pub(crate) fn quote(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let line: String =
        text.trim().chars().map(|c| if c.is_control() { ' ' } else { c }).take(QUOTE_MAX).collect();
    if line.is_empty() { "(no text)".to_owned() } else { line }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn alert(size: usize) -> PostableAlert {
        PostableAlert { labels: [("alertname".to_owned(), "x".repeat(size))].into(), ..<_>::default() }
    }

    proptest! {
        #[test]
        fn batches_keep_everything_in_order_within_bounds(
            sizes in prop::collection::vec(0..300usize, 0..40),
            count_max in 1..10usize,
            bytes_max in 1..1000usize,
        ) {
            let alerts: Vec<_> = sizes.into_iter().map(alert).collect();
            let mut kept = Vec::new();
            for batch in batches(&alerts, count_max, bytes_max) {
                let list: Vec<PostableAlert> = serde_json::from_slice(&batch.body).unwrap();
                prop_assert_eq!(list.len(), batch.count);
                prop_assert!((1..=count_max).contains(&batch.count));
                prop_assert!(batch.body.len() <= bytes_max || batch.count == 1);
                kept.extend(list);
            }
            prop_assert!(kept == alerts);
        }

        #[test]
        fn quotes_fit_one_line(body in prop::collection::vec(any::<u8>(), 0..2000)) {
            let quoted = quote(&body);
            prop_assert!(!quoted.is_empty() && quoted.chars().count() <= QUOTE_MAX);
            prop_assert!(!quoted.contains(char::is_control));
        }
    }
}

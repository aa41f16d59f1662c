//! What time it is where a command works. Its own clock counts, unless it is far from that of who answers: ages,
//! thresholds and ends are then reckoned by theirs, which wrote the times that are read, and reads those that are
//! written. Every HTTP server says its time.

use std::sync::Arc;

use environment::{Clock, Environment, SystemClock};
use http::{HeaderMap, Request, header};
use jiff::fmt::rfc2822::DateTimeParser;
use jiff::{SignedDuration, Timestamp};
use kube::client::Body;

use crate::runtime;

/// How far clocks may be apart: they are told in whole seconds, and after what the way takes.
const APART_MAX: SignedDuration = SignedDuration::from_secs(5);

/// Ours, set off.
struct Off(SignedDuration);

impl Clock for Off {
    fn now(&self) -> Timestamp {
        let now = SystemClock.now();
        now.checked_add(self.0).unwrap_or(now)
    }
}

/// The real environment, by the clock of a cluster's API server. Ours counts where the server says none.
pub(crate) async fn of_cluster(client: &kube::Client) -> anyhow::Result<Environment> {
    let request = Request::get("/version").body(Body::empty())?;
    // Whoever asks something next is told what is wrong.
    let Ok(answer) = client.send(request).await else { return runtime::environment() };
    by(answer.headers())
}

/// The real environment, by the clock of who gave this answer.
pub(crate) fn by(headers: &HeaderMap) -> anyhow::Result<Environment> {
    match off(headers, SystemClock.now()) {
        SignedDuration::ZERO => runtime::environment(),
        off => runtime::environment_by(Arc::new(Off(off))),
    }
}

/// How far their clock is from ours; nothing where that is within what is usual.
fn off(headers: &HeaderMap, ours: Timestamp) -> SignedDuration {
    let theirs = headers.get(header::DATE).and_then(|date| date.to_str().ok());
    let theirs = theirs.and_then(|date| DateTimeParser::new().parse_timestamp(date).ok());
    let off = theirs.map_or(SignedDuration::ZERO, |theirs| theirs.duration_since(ours));
    if off.abs() > APART_MAX { off } else { SignedDuration::ZERO }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn off_by(date: &str) -> i64 {
        let ours = "2026-01-01T12:00:00Z".parse().unwrap();
        let headers = HeaderMap::from_iter([(header::DATE, date.parse().unwrap())]);
        off(&headers, ours).as_secs()
    }

    #[test]
    fn a_clock_that_is_far_off_counts_and_a_small_difference_does_not() {
        assert_eq!(off_by("Thu, 01 Jan 2026 14:00:00 GMT"), 7200);
        assert_eq!(off_by("Thu, 01 Jan 2026 11:59:00 GMT"), -60);
        assert_eq!(off_by("Thu, 01 Jan 2026 12:00:03 GMT"), 0);
        assert_eq!(off_by("yesterday"), 0);
        assert_eq!(off(&HeaderMap::new(), Timestamp::UNIX_EPOCH), SignedDuration::ZERO);
    }
}

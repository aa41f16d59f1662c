//! Posting issues to one endpoint, for as long as the monitor runs.

use std::mem::Discriminant;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::{Drained, Environment};
use net::apiv2::{self, Poster, Reason, Receipt};
use net::breaker::{Breaker, Pass, Settings};
use net::http::Endpoint;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use tokio::sync::{Notify, SetOnce};

use super::metrics::Metrics;
use crate::now::Now;
use crate::publisher::{Common, Ledger};
use crate::tracker::Update;

/// How long one request may take. Long enough for a receiver that writes to disk before it
/// answers; short enough to be tried again within the resend interval.
const DEADLINE: Duration = Duration::from_secs(10);

/// How long to wait after a request that failed while the breaker still lets requests through.
const PAUSE: Duration = Duration::from_millis(500);

/// One endpoint's ledger, shared by who writes and who posts. Cheap to clone.
#[derive(Clone)]
pub(super) struct Outlet {
    shared: Arc<Shared>,
}

struct Shared {
    ledger: Mutex<Ledger>,
    news: Notify,
}

impl Outlet {
    pub(super) fn new() -> Self {
        Self { shared: Arc::new(Shared { ledger: Mutex::default(), news: Notify::new() }) }
    }

    /// Takes in what changed; it is posted as soon as the endpoint takes it.
    pub(super) fn update(&self, updates: &[Update], now: Now) {
        let mut ledger = self.ledger();
        for update in updates {
            ledger.update(update, now);
        }
        drop(ledger);
        self.shared.news.notify_one();
    }

    /// Whether that there is nothing to post is to be posted, too.
    pub(super) fn be_present(&self, present: bool) {
        if self.ledger().be_present(present) {
            self.shared.news.notify_one();
        }
    }

    /// Posts until the drain, from when the cluster has a name.
    pub(super) async fn run(
        self,
        endpoint: Endpoint,
        environment: Environment,
        cluster: Arc<SetOnce<String>>,
        runbooks: String,
        metrics: Metrics,
        drain: Drained,
    ) {
        let common = Common { cluster: cluster.wait().await.clone(), runbooks };
        let poster = Poster::new(&environment, endpoint);
        let peer = poster.peer();
        let posting = Posting {
            outlet: self,
            common,
            metrics,
            breaker: Breaker::new(Settings::default()),
            presence: Presence::default(),
            rng: environment.rng(&format!("posting to {peer}")),
            environment,
            poster,
            peer,
        };
        posting.run(drain).await;
    }

    /// Waits until something is due, but not before a time.
    async fn wait(&self, environment: &Environment, not_before: Duration) {
        loop {
            let due = self.ledger().next_due().map(|due| due.max(not_before));
            let left = due.map(|due| due.saturating_sub(environment.monotonic()));
            match left {
                Some(Duration::ZERO) => return,
                Some(left) => {
                    // News that come before the time is due change only when that is.
                    let _ = tokio::time::timeout(left, self.shared.news.notified()).await;
                }
                None => self.shared.news.notified().await,
            }
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.shared.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Tells one endpoint what is in its ledger.
struct Posting {
    outlet: Outlet,
    common: Common,
    poster: Poster,
    peer: String,
    breaker: Breaker,
    presence: Presence,
    environment: Environment,
    rng: ChaCha12Rng,
    metrics: Metrics,
}

impl Posting {
    async fn run(mut self, drain: Drained) {
        let mut not_before = Duration::ZERO;
        loop {
            tokio::select! {
                biased;
                () = drain.requested() => return,
                () = self.outlet.wait(&self.environment, not_before) => {}
            }
            let now = self.environment.monotonic();
            not_before = match self.breaker.admit(now) {
                Ok(pass) => now + self.post(pass).await,
                Err(refusal) => now + refusal.retry_in,
            };
        }
    }

    /// Posts what is due, in one request. Gives how long to wait at least before the next.
    async fn post(&mut self, pass: Pass) -> Duration {
        let began = now(&self.environment);
        let batch = self.outlet.ledger().take_due(&self.common, began);
        let result = if batch.alerts.is_empty() {
            self.poster.post_nothing(DEADLINE).await
        } else {
            self.poster.post(&batch.alerts, DEADLINE).await
        };
        let ended = now(&self.environment);
        self.metrics.answered(&self.peer, ended.steady.saturating_sub(began.steady));
        // What is malformed will not be better the next time; the rest was taken.
        let taken = result.as_ref().map_or_else(apiv2::Error::is_about_the_alerts, |_| true);
        self.breaker.record(pass, taken, ended.steady);
        if taken {
            let waits = {
                let mut ledger = self.outlet.ledger();
                if let Ok(Receipt { incarnation: Some(incarnation) }) = &result {
                    ledger.answered_by(incarnation, ended);
                }
                ledger.accepted(&batch, ended)
            };
            self.metrics.posted(&self.peer, batch.alerts.len(), &waits);
        }
        self.report(result.as_ref().err(), taken, ended.steady);
        match result {
            Err(error) if !taken => error.retry_after().unwrap_or_else(|| jitter(&mut self.rng, PAUSE)),
            _ => Duration::ZERO,
        }
    }

    /// Counts and says how a request went.
    fn report(&mut self, error: Option<&apiv2::Error>, taken: bool, now: Duration) {
        let peer = &self.peer;
        self.metrics.endpoint(peer, taken);
        let refused = error.filter(|_| !taken).map(|error| &error.reason);
        let news = self.presence.note(refused, now);
        if let Some(News::Back(after)) = news {
            tracing::info!(peer, ?after, "the endpoint takes issues again");
        }
        let Some(error) = error else { return };
        self.metrics.not_posted(peer);
        if taken {
            tracing::warn!(peer, %error, "some issues were not taken");
        } else if news.is_some() {
            tracing::warn!(peer, %error, "the endpoint takes no issues: they are kept and posted again");
        }
    }
}

/// Whether an endpoint takes issues. It may be away for days, a standby's for example: that is one
/// line when it goes, one when it is away for another reason, and one when it is back.
#[derive(Default)]
struct Presence {
    /// Since when, on the steady clock, it has been away, and why it was said to be.
    away: Option<(Duration, Discriminant<Reason>)>,
}

/// What is worth a line.
#[derive(Debug, PartialEq, Eq)]
enum News {
    /// It takes nothing.
    Away,
    /// It was away for so long, and takes issues again.
    Back(Duration),
}

impl Presence {
    /// Takes in how a request went: why it was not taken, if it was not.
    fn note(&mut self, refused: Option<&Reason>, now: Duration) -> Option<News> {
        let Some(reason) = refused else {
            return self.away.take().map(|(since, _)| News::Back(now.saturating_sub(since)));
        };
        let why = std::mem::discriminant(reason);
        let before = self.away;
        self.away = Some((before.map_or(now, |(since, _)| since), why));
        before.is_none_or(|(_, before)| before != why).then_some(News::Away)
    }
}

fn now(environment: &Environment) -> Now {
    Now { wall: environment.now(), steady: environment.monotonic() }
}

/// Half to one and a half of a pause, so that endpoints that failed together are not tried together.
fn jitter(rng: &mut ChaCha12Rng, pause: Duration) -> Duration {
    pause.mul_f64(rng.random_range(0.5..1.5))
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn an_absence_is_told_once_and_its_end_too() {
        let refused = Reason::Malformed { peer: "a".into(), text: String::new() };
        let other = Reason::Busy {
            peer: "a".into(),
            status: http::StatusCode::SERVICE_UNAVAILABLE,
            text: String::new(),
            retry_after: None,
        };
        let mut presence = Presence::default();
        for (at, reason, expected) in [
            (0, None, None),
            (1, Some(&refused), Some(News::Away)),
            (2, Some(&refused), None),
            (900, Some(&refused), None),
            (901, Some(&other), Some(News::Away)),
            (902, Some(&other), None),
            (1001, None, Some(News::Back(secs(1000)))),
            (1002, None, None),
            (1003, Some(&refused), Some(News::Away)),
        ] {
            assert_eq!(presence.note(reason, secs(at)), expected, "at {at}");
        }
    }
}

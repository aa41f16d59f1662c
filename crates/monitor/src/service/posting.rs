//! Posting issues to one endpoint, for as long as the monitor runs.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::{Drained, Environment};
use net::apiv2::Poster;
use net::breaker::{Breaker, Settings};
use net::http::Endpoint;
use tokio::sync::{Notify, watch};

use super::metrics::Metrics;
use crate::now::Now;
use crate::publisher::Ledger;
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

    /// Posts until the drain.
    pub(super) async fn run(
        self,
        endpoint: Endpoint,
        environment: Environment,
        mut cluster: watch::Receiver<Option<String>>,
        metrics: Metrics,
        drain: Drained,
    ) {
        let Ok(cluster) = cluster.wait_for(Option::is_some).await.map(|name| name.clone()) else { return };
        let cluster = cluster.unwrap_or_default();
        let poster = Poster::new(&environment, endpoint);
        let peer = poster.peer();
        let mut breaker = Breaker::new(Settings::default());
        let mut rng = environment.rng(&format!("posting to {peer}"));
        let mut not_before = Duration::ZERO;
        loop {
            tokio::select! {
                biased;
                () = drain.requested() => return,
                () = self.wait(&environment, not_before) => {}
            }
            let pass = match breaker.admit(environment.monotonic()) {
                Ok(pass) => pass,
                Err(refusal) => {
                    not_before = environment.monotonic() + refusal.retry_in;
                    continue;
                }
            };
            let batch = self.ledger().take_due(&cluster, now(&environment));
            let result = poster.post(&batch.alerts, DEADLINE).await;
            let healthy = result.as_ref().map_or_else(net::apiv2::Error::is_about_the_alerts, |()| true);
            breaker.record(pass, healthy, environment.monotonic());
            if healthy {
                // What is malformed will not be better the next time; the rest was taken.
                let waits = self.ledger().accepted(&batch, now(&environment));
                metrics.posted(&peer, batch.alerts.len(), &waits);
                not_before = Duration::ZERO;
            }
            if let Err(error) = result {
                tracing::warn!(peer, %error, "issues were not all taken; they are posted again");
                metrics.not_posted(&peer);
                let pause = error.retry_after().unwrap_or_else(|| jitter(&mut rng, PAUSE));
                not_before = environment.monotonic() + if healthy { Duration::ZERO } else { pause };
            }
        }
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

fn now(environment: &Environment) -> Now {
    Now { wall: environment.now(), steady: environment.monotonic() }
}

/// Half to one and a half of a pause, so that endpoints that failed together are not tried together.
fn jitter(rng: &mut impl rand::Rng, pause: Duration) -> Duration {
    use rand::RngExt;
    pause.mul_f64(rng.random_range(0.5..1.5))
}

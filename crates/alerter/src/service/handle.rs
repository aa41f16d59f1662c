//! The alerter as others speak to it: the API, the runner, the binary.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use environment::Environment;
use jiff::{SignedDuration, Timestamp};
use model::config::alerter::AlerterConfig;
use model::hold::{Hold, Outcome};
use net::health::{Condition, Health};
use net::tls::Identity;
use rand::Rng;
use rand_chacha::ChaCha12Rng;
use tokio::sync::{Notify, oneshot};
use uuid::Uuid;

use super::{Error, Options, files};
use crate::alerts::{Batch, Invalid};
use crate::configuration::Settings;
use crate::desk::{Desk, TooMany};
use crate::entries::{Entry, Fact};
use crate::episodes::EpisodeKey;
use crate::metrics::Metrics;
use crate::receivers::Outside;
use crate::silences::{self, Wanted};
use crate::store::{self, Store};

/// So long after it began, a message that has not ended may still arrive.
const LATE_COPIES: SignedDuration = SignedDuration::from_secs(5);

/// Why something was not taken. The caller may try again.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The journal could not keep it.
    #[error("not accepted: {0}")]
    Journal(#[from] store::Error),
    /// A bound was reached.
    #[error("not accepted: {0}")]
    TooMany(#[from] TooMany),
}

/// Why a silence was not made or changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SilenceError {
    /// It makes no sense.
    #[error(transparent)]
    Refused(#[from] silences::Error),
    /// It could not be kept.
    #[error(transparent)]
    Unkept(#[from] Refusal),
}

/// A running alerter. Cheap to clone.
#[derive(Clone)]
pub struct Handle {
    shared: Arc<Shared>,
}

struct Shared {
    environment: Environment,
    options: Options,
    desk: Mutex<Desk>,
    store: Arc<dyn Store>,
    outside: Arc<dyn Outside>,
    wake: Notify,
    metrics: Metrics,
    health: Health,
    journal: Condition,
    configuration: Mutex<String>,
    started: Timestamp,
    ids: Mutex<ChaCha12Rng>,
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Handle")
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // What a panicking holder left behind is a whole state: facts are applied one at a time.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Handle {
    pub(super) async fn new(
        options: &Options,
        settings: Settings,
        environment: &Environment,
        store: Arc<dyn Store>,
        outside: Arc<dyn Outside>,
    ) -> Result<Self, Error> {
        let now = environment.now();
        let metrics = Metrics::new(environment);
        let hash = settings.hash.clone();
        let mut desk = Desk::new(Arc::new(settings), now);
        let entries = store.load().await?;
        let count = entries.len();
        desk.restore(entries, now);
        tracing::info!(entries = count, episodes = desk.book().live_count(), "the journal was read");
        metrics.reloaded(true, now);
        metrics.in_force(&hash);
        let health = Health::default();
        let journal = health.condition("journal", "not tried yet");
        match store.probe().await {
            Ok(()) => journal.met(),
            Err(error) => journal.missing(error.to_string()),
        }
        let shared = Shared {
            environment: environment.clone(),
            options: options.clone(),
            desk: Mutex::new(desk),
            store,
            outside,
            wake: Notify::new(),
            metrics,
            journal,
            health,
            configuration: Mutex::new(hash),
            started: now,
            ids: Mutex::new(environment.rng("silence ids")),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// The time, as the alerter sees it.
    pub fn now(&self) -> Timestamp {
        self.shared.environment.now()
    }

    /// Since when it runs.
    pub fn started(&self) -> Timestamp {
        self.shared.started
    }

    /// Whether it is ready, and what is missing.
    pub fn health(&self) -> &Health {
        &self.shared.health
    }

    /// What is measured.
    pub fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// What tells the configuration in force from others.
    pub fn hash(&self) -> String {
        lock(&self.shared.configuration).clone()
    }

    pub(crate) fn healers(&self) -> impl Iterator<Item = &str> {
        let healers = self.shared.options.config.healers.iter();
        healers.map(|name| name.strip_suffix(".seaworthy").unwrap_or(name))
    }

    pub(super) fn environment(&self) -> &Environment {
        &self.shared.environment
    }

    pub(super) fn outside(&self) -> &dyn Outside {
        &*self.shared.outside
    }

    pub(super) fn store(&self) -> &dyn Store {
        &*self.shared.store
    }

    pub(super) fn journal_condition(&self) -> &Condition {
        &self.shared.journal
    }

    pub(super) async fn awoken(&self) {
        self.shared.wake.notified().await;
    }

    /// Looks at all that is known.
    pub fn read<T>(&self, look: impl FnOnce(&Desk, Timestamp) -> T) -> T {
        look(&lock(&self.shared.desk), self.now())
    }

    /// Changes what need not be journaled.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut Desk, Timestamp) -> T) -> T {
        let now = self.now();
        change(&mut lock(&self.shared.desk), now)
    }

    /// Journals facts and applies them. It is done also when the caller goes away meanwhile: what
    /// was journaled must be known.
    pub(super) async fn commit(&self, facts: Vec<Fact>) -> Result<Vec<Entry>, store::Error> {
        if facts.is_empty() {
            return Ok(Vec::new());
        }
        let (reply, answer) = oneshot::channel();
        let handle = self.clone();
        self.shared.environment.spawn("commit", async move {
            let result = handle.keep(facts).await;
            // The caller may be gone; the facts are kept all the same.
            drop(reply.send(result));
        });
        answer.await.unwrap_or(Err(store::Error::Closed))
    }

    async fn keep(&self, facts: Vec<Fact>) -> Result<Vec<Entry>, store::Error> {
        match self.shared.store.append(facts).await {
            Ok(entries) => {
                self.shared.journal.met();
                self.apply(entries.clone());
                Ok(entries)
            }
            Err(error) => {
                self.note(&error);
                Err(error)
            }
        }
    }

    fn note(&self, error: &store::Error) {
        self.shared.metrics.journal_error(error.kind());
        if let store::Error::Overloaded(_) = error {
            self.shared.metrics.shed("journal");
            return;
        }
        tracing::error!(%error, "the journal cannot keep what comes in");
        self.shared.journal.missing(error.to_string());
    }

    pub(super) fn apply(&self, entries: Vec<Entry>) {
        self.change(|desk, now| desk.apply(entries, now));
        self.shared.wake.notify_one();
    }

    pub(super) fn wake(&self) {
        self.shared.wake.notify_one();
    }

    /// Takes in a batch of alerts. The valid ones are kept when it returns; what was wrong with
    /// the others is returned.
    pub async fn accept(&self, batch: Batch, poster: Option<&Identity>) -> Result<Vec<Invalid>, Refusal> {
        let trusted = poster.is_some_and(|poster| {
            let monitors = &self.shared.options.config.monitors;
            monitors.iter().any(|name| *name == poster.dns_name() || name == poster.service())
        });
        let name = poster.map(Identity::service);
        let ingest = self.change(|desk, now| desk.ingest(batch, name, trusted, now)).inspect_err(|_| {
            self.shared.metrics.shed("alerts");
        })?;
        self.shared.metrics.received(ingest.firing, ingest.resolved, ingest.invalid.len() as u64);
        if !ingest.facts.is_empty() {
            self.commit(ingest.facts).await?;
            // There is one replica, and so one copy.
            self.shared.metrics.one_copy();
        }
        self.wake();
        Ok(ingest.invalid)
    }

    /// Takes in what the healer says about a page.
    pub async fn hold(&self, hold: Hold) -> Result<(), Refusal> {
        let state = hold.state;
        let fact = self.change(|desk, now| desk.hold(hold, now));
        if self.commit(fact.into_iter().collect()).await?.is_empty() {
            self.wake();
        } else {
            self.shared.metrics.hold(state);
        }
        Ok(())
    }

    /// Takes in what came of a remediation.
    pub async fn outcome(&self, outcome: Outcome) -> Result<(), Refusal> {
        let fact = self.read(|desk, _| desk.outcome(outcome));
        for entry in self.commit(fact.into_iter().collect()).await? {
            if let Fact::Outcome(Outcome { phase, rule, remediation, .. }) = &entry.fact {
                tracing::info!(remediation, phase, rule, "the healer told where a remediation stands");
                self.shared.metrics.outcome(phase);
            }
        }
        Ok(())
    }

    /// Notes that somebody takes an episode on, or gives it back. True once no page can leave any
    /// more; false while one may be on its way.
    pub async fn ack(
        &self,
        key: EpisodeKey,
        by: String,
        note: String,
        until: Option<Timestamp>,
        withdrawn: bool,
    ) -> Result<bool, Refusal> {
        let fact = self.read(|desk, _| desk.ack(key, by, note, until, withdrawn));
        for entry in self.commit(fact.into_iter().collect()).await? {
            if let Fact::Ack(ack) = &entry.fact
                && !ack.withdrawn
            {
                self.shared.metrics.acknowledged(entry.stamp.receipt.duration_since(ack.episode.receipt));
            }
        }
        let state = self.read(|desk, now| {
            desk.ack_state(key, desk.settings().policy.timeout.saturating_add(LATE_COPIES), now)
        });
        Ok(state.replicated)
    }

    /// Makes or changes a silence.
    pub async fn silence(&self, wanted: Wanted) -> Result<Uuid, SilenceError> {
        let mut bytes = [0; 16];
        lock(&self.shared.ids).fill_bytes(&mut bytes);
        let fresh = uuid::Builder::from_random_bytes(bytes).into_uuid();
        let (id, facts) = self.read(|desk, now| desk.silence(wanted, fresh, now))?;
        self.commit(facts).await.map_err(Refusal::from)?;
        Ok(id)
    }

    /// Ends a silence.
    pub async fn expire_silence(&self, id: &str) -> Result<(), SilenceError> {
        let facts = self.read(|desk, now| desk.expire_silence(id, now))?;
        self.commit(facts).await.map_err(Refusal::from)?;
        Ok(())
    }

    /// Reads the configuration again. When it is not fit for use, the old one stays in force, and
    /// the error says why. Addresses, certificates and the store are not changed by this.
    pub async fn reload(&self) -> Result<String, Error> {
        let result = self.load().await;
        self.shared.metrics.reloaded(result.is_ok(), self.now());
        let settings = result.inspect_err(|error| {
            tracing::error!(%error, "the configuration is not fit for use; the old one stays in force");
        })?;
        let hash = settings.hash.clone();
        let changed = std::mem::replace(&mut *lock(&self.shared.configuration), hash.clone()) != hash;
        if changed {
            self.change(|desk, now| desk.reconfigure(Arc::new(settings), now));
            self.shared.metrics.in_force(&hash);
            tracing::info!(hash, "another configuration is in force");
            self.wake();
        }
        Ok(hash)
    }

    pub(super) fn is_from_file(&self) -> bool {
        self.shared.options.file.is_some()
    }

    async fn load(&self) -> Result<Settings, Error> {
        let (config, found) = self.find().await?;
        found.settle(&config)
    }

    /// What tells the configuration in the files from others.
    pub(super) async fn look(&self) -> Result<String, Error> {
        let (config, found) = self.find().await?;
        Ok(found.hash(&config))
    }

    async fn find(&self) -> Result<(AlerterConfig, files::Found), Error> {
        let options = &self.shared.options;
        let config = match &options.file {
            Some(file) => files::config(file).await?,
            None => options.config.clone(),
        };
        let found = files::find(&config, &options.folder).await?;
        Ok((config, found))
    }

    /// The exposition of all metrics.
    pub(crate) fn metrics_text(&self) -> String {
        let metrics = &self.shared.metrics;
        self.read(|desk, now| {
            let alerts = desk.alerts(now);
            let suppressed = alerts.iter().filter(|view| !view.suppression.is_empty()).count();
            metrics.alerts("active", alerts.len() - suppressed);
            metrics.alerts("suppressed", suppressed);
            metrics.alerts("unprocessed", 0);
            for (state, text) in [
                (silences::State::Active, "active"),
                (silences::State::Pending, "pending"),
                (silences::State::Expired, "expired"),
            ] {
                let all = desk.book().silences.all();
                metrics.silences(text, all.filter(|silence| silence.state(now) == state).count());
            }
            metrics.groups(desk.group_count());
            metrics.outbox(desk.outbox_counts());
            desk.suppressed().iter().for_each(|(reason, count)| metrics.suppressed(reason, *count));
        });
        metrics.text()
    }

    /// Closes the journal.
    pub(super) async fn finish(&self) {
        self.shared.store.close().await;
    }
}

//! Certificates that change while we run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use arc_swap::ArcSwap;
use environment::Environment;
use jiff::Timestamp;
use rustls::{ClientConfig, ServerConfig};
use tokio::sync::{Mutex, watch};

use super::material::{Contents, Material};
use super::{Error, Files, Identity};

/// How often the files are read. Kubernetes takes about a minute to bring a changed secret into a
/// pod; a few seconds on top are nothing, and reading three small files costs nothing.
const POLL_INTERVAL: Duration = Duration::from_secs(5);

/// A failed reload is told at once and then every so many polls (five minutes): often enough to
/// be seen, not so often that it buries the rest.
const REMIND_EVERY: u64 = 60;

/// Our certificate, key and CA, kept as the files have them. What cannot be used is reported and
/// counted, and what was in use before stays. Cheap to clone.
#[derive(Clone)]
pub struct Reloading {
    shared: Arc<Shared>,
}

struct Shared {
    environment: Environment,
    files: Files,
    material: ArcSwap<Material>,
    /// What the material in use was made of; held while looking, so that one look is at a time.
    contents: Mutex<Contents>,
    /// Counts what was put to use.
    generation: AtomicU64,
    /// Counts the sets of CAs among that.
    trust: watch::Sender<u64>,
    failures: AtomicU64,
}

impl Reloading {
    /// Reads the files and goes on reading them every few seconds until the environment's tasks
    /// end. Fails when there is nothing usable to begin with.
    pub async fn load(environment: &Environment, files: Files) -> Result<Self, Error> {
        let contents = files.read().await?;
        let material = Material::build(environment, &files, &contents)?;
        let shared = Arc::new(Shared {
            environment: environment.clone(),
            files,
            material: ArcSwap::from_pointee(material),
            contents: Mutex::new(contents),
            generation: AtomicU64::new(1),
            trust: watch::Sender::new(1),
            failures: AtomicU64::new(0),
        });
        environment.spawn("tls reload", poll(Arc::clone(&shared)));
        Ok(Self { shared })
    }

    /// Reads the files now, without waiting for the next poll, and says whether something else is
    /// in use after it. On an error the former certificates stay in use.
    pub async fn look(&self) -> Result<bool, Error> {
        self.shared.look().await
    }

    /// Whom the certificate in use names, if it names a service.
    pub fn identity(&self) -> Option<Identity> {
        self.shared.material.load().identity.clone()
    }

    /// When the certificate in use ends.
    pub fn not_after(&self) -> Timestamp {
        self.shared.material.load().not_after
    }

    /// How many reloads have found files that could not be used.
    pub fn failures(&self) -> u64 {
        self.shared.failures.load(Ordering::Relaxed)
    }

    /// Changes whenever other certificates are put to use; begins with 1.
    pub fn generation(&self) -> u64 {
        self.shared.generation.load(Ordering::Acquire)
    }

    /// Changes whenever other CAs are trusted: callers that were let in by the former ones have to
    /// show themselves again. A renewed certificate of ours does not concern them.
    pub(crate) fn trust(&self) -> watch::Receiver<u64> {
        self.shared.trust.subscribe()
    }

    pub(crate) fn client(&self) -> Arc<ClientConfig> {
        Arc::clone(&self.shared.material.load().client)
    }

    pub(crate) fn server_mutual(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.shared.material.load().server_mutual)
    }

    pub(crate) fn server_plain(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.shared.material.load().server_plain)
    }
}

impl std::fmt::Debug for Reloading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Reloading").field("files", &self.shared.files).finish_non_exhaustive()
    }
}

async fn poll(shared: Arc<Shared>) {
    let mut failed_in_a_row = 0;
    loop {
        tokio::time::sleep(POLL_INTERVAL).await;
        match shared.look().await {
            Ok(_) => failed_in_a_row = 0,
            Err(error) => {
                if failed_in_a_row % REMIND_EVERY == 0 {
                    tracing::warn!(%error, "tls files cannot be used; going on with the former ones");
                }
                failed_in_a_row += 1;
            }
        }
    }
}

impl Shared {
    async fn look(&self) -> Result<bool, Error> {
        let looked = self.replace().await;
        if looked.is_err() {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
        looked
    }

    async fn replace(&self) -> Result<bool, Error> {
        let mut in_use = self.contents.lock().await;
        let found = self.files.read().await?;
        if found == *in_use {
            return Ok(false);
        }
        // Files are replaced one after the other: a set that does not fit together is an error
        // here, and whole at the next look.
        let material = Material::build(&self.environment, &self.files, &found)?;
        tracing::info!(
            cert = %self.files.cert.display(), not_after = %material.not_after, "tls files were replaced"
        );
        let other_trust = found.ca != in_use.ca;
        *in_use = found;
        self.material.store(Arc::new(material));
        self.generation.fetch_add(1, Ordering::Release);
        if other_trust {
            self.trust.send_modify(|trust| *trust += 1);
        }
        Ok(true)
    }
}

//! The loop that wins, keeps and gives up a lease.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use environment::{Drained, Environment};
use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{MicroTime, ObjectMeta};
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use tokio::sync::watch;

use super::Claim;
use super::decide::{Record, Seen, Step};
use crate::read::object_path;
use crate::transport::{self, Failure};
use crate::write::{Error, Writer};

/// The annotation that holds the highest epoch: transitions alone can be reset by hand.
const EPOCH: &str = "seaworthy.dev/epoch";

/// The tenths of a lease's duration that the holder uses. The rest is for clocks that do not run
/// equally fast; real ones differ by far less.
const USED_TENTHS: u32 = 9;

/// What to elect, and how fast.
#[derive(Clone, Debug)]
pub struct Options {
    /// Namespace of the lease.
    pub namespace: String,
    /// Name of the lease.
    pub name: String,
    /// Who asks: unlike that of any other process, also an earlier one of the same pod.
    pub identity: String,
    /// The field manager.
    pub manager: String,
    /// How long a lease counts after a renewal: how long a crash leaves everything undone.
    pub duration: Duration,
}

impl Options {
    /// 15 s, as Kubernetes' own components have it.
    pub const DURATION: Duration = Duration::from_secs(15);

    /// How often the lease is renewed, and looked at by those who wait: three times within its
    /// duration, so that one lost request costs nothing.
    fn period(&self) -> Duration {
        self.duration / 3
    }

    /// For how long a claim counts from before its renewal was sent.
    fn claimed(&self) -> Duration {
        self.duration / 10 * USED_TENTHS
    }
}

/// The lowest epoch that a tenure must exceed. Cheap to clone.
#[derive(Clone, Debug, Default)]
pub struct Floor(Arc<AtomicU64>);

impl Floor {
    /// Asks for an epoch above `epoch`. A tenure that is not gets a new one at its next renewal.
    /// Whether nobody asked for that before.
    pub fn raise(&self, epoch: u64) -> bool {
        self.0.fetch_max(epoch, SeqCst) < epoch
    }

    fn get(&self) -> u64 {
        self.0.load(SeqCst)
    }
}

/// Wins, keeps and gives up one lease.
pub struct Elector {
    client: kube::Client,
    environment: Environment,
    options: Options,
    floor: Floor,
    claim: watch::Sender<Claim>,
    rng: ChaCha12Rng,
    seen: Seen,
    /// The lease as last written by us, while it is ours.
    own: Option<Lease>,
    /// Why the lease could not be reached the last time, if it could not.
    trouble: Option<Error>,
}

impl Elector {
    /// An elector, and where to watch what it has. Nothing happens before [`Elector::run`].
    pub fn new(
        client: kube::Client,
        environment: Environment,
        options: Options,
    ) -> (Self, watch::Receiver<Claim>) {
        let (claim, receiver) = watch::channel(Claim::default());
        let rng = environment.rng(&format!("lease {} {}", options.name, options.identity));
        let (floor, seen) = (Floor::default(), Seen::default());
        (Self { client, environment, options, floor, claim, rng, seen, own: None, trouble: None }, receiver)
    }

    /// Where to raise the floor of epochs.
    pub fn floor(&self) -> Floor {
        self.floor.clone()
    }

    /// Competes for the lease until asked to stop, and then gives it up. When this returns or is
    /// dropped, nothing is held any more, and the receivers have seen it.
    pub async fn run(mut self, drain: Drained) {
        let mut pause = Duration::ZERO;
        loop {
            let expiry = self.expiry();
            tokio::select! {
                biased;
                () = drain.requested() => break,
                () = expiry => {
                    self.lose("it could not be renewed in time");
                    pause = self.options.period() / 10;
                }
                next = async { tokio::time::sleep(pause).await; self.turn().await } => pause = next,
            }
        }
        self.release().await;
    }

    /// Comes when a claim expires; never while there is none.
    fn expiry(&self) -> impl Future<Output = ()> + use<> {
        let claim = *self.claim.borrow();
        let remaining = claim.held.then(|| claim.remaining(&self.environment));
        async move {
            match remaining {
                Some(remaining) => tokio::time::sleep(remaining).await,
                None => std::future::pending().await,
            }
        }
    }

    /// One attempt to keep or win the lease. Returns how long to wait before the next.
    async fn turn(&mut self) -> Duration {
        let result = match self.own.take() {
            Some(own) => self.renew(own).await,
            None => self.compete().await,
        };
        let period = self.options.period();
        match result {
            Ok(pause) => {
                if self.trouble.take().is_some() {
                    tracing::info!(lease = self.options.name, "the lease can be reached again");
                }
                self.jitter(pause.min(period))
            }
            Err(error) => {
                // It may last for hours: one line, and one for each other reason.
                if self.trouble.as_ref() != Some(&error) {
                    let Options { namespace, name, .. } = &self.options;
                    tracing::warn!(lease = format!("{namespace}/{name}"), %error, "cannot reach the lease; trying on");
                }
                self.trouble = Some(error);
                self.jitter(period / 5)
            }
        }
    }

    /// Between nine and eleven tenths, so that those who wait do not ask all at once.
    fn jitter(&mut self, pause: Duration) -> Duration {
        pause.mul_f64(self.rng.random_range(0.9..=1.1))
    }

    /// Renews the lease as it was written last. A conflict means that somebody wrote to it: look.
    async fn renew(&mut self, own: Lease) -> Result<Duration, Error> {
        let epoch = record(&own).epoch;
        if epoch <= self.floor.get() {
            // Still ours, but under a number that is too low: begin a new tenure.
            return self.compete().await;
        }
        match self.write(Some(&own), epoch, &own).await {
            Ok(()) => Ok(self.options.period()),
            Err(Error::Absent(_)) => {
                self.lose("somebody deleted the lease");
                Ok(self.options.period() / 10)
            }
            Err(Error::Conflict(_)) => self.look_again(epoch).await,
            Err(error) => {
                // It may have landed; then the next renewal conflicts, and looks.
                self.own = Some(own);
                Err(error)
            }
        }
    }

    /// After a conflict: is it still ours?
    async fn look_again(&mut self, epoch: u64) -> Result<Duration, Error> {
        match self.read().await? {
            Some(lease) if record(&lease).holder == self.options.identity => {
                if record(&lease).epoch == epoch {
                    self.own = Some(lease);
                } else {
                    self.lose("somebody changed the lease's epoch");
                }
            }
            _ => self.lose("somebody else holds the lease"),
        }
        Ok(self.options.period() / 10)
    }

    /// Looks at the lease, and takes it if it may.
    async fn compete(&mut self) -> Result<Duration, Error> {
        let lease = self.read().await?;
        let found = lease.as_ref().map(record);
        let now = self.environment.monotonic();
        let floor = self.floor.get();
        match self.seen.look(found, now, &self.options.identity, floor > 0) {
            Step::Wait(until) => {
                if self.claim.borrow().held {
                    self.lose("somebody else holds the lease");
                }
                // A moment more, so that the look comes after the moment and not at it.
                Ok(until.saturating_sub(now) + Duration::from_millis(10))
            }
            Step::Create => {
                self.lose("somebody deleted the lease");
                self.take(None, floor).await
            }
            Step::Take(_) => self.take(lease, floor).await,
        }
    }

    async fn take(&mut self, lease: Option<Lease>, floor: u64) -> Result<Duration, Error> {
        let found = lease.as_ref().map(record);
        let epoch = self.seen.next_epoch(floor);
        let mut taken = lease.clone().unwrap_or_default();
        let spec = taken.spec.get_or_insert_default();
        if found.as_ref().is_some_and(|found| found.holder != self.options.identity) {
            spec.lease_transitions = Some(spec.lease_transitions.unwrap_or(0).saturating_add(1));
        }
        spec.acquire_time = Some(self.stamp());
        match self.write(lease.as_ref(), epoch, &taken).await {
            Ok(()) => {
                let held = self.claim.borrow().held;
                let said = if held { "the lease is ours" } else { "the lease is made anew; it counts later" };
                tracing::info!(lease = self.options.name, epoch, "{said}");
                Ok(self.options.period())
            }
            Err(Error::Conflict(_) | Error::Exists(_) | Error::Absent(_)) => {
                self.seen.was_beaten(self.environment.monotonic());
                Ok(self.options.period())
            }
            Err(error) => Err(error),
        }
    }

    /// Writes the lease as ours, and on success claims what that gives: from before the sending.
    /// Nothing yet, while a predecessor may still count on a lease that vanished.
    async fn write(&mut self, before: Option<&Lease>, epoch: u64, lease: &Lease) -> Result<(), Error> {
        let (sent, sent_wall) = (self.environment.monotonic(), self.environment.now());
        let written = self.store(before, self.fill(lease, epoch)).await?;
        self.seen.note(Some(record(&written)), self.environment.monotonic());
        self.own = Some(written);
        if sent < self.seen.counts_from(self.options.duration) {
            return Ok(());
        }
        let claimed = self.options.claimed();
        let claim = Claim { held: true, epoch, expires: sent + claimed, until: sent_wall + claimed };
        self.claim.send_replace(claim);
        Ok(())
    }

    /// The lease as we write it: whatever else others have put on it stays.
    fn fill(&self, lease: &Lease, epoch: u64) -> Lease {
        let mut lease = lease.clone();
        lease.metadata.name = Some(self.options.name.clone());
        lease.metadata.namespace = Some(self.options.namespace.clone());
        lease.metadata.managed_fields = None;
        lease.metadata.annotations.get_or_insert_default().insert(EPOCH.to_owned(), epoch.to_string());
        let spec = lease.spec.get_or_insert_default();
        spec.holder_identity = Some(self.options.identity.clone());
        // Up: who waits for the lease must not wait for less than the holder counts on.
        spec.lease_duration_seconds = Some(self.options.duration.as_secs_f64().ceil().max(1.0) as i32);
        spec.renew_time = Some(self.stamp());
        lease
    }

    fn stamp(&self) -> MicroTime {
        MicroTime(self.environment.now())
    }

    async fn read(&self) -> Result<Option<Lease>, Error> {
        let path = object_path(&self.collection(), &self.options.name)?;
        match transport::call(&self.client, transport::get(&path), self.deadline()).await {
            Ok(body) => serde_json::from_slice(&body).map(Some).map_err(|error| Error::Malformed {
                what: format!("leases {}", self.options.name),
                reason: error.to_string(),
            }),
            Err(Failure::Refused(refusal)) if refusal.code == 404 => Ok(None),
            Err(failure) => Err(failure.into()),
        }
    }

    async fn store(&self, before: Option<&Lease>, lease: Lease) -> Result<Lease, Error> {
        let writer = Writer {
            client: &self.client,
            manager: &self.options.manager,
            deadline: self.deadline(),
            group: "coordination.k8s.io",
            resource: "leases".to_owned(),
        };
        match before {
            Some(_) => writer.replace(&self.collection(), &self.options.name, "", &lease).await,
            None => writer.create(&self.collection(), &self.options.name, &lease).await,
        }
    }

    fn collection(&self) -> String {
        <Lease as kube::Resource>::url_path(&(), Some(&self.options.namespace))
    }

    /// A renewal that takes longer than this has failed: there is time for another.
    fn deadline(&self) -> Duration {
        self.options.period()
    }

    fn lose(&mut self, why: &str) {
        self.own = None;
        let claim = *self.claim.borrow();
        if claim.held {
            tracing::warn!(lease = self.options.name, epoch = claim.epoch, why, "the lease is lost");
            self.claim.send_replace(Claim { held: false, ..claim });
        }
    }

    /// Says first that nothing is held, then lets others know.
    async fn release(&mut self) {
        // Copied first: the channel must not be borrowed while it is written to.
        let claim = *self.claim.borrow();
        self.claim.send_replace(Claim { held: false, ..claim });
        if !claim.is_valid(&self.environment) {
            return;
        }
        let own = match self.own.take() {
            Some(own) => Some(own),
            // The stop came while it was being renewed.
            None => self.read().await.ok().flatten(),
        };
        let Some(own) = own.filter(|own| record(own).holder == self.options.identity) else { return };
        let mut lease = self.fill(&own, claim.epoch);
        lease.spec.get_or_insert_default().holder_identity = None;
        if let Err(error) = self.store(Some(&own), lease).await {
            // Others wait for it to expire, that is all.
            tracing::debug!(lease = self.options.name, %error, "the lease could not be given back");
        }
    }
}

/// Whoever holds the elector's end may rely on what it said until the moment it goes.
impl Drop for Elector {
    fn drop(&mut self) {
        self.claim.send_modify(|claim| claim.held = false);
    }
}

/// What a lease says.
fn record(lease: &Lease) -> Record {
    let ObjectMeta { resource_version, annotations, uid, .. } = &lease.metadata;
    let LeaseSpec { holder_identity, lease_duration_seconds, lease_transitions, .. } =
        lease.spec.clone().unwrap_or_default();
    let epoch = annotations.as_ref().and_then(|all| all.get(EPOCH)?.parse().ok()).unwrap_or(0);
    let seconds = lease_duration_seconds.unwrap_or(0).max(1);
    Record {
        holder: holder_identity.unwrap_or_default(),
        duration: Duration::from_secs(seconds as u64),
        transitions: lease_transitions.unwrap_or(0).max(0) as u64,
        epoch,
        uid: uid.clone().unwrap_or_default(),
        version: resource_version.clone().unwrap_or_default(),
    }
}

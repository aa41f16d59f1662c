//! What a service may not take from the operating system by itself: the time, randomness, and
//! tasks of its own.
//!
//! A service gets an [`Environment`] from outside and asks it. In a pod that is
//! [`Environment::real`]; a test or the simulator hands in a clock it drives itself, and then the
//! same code runs in virtual time, with one seed giving one trace.
//!
//! What is *not* here goes through tokio directly, because tokio's paused clock already makes it
//! virtual: `tokio::time::sleep`, `timeout`, `interval`.
//!
//! Architecture invariant: this is the only crate that reads the operating system's clock and
//! the only one that calls `tokio::spawn`. Seeds come from the binary.

mod clock;
mod drain;
mod random;
mod tasks;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rand_chacha::ChaCha12Rng;
use tokio::time::Instant;

pub use clock::{Clock, ManualClock, SystemClock};
pub use drain::{Drain, Drained, channel as drain};
pub use tasks::{Ended, Outcome, Task, TaskGuard, Tasks};

/// Everything a service takes from the world besides its transports and stores. Cheap to clone;
/// clones share the clock, the seed and the tasks.
#[derive(Clone)]
pub struct Environment {
    clock: Arc<dyn Clock>,
    origin: Instant,
    seed: u64,
    tasks: Tasks,
}

impl Environment {
    /// The operating system's clock. `seed` comes from the binary, which reads it from the
    /// operating system's randomness, or from its command line to repeat a run.
    pub fn real(seed: u64) -> Self {
        Self::new(Arc::new(SystemClock), seed)
    }

    /// An environment on a clock of the caller's choice: the simulator's, usually.
    pub fn new(clock: Arc<dyn Clock>, seed: u64) -> Self {
        Self { clock, origin: Instant::now(), seed, tasks: Tasks::default() }
    }

    /// For tests: a [`ManualClock`] that starts at [`ManualClock::EPOCH`] and follows tokio's
    /// time, so that `tokio::time::advance` moves wall clock and timers together. Make it inside
    /// of the (paused) runtime.
    pub fn test(seed: u64) -> Self {
        Self::new(Arc::new(ManualClock::default()), seed)
    }

    /// An environment for one of several services in a process: the same clock, randomness of
    /// its own, and tasks of its own that end apart from the others'.
    #[must_use]
    pub fn fork(&self, label: &str) -> Self {
        Self {
            clock: Arc::clone(&self.clock),
            origin: self.origin,
            seed: random::derive(self.seed, label),
            tasks: Tasks::default(),
        }
    }

    /// The wall clock, which may jump in either direction. For what is shown or stored; for
    /// deadlines and ages within the process, take [`Self::monotonic`].
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// The time since this environment was made. Never goes back; virtual when tokio's is.
    pub fn monotonic(&self) -> Duration {
        self.origin.elapsed()
    }

    /// A stream of random numbers that depends on the seed and the label alone, so that a new
    /// caller elsewhere does not change what existing callers draw. The same label gives the
    /// same stream again from its beginning: keep the generator, and put what tells two users
    /// apart (a peer's name, a kind) in the label.
    ///
    /// Not for secrets: everything follows from a 64-bit seed.
    pub fn rng(&self, label: &str) -> ChaCha12Rng {
        random::stream(self.seed, label)
    }

    /// Runs `future` as a task that ends with this environment's [`Tasks`]. It may return when it
    /// likes; when it panics, that is logged and counted ([`Tasks::panics`]), and the rest goes on.
    pub fn spawn(&self, name: &'static str, future: impl Future<Output = ()> + Send + 'static) -> Task {
        self.tasks.spawn(name, future)
    }

    /// Runs a task that the service cannot be without: when it returns or panics, for whatever
    /// reason, [`Tasks::critical_ended`] resolves and the service's `run` is expected to end.
    pub fn spawn_critical(
        &self,
        name: &'static str,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Task {
        self.tasks.spawn_critical(name, future)
    }

    /// The tasks spawned through this environment and its clones.
    pub fn tasks(&self) -> &Tasks {
        &self.tasks
    }
}

impl std::fmt::Debug for Environment {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Environment")
            .field("now", &self.now())
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn wall_clock_and_monotonic_follow_virtual_time() {
        let environment = Environment::test(1);
        let (wall, monotonic) = (environment.now(), environment.monotonic());
        let hour = Duration::from_hours(1);
        tokio::time::advance(hour).await;
        assert_eq!(environment.now(), wall + hour);
        assert_eq!(environment.monotonic(), monotonic + hour);
    }

    #[tokio::test(start_paused = true)]
    async fn forks_draw_apart_and_end_apart() {
        let whole = Environment::test(1);
        let (monitor, healer) = (whole.fork("monitor"), whole.fork("healer"));
        assert_ne!(monitor.rng("jitter"), healer.rng("jitter"));
        let survivor = healer.spawn("waits", std::future::pending());
        monitor.tasks().end().await;
        assert!(!survivor.is_finished());
        assert_eq!(monitor.now(), healer.now());
    }
}

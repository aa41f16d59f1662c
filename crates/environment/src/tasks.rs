//! The tasks of one service: all of them end when it does, and none of them dies unnoticed.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

use futures::FutureExt;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinHandle};
use tracing::Instrument;

/// The tasks that were spawned through one environment. Cheap to clone.
#[derive(Clone, Default)]
pub struct Tasks {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    ledger: Mutex<Ledger>,
    /// How many tasks have not been dropped yet.
    alive: watch::Sender<usize>,
    critical: watch::Sender<Option<Ended>>,
    panics: std::sync::atomic::AtomicU64,
    pause: Mutex<Pause>,
}

/// Whether all tasks stand still, and those that would have gone on since.
#[derive(Default)]
struct Pause {
    is_on: bool,
    waiting: Vec<Waker>,
}

/// Ordered by birth, so that ending all of them happens in the same order in every run.
#[derive(Default)]
struct Ledger {
    closed: bool,
    next: u64,
    /// `None` while a task is being launched.
    running: BTreeMap<u64, Option<AbortHandle>>,
}

/// A critical task that is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// The name it was spawned under.
    pub name: &'static str,
    /// How it came to its end; never [`Outcome::Aborted`], which is an end that was asked for.
    pub outcome: Outcome,
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match &self.outcome {
            Outcome::Panicked(message) => write!(f, "task {} panicked: {message}", self.name),
            Outcome::Returned | Outcome::Aborted => write!(f, "task {} ended", self.name),
        }
    }
}

impl std::error::Error for Ended {}

/// How a task came to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It ran to its end.
    Returned,
    /// It panicked, with this message.
    Panicked(String),
    /// It was ended from outside, by [`Task::abort`] or with all the others.
    Aborted,
}

impl Tasks {
    pub(crate) fn spawn(
        &self,
        name: &'static str,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Task {
        self.launch(name, future, |_, _| {})
    }

    pub(crate) fn spawn_critical(
        &self,
        name: &'static str,
        future: impl Future<Output = ()> + Send + 'static,
    ) -> Task {
        self.launch(name, future, |shared, ended| {
            // The first one counts: what ends after it is usually its consequence.
            shared.critical.send_if_modified(|first| {
                let is_first = first.is_none();
                first.get_or_insert(ended);
                is_first
            });
        })
    }

    fn launch(
        &self,
        name: &'static str,
        future: impl Future<Output = ()> + Send + 'static,
        at_end: impl FnOnce(&Shared, Ended) + Send + 'static,
    ) -> Task {
        let Some(presence) = Presence::enter(&self.shared) else {
            drop(future);
            return Task { name, handle: launch_on_tokio(std::future::ready(Outcome::Aborted)) };
        };
        let id = presence.id;
        let watched = async move {
            let outcome = match AssertUnwindSafe(future).catch_unwind().await {
                Ok(()) => Outcome::Returned,
                Err(panic) => presence.shared.note_panic(name, &*panic),
            };
            at_end(&presence.shared, Ended { name, outcome: outcome.clone() });
            outcome
        };
        let mut watched = Box::pin(watched);
        let shared = Arc::clone(&self.shared);
        let watched = std::future::poll_fn(move |context| {
            if shared.stands_still(context) { Poll::Pending } else { watched.as_mut().poll(context) }
        });
        // Not under the ledger's lock: a runtime that is going away drops the future on the spot.
        let handle = launch_on_tokio(watched.in_current_span());
        self.shared.note_handle(id, handle.abort_handle());
        Task { name, handle }
    }

    /// Ends all tasks at their next await; none that is spawned later begins. What a crash looks
    /// like from inside. Returns at once; [`Self::end`] also waits.
    pub fn abort(&self) {
        let running = {
            let mut ledger = self.shared.ledger();
            ledger.closed = true;
            std::mem::take(&mut ledger.running)
        };
        for task in running.into_values().flatten() {
            task.abort();
        }
    }

    /// [`Self::abort`], and waits until everything that the tasks held has been dropped. Do not
    /// call it from one of the tasks, which would wait for itself.
    pub async fn end(&self) {
        self.abort();
        let mut alive = self.shared.alive.subscribe();
        // The sender is in `self`, so the channel cannot be closed here.
        let _ = alive.wait_for(|alive| *alive == 0).await;
    }

    /// Makes all tasks stand still where they are, until [`Self::resume`], while time goes on: what
    /// a process that is stopped, swapped out or migrated looks like from outside. For the
    /// simulator.
    pub fn pause(&self) {
        self.shared.pause().is_on = true;
    }

    /// Lets the tasks go on, in the order in which they would have.
    pub fn resume(&self) {
        let waiting = {
            let mut pause = self.shared.pause();
            pause.is_on = false;
            std::mem::take(&mut pause.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits until a critical task has ended by itself, and says which was the first.
    pub async fn critical_ended(&self) -> Ended {
        let mut critical = self.shared.critical.subscribe();
        loop {
            if let Some(ended) = critical.borrow_and_update().clone() {
                return ended;
            }
            if critical.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    }

    /// How many tasks have panicked so far; for a metric.
    pub fn panics(&self) -> u64 {
        self.shared.panics.load(std::sync::atomic::Ordering::Relaxed)
    }

    /// How many tasks there are now.
    pub fn alive(&self) -> usize {
        *self.shared.alive.borrow()
    }
}

impl Shared {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pause(&self) -> MutexGuard<'_, Pause> {
        self.pause.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a task must not go on now; it is woken when it may.
    fn stands_still(&self, context: &Context<'_>) -> bool {
        let mut pause = self.pause();
        if pause.is_on {
            pause.waiting.push(context.waker().clone());
        }
        pause.is_on
    }

    /// Completes what [`Presence::enter`] began, unless the task has come and gone since.
    fn note_handle(&self, id: u64, handle: AbortHandle) {
        let mut ledger = self.ledger();
        if ledger.closed {
            handle.abort();
        } else if let Some(entry) = ledger.running.get_mut(&id) {
            *entry = Some(handle);
        }
    }

    fn note_panic(&self, task: &'static str, panic: &(dyn Any + Send)) -> Outcome {
        let message = panic
            .downcast_ref::<&str>()
            .map(ToString::to_string)
            .or_else(|| panic.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a value that is not text".to_owned());
        self.panics.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        tracing::error!(task, message, "a task panicked; this is a defect, please report it");
        Outcome::Panicked(message)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that spawns")]
fn launch_on_tokio(future: impl Future<Output = Outcome> + Send + 'static) -> JoinHandle<Outcome> {
    tokio::spawn(future)
}

/// Lives inside of a task's future: however the task goes, its going is noted.
struct Presence {
    shared: Arc<Shared>,
    id: u64,
}

impl Presence {
    /// `None` when no task may begin any more.
    fn enter(shared: &Arc<Shared>) -> Option<Self> {
        let mut ledger = shared.ledger();
        if ledger.closed {
            return None;
        }
        let id = ledger.next;
        ledger.next += 1;
        ledger.running.insert(id, None);
        shared.alive.send_modify(|alive| *alive += 1);
        Some(Self { shared: Arc::clone(shared), id })
    }
}

impl Drop for Presence {
    fn drop(&mut self) {
        self.shared.ledger().running.remove(&self.id);
        self.shared.alive.send_modify(|alive| *alive -= 1);
    }
}

/// A task that was spawned. Dropping the handle leaves the task running.
#[derive(Debug)]
pub struct Task {
    name: &'static str,
    handle: JoinHandle<Outcome>,
}

impl Task {
    /// The name it was spawned under.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Ends the task at its next await.
    pub fn abort(&self) {
        self.handle.abort();
    }

    /// Whether the task has ended, in whichever way.
    pub fn is_finished(&self) -> bool {
        self.handle.is_finished()
    }

    /// Waits for the task's end.
    pub async fn join(self) -> Outcome {
        // Panics are caught inside of the task: what is left is having been aborted.
        self.handle.await.unwrap_or(Outcome::Aborted)
    }

    /// Ties the task to the life of the returned guard.
    pub fn abort_on_drop(self) -> TaskGuard {
        TaskGuard { task: self }
    }
}

/// Aborts its task when dropped.
#[derive(Debug)]
#[must_use = "the task ends at once when this is dropped"]
pub struct TaskGuard {
    task: Task,
}

impl Drop for TaskGuard {
    fn drop(&mut self) {
        self.task.abort();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::future::pending;

    #[tokio::test]
    async fn a_task_tells_how_it_ended() {
        let tasks = Tasks::default();
        assert_eq!(tasks.spawn("returns", async {}).join().await, Outcome::Returned);
        let panicked = tasks.spawn("panics", async { panic!("at the {}", "disco") }).join().await;
        assert_eq!(panicked, Outcome::Panicked("at the disco".to_owned()));
        let aborted = tasks.spawn("waits", pending());
        aborted.abort();
        assert_eq!(aborted.join().await, Outcome::Aborted);
        assert_eq!((tasks.panics(), tasks.alive()), (1, 0));
    }

    #[tokio::test]
    async fn ending_drops_what_the_tasks_held() {
        let tasks = Tasks::default();
        let held = Arc::new(());
        for _ in 0..10 {
            let mine = Arc::clone(&held);
            tasks.spawn("holds", async move {
                pending::<()>().await;
                drop(mine);
            });
        }
        tasks.end().await;
        assert_eq!((Arc::strong_count(&held), tasks.alive()), (1, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn tasks_that_are_paused_stand_still_while_time_goes_on() {
        let tasks = Tasks::default();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let second = std::time::Duration::from_secs(1);
        let began = tokio::time::Instant::now();
        tasks.spawn("ticks", async move {
            loop {
                tokio::time::sleep(second).await;
                let _ = told.send(began.elapsed().as_secs());
            }
        });
        tokio::time::sleep(second * 2).await;
        tokio::task::yield_now().await;
        tasks.pause();
        tokio::time::sleep(second * 10).await;
        tasks.resume();
        tokio::time::sleep(second / 2).await;
        let ticks: Vec<u64> = std::iter::from_fn(|| heard.try_recv().ok()).collect();
        assert_eq!(ticks, [1, 2, 12]);
        tasks.pause();
        tasks.end().await;
        assert_eq!(tasks.alive(), 0, "what stands still can be ended");
    }

    #[tokio::test]
    async fn nothing_begins_after_the_end() {
        let tasks = Tasks::default();
        tasks.end().await;
        let late = tasks.spawn("late", async { unreachable!("spawned after the end") });
        assert_eq!(late.join().await, Outcome::Aborted);
        assert_eq!((tasks.panics(), tasks.alive()), (0, 0));
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
    async fn tasks_that_spawn_while_all_end_do_not_escape() {
        for _ in 0..200 {
            let tasks = Tasks::default();
            for _ in 0..8 {
                let inner = tasks.clone();
                tasks.spawn("breeds", async move {
                    loop {
                        inner.spawn("child", pending());
                        tokio::task::yield_now().await;
                    }
                });
            }
            tokio::task::yield_now().await;
            tasks.end().await;
            assert_eq!((tasks.alive(), tasks.shared.ledger().running.len()), (0, 0));
        }
    }

    #[test]
    fn a_runtime_that_goes_away_takes_its_tasks_along() {
        /// Spawns when it is dropped, as clean-up code does.
        struct Parting(Tasks);
        impl Drop for Parting {
            fn drop(&mut self) {
                self.0.spawn("late", pending());
            }
        }
        let tasks = Tasks::default();
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let parting = Parting(tasks.clone());
            tasks.spawn("waits", async move {
                pending::<()>().await;
                drop(parting);
            });
        });
        drop(runtime);
        assert_eq!(tasks.alive(), 0);
    }

    #[tokio::test]
    async fn only_a_critical_task_s_own_end_is_told() {
        let tasks = Tasks::default();
        tasks.spawn("returns", async {}).join().await;
        let aborted = tasks.spawn_critical("aborted", pending());
        aborted.abort();
        aborted.join().await;
        assert_eq!(tasks.critical_ended().now_or_never(), None);
        tasks.spawn_critical("watch nodes", async { panic!("overflow") }).join().await;
        tasks.spawn_critical("later", async {}).join().await;
        let ended = tasks.critical_ended().await;
        assert_eq!(ended.to_string(), "task watch nodes panicked: overflow");
    }

    #[tokio::test]
    async fn a_guard_takes_its_task_along() {
        let tasks = Tasks::default();
        let guard = tasks.spawn("guarded", pending()).abort_on_drop();
        assert_eq!(tasks.alive(), 1);
        drop(guard);
        tasks.shared.alive.subscribe().wait_for(|alive| *alive == 0).await.expect("sender lives");
    }
}

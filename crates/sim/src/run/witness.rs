//! Takes in everything that is seen of a run and passes it on: to the trace, the oracles and the
//! count of what was covered.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::Environment;
use tokio::sync::{mpsc, oneshot};

use super::coverage::Coverage;
use super::rest::Rest;
use crate::api::Told;
use crate::oracles::{Books, Ending, Limits, Panel, Violation};
use crate::seen::{self, Seen, What};
use crate::storage::{Change, Storage};
use crate::trace::{Keep, Trace};

/// The witness of one run. Cheap to clone.
#[derive(Clone)]
pub struct Witness {
    environment: Environment,
    trace: Trace,
    state: Arc<Mutex<State>>,
}

struct State {
    changes: mpsc::UnboundedReceiver<Arc<Change>>,
    panel: Panel,
    coverage: Coverage,
    rest: Rest,
    /// Those who wait for the next thing of a kind.
    waiting: Vec<Waiting>,
    /// Others who look on.
    listeners: Vec<mpsc::UnboundedSender<Seen>>,
}

/// What something is to somebody who waits; nothing if it does not fit.
type Fits = Box<dyn Fn(&Seen) -> Option<String> + Send>;

/// Whom the next thing that fits is told, by what it is to them.
struct Waiting {
    fits: Fits,
    tell: oneshot::Sender<String>,
}

impl Witness {
    /// A witness of what becomes of a store, from now on.
    pub fn new(environment: &Environment, storage: &Storage, limits: &Limits, keep: Keep) -> Self {
        let state = State {
            changes: storage.listen(),
            panel: Panel::new(limits),
            coverage: Coverage::default(),
            rest: Rest::new(limits),
            waiting: Vec::new(),
            listeners: Vec::new(),
        };
        let state = Arc::new(Mutex::new(state));
        let witness = Self { environment: environment.clone(), trace: Trace::new(keep), state };
        // The same changes once more, only to be woken by: they are then taken in at their time.
        let (mut wake, own) = (storage.listen(), witness.clone());
        environment.spawn("witness", async move {
            while wake.recv().await.is_some() {
                while wake.try_recv().is_ok() {}
                own.take_in();
            }
        });
        witness
    }

    /// Something was seen now. Changes of the store that came before it are taken in first.
    pub fn see(&self, what: What) {
        let mut state = self.lock();
        self.drain(&mut state);
        self.pass_on(&mut state, what);
    }

    /// Somebody was told of a change on a watch. That is for the trace alone; what the object was like
    /// stands with the change itself.
    pub fn told(&self, told: &Told) {
        let mut state = self.lock();
        self.drain(&mut state);
        let Told { event, address, revision, .. } = told;
        let word = event.word().to_lowercase();
        let line = format!("← {word} {} @{revision}", seen::of(address));
        self.trace.note(self.now(), &told.peer, &line, &[]);
    }

    /// Somebody was told something on a watch, and be it that there is no news.
    pub fn hear(&self, peer: &str, path: &str) {
        self.lock().panel.hear(peer, path, self.now());
    }

    /// Takes in what changed in the store since the last time.
    pub fn take_in(&self) {
        self.drain(&mut self.lock());
    }

    /// Waits for the next thing of which `fits` says something, and gives that; nothing when it is not
    /// waited for any more.
    pub fn next(&self, fits: impl Fn(&Seen) -> Option<String> + Send + 'static) -> oneshot::Receiver<String> {
        let (tell, told) = oneshot::channel();
        self.lock().waiting.push(Waiting { fits: Box::new(fits), tell });
        told
    }

    /// Nothing is waited for any more.
    pub fn forget_next(&self) {
        self.lock().waiting.clear();
    }

    /// Everything that is seen from now on.
    pub fn listen(&self) -> mpsc::UnboundedReceiver<Seen> {
        let (listener, seen) = mpsc::unbounded_channel();
        self.lock().listeners.push(listener);
        seen
    }

    /// Asks the books something.
    pub fn ask<T>(&self, question: impl FnOnce(&Books) -> T) -> T {
        let mut state = self.lock();
        self.drain(&mut state);
        question(state.panel.books())
    }

    /// Whether nothing is in trouble or under way, and nothing new has come for long.
    pub fn is_at_rest(&self) -> bool {
        let mut state = self.lock();
        self.drain(&mut state);
        state.rest.is_reached(self.now(), state.panel.books())
    }

    /// The record.
    pub fn trace(&self) -> &Trace {
        &self.trace
    }

    /// The time since the run began.
    pub fn now(&self) -> Duration {
        self.environment.monotonic()
    }

    /// The run is over: what was found, how things stand, and what was covered.
    pub fn end(&self) -> (Vec<Violation>, Ending, Coverage) {
        let mut state = self.lock();
        self.drain(&mut state);
        let found = state.panel.end(self.now());
        (found, state.panel.ending(self.now()), std::mem::take(&mut state.coverage))
    }

    fn drain(&self, state: &mut State) {
        while let Ok(change) = state.changes.try_recv() {
            self.pass_on(state, What::Change(change));
        }
    }

    fn pass_on(&self, state: &mut State, what: What) {
        let seen = Seen { at: self.now(), what };
        let (who, line, detail) = seen.parts();
        self.trace.note(seen.at, who, &line, &detail);
        state.panel.see(&seen);
        state.coverage.see(&seen, state.panel.books());
        state.rest.see(&seen);
        let found = state.waiting.iter().position(|waiting| (waiting.fits)(&seen).is_some());
        if let Some(Waiting { fits, tell }) = found.map(|at| state.waiting.remove(at)) {
            // It may have been given up.
            let _ = tell.send(fits(&seen).unwrap_or_default());
        }
        state.listeners.retain(|listener| listener.send(seen.clone()).is_ok());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

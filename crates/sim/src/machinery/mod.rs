//! What makes a cluster of stored objects: controllers, scheduler and kubelets, in one task, on
//! what one [`View`] knows. They act one after the other in a fixed order; each sees what the one
//! before it did.

mod answers;
mod kubelets;
mod settings;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::{Environment, Task};
use tokio::sync::{Notify, mpsc};

use crate::controllers::{Controllers, Moment, Recorder};
use crate::kubelet::Fleet;
use crate::registry::Registry;
use crate::scheduler::Scheduler;
use crate::storage::Change;
use crate::view::View;

pub use kubelets::Kubelets;
pub use settings::{Part, Settings};

/// The machinery of one cluster. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Machinery {
    registry: Registry,
    environment: Environment,
    state: Arc<Mutex<State>>,
    wake: Arc<Notify>,
}

struct State {
    changes: mpsc::UnboundedReceiver<Arc<Change>>,
    view: View,
    controllers: Controllers,
    scheduler: Scheduler,
    fleet: Fleet,
    recorder: Recorder,
    /// Parts that are down.
    down: Vec<Part>,
}

impl Machinery {
    /// Sets a cluster going, from whatever is stored in it. It ends with the environment's tasks.
    pub fn start(registry: &Registry, environment: &Environment, settings: Settings) -> Self {
        let state = State {
            changes: registry.storage().listen(),
            view: View::default(),
            controllers: Controllers::new(settings.controllers),
            scheduler: Scheduler::new(environment),
            fleet: Fleet::new(settings.kubelets, environment),
            recorder: Recorder::default(),
            down: Vec::new(),
        };
        let machinery = Self {
            registry: registry.clone(),
            environment: environment.clone(),
            state: Arc::new(Mutex::new(state)),
            wake: Arc::new(Notify::new()),
        };
        machinery.lock().begin(&machinery.registry, machinery.at());
        machinery.run();
        machinery
    }

    /// What befalls machines and containers.
    pub fn kubelets(&self) -> Kubelets {
        Kubelets::new(self.clone())
    }

    /// A part of the control plane stops working, or works again.
    pub fn set_part(&self, part: Part, is_up: bool) {
        let mut state = self.lock();
        state.down.retain(|own| *own != part);
        if !is_up {
            state.down.push(part);
        }
        drop(state);
        self.wake.notify_one();
    }

    /// Something done to the machines, now.
    fn with_fleet<T>(&self, act: impl FnOnce(&mut Fleet, Moment<'_>) -> T) -> T {
        let at = self.at();
        let mut state = self.lock();
        state.hear(at);
        let State { view, fleet, recorder, .. } = &mut *state;
        let done = act(fleet, Moment { registry: &self.registry, view, at, recorder });
        drop(state);
        self.wake.notify_one();
        done
    }

    fn run(&self) -> Task {
        let own = self.clone();
        self.environment.spawn_critical("machinery", async move {
            loop {
                let next = own.lock().work(&own.registry, own.at());
                own.wait(next).await;
            }
        })
    }

    /// Waits for a change, for a fault, or until it is time.
    async fn wait(&self, next: Option<Duration>) {
        let sleep = next.map(|next| next.saturating_sub(self.at()));
        let time = async {
            match sleep {
                Some(sleep) => tokio::time::sleep(sleep).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            biased;
            () = self.wake.notified() => {}
            () = self.heard() => {}
            () = time => {}
        }
    }

    /// Resolves when something was changed in the storage.
    async fn heard(&self) {
        std::future::poll_fn(|context| {
            let mut state = self.lock();
            let at = self.at();
            match state.changes.poll_recv(context) {
                std::task::Poll::Ready(Some(change)) => {
                    state.note(&change, at);
                    std::task::Poll::Ready(())
                }
                // The storage lives as long as the registry that is held here.
                _ => std::task::Poll::Pending,
            }
        })
        .await;
    }

    fn at(&self) -> Duration {
        self.environment.monotonic()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn begin(&mut self, registry: &Registry, at: Duration) {
        for change in View::initial(registry.storage()) {
            self.note(&change, at);
        }
    }

    /// Takes note of what was changed meanwhile.
    fn hear(&mut self, at: Duration) {
        while let Ok(change) = self.changes.try_recv() {
            self.note(&change, at);
        }
    }

    fn note(&mut self, change: &Arc<Change>, at: Duration) {
        let event = self.view.apply(change);
        self.controllers.notice(&event, &self.view, at);
        self.scheduler.notice(&event, at);
        self.fleet.notice(&event, &self.view, at);
    }

    /// Does everything that is due; says when something is due next.
    fn work(&mut self, registry: &Registry, at: Duration) -> Option<Duration> {
        self.hear(at);
        if self.is_up(Part::Controllers) {
            for key in self.controllers.take(at) {
                self.controllers
                    .work(&key, Moment { registry, view: &self.view, at, recorder: &self.recorder });
                self.hear(at);
            }
        }
        if self.is_up(Part::Scheduler) {
            for pod in self.scheduler.take(&self.view, at) {
                self.scheduler
                    .work(&pod, Moment { registry, view: &self.view, at, recorder: &self.recorder });
                self.hear(at);
            }
        }
        while self.fleet.work(Moment { registry, view: &self.view, at, recorder: &self.recorder }) {
            self.hear(at);
        }
        self.recorder.forget_old(registry, at);
        let controllers = self.controllers.next().filter(|_| self.is_up(Part::Controllers));
        let scheduler = self.scheduler.next().filter(|_| self.is_up(Part::Scheduler));
        [controllers, scheduler, self.fleet.next(), self.recorder.next()].into_iter().flatten().min()
    }

    fn is_up(&self, part: Part) -> bool {
        !self.down.contains(&part)
    }
}

#[cfg(test)]
mod tests;

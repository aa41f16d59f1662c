//! What a controller works with.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::Value;

use super::{Controller, Note, Queue, Recorder};
use crate::registry::{Deleted, Deletion, Part, Propagation, Registry, Status};
use crate::storage::{Address, Object};
use crate::view::View;

/// The cluster at one moment, and how to change it.
pub struct Context<'a> {
    /// Where it writes.
    pub registry: &'a Registry,
    /// What it knows.
    pub view: &'a View,
    /// What it is to do later.
    pub queue: &'a mut Queue,
    /// The time by the cluster's clock.
    pub now: Timestamp,
    /// The time since the environment was made.
    pub at: Duration,
    /// Where it tells what is worth it.
    pub recorder: &'a Recorder,
    /// Whether the server could not do what was asked, which it may another time.
    pub has_failed: Cell<bool>,
}

impl Context<'_> {
    /// The whole of an object, unless it is gone.
    pub fn read(&self, address: &Address) -> Option<Value> {
        self.registry.storage().get(address).map(|object| object.value())
    }

    /// Asks to be called again for an object.
    pub fn after(&mut self, controller: Controller, address: &Address, delay: Duration) {
        self.queue.at(controller, address.clone(), self.at + delay);
    }

    /// Asks to be called again when the clock shows a time.
    pub fn when(&mut self, controller: Controller, address: &Address, time: Timestamp) {
        let delay = Duration::try_from(time.duration_since(self.now)).unwrap_or_default();
        self.after(controller, address, delay.max(Duration::from_millis(1)));
    }

    /// Creates an object. That a namespace is going, or that a name is taken, is told to the log:
    /// the controllers see it again at their next look.
    pub fn create(&self, address: &Address, value: Value) -> Result<Arc<Object>, Status> {
        self.registry.create(address.kind, &address.namespace, value).inspect_err(|status| {
            self.note(status);
            tracing::debug!(%status, kind = address.kind.kind, "a controller could not create an object");
        })
    }

    /// Changes the main part of an object; nothing happens when it is gone.
    pub fn change(&self, address: &Address, change: impl FnOnce(&mut Value)) {
        self.modify(address, Part::Main, change);
    }

    /// Changes the status of an object; nothing happens when it is gone.
    pub fn change_status(&self, address: &Address, change: impl FnOnce(&mut Value)) {
        self.modify(address, Part::Status, |object| change(&mut object["status"]));
    }

    fn modify(&self, address: &Address, part: Part, change: impl FnOnce(&mut Value)) {
        let done = self.registry.modify(address, part, |object| {
            change(object);
            Ok(())
        });
        if let Err(status) = done {
            self.note(&status);
            tracing::debug!(%status, "a controller could not change an object");
        }
    }

    /// Writes an Event.
    pub fn tell(&self, note: Note<'_>) {
        self.recorder.tell(self.registry, note, self.at);
    }

    fn note(&self, status: &Status) {
        if status.code == 500 {
            self.has_failed.set(true);
        }
    }

    /// Asks for an object's end; what it owns goes after it.
    pub fn delete(&self, address: &Address, uid: &str) -> Option<Deleted> {
        let deletion = Deletion { uid: Some(uid.to_owned()), ..Deletion::default() };
        self.registry.delete(address, &deletion).ok()
    }

    /// Ends a pod without waiting for its kubelet.
    pub fn force_delete(&self, address: &Address, uid: &str) {
        let deletion = Deletion {
            uid: Some(uid.to_owned()),
            grace_seconds: Some(0),
            propagation: Propagation::Background,
            ..Deletion::default()
        };
        // That it is gone already is what was wanted.
        let _ = self.registry.delete(address, &deletion);
    }
}

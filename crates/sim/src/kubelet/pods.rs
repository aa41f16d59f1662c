//! What the kubelets do with pods.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::behaviour::Behaviour;
use super::container::{Run, State, Surroundings};
use super::events;
use super::images;
use super::local::Local;
use super::machine::Machine;
use super::timers::Task;
use super::{Fleet, status};
use crate::controllers::Moment;
use crate::registry::{Deletion, Part, Status};
use crate::view::{Phase, Pod};

/// How long after it changed a pod is looked at.
const LAG: Duration = Duration::from_millis(20);
/// How long a kubelet waits for volumes before it says that they do not come.
const MOUNT_TIMEOUT: Duration = Duration::from_mins(2);
/// How long a pull takes, at least and at most.
const PULL_MIN: Duration = Duration::from_millis(500);
const PULL_MAX: Duration = Duration::from_secs(3);

impl Fleet {
    /// A pod came, changed or went.
    pub(super) fn notice_pod(&mut self, before: Option<&Arc<Pod>>, after: Option<&Arc<Pod>>, at: Duration) {
        let Some(pod) = after else {
            if let Some(gone) = before {
                self.forget(gone);
            }
            return;
        };
        let is_new_here = before.is_none_or(|before| before.node != pod.node);
        let is_going = pod.is_terminating() && before.is_none_or(|before| before.object != pod.object);
        if before.is_some_and(|before| before.spec != pod.spec)
            && self.machines.get(&pod.node).is_some_and(Machine::speaks)
        {
            self.notice_resize(pod, at);
        }
        if pod.node.is_empty() || !(is_new_here || is_going) {
            return;
        }
        if self.machines.get(&pod.node).is_some_and(Machine::speaks) {
            self.take_over(pod, at);
        }
    }

    /// A kubelet learns how a pod of its node is to be.
    pub(super) fn take_over(&mut self, pod: &Arc<Pod>, at: Duration) {
        let uid = &pod.object.uid;
        let is_known = self.pods.contains_key(uid);
        if !is_known && pod.has_ended() {
            return;
        }
        if !is_known {
            let behaviour = self.behaviours.of(pod);
            let mut local = Local::new(pod, behaviour);
            if pod.phase == Phase::Running {
                self.adopt(&mut local, pod, at);
            }
            self.pods.insert(uid.clone(), local);
            if let Some(machine) = self.machines.get_mut(&pod.node) {
                machine.pods.insert(uid.clone());
            }
        }
        if is_known {
            self.notice_resize(pod, at);
        }
        let Some(local) = self.pods.get_mut(uid) else { return };
        if pod.is_terminating() {
            let seconds = pod.object.value()["metadata"]["deletionGracePeriodSeconds"].as_u64().unwrap_or(0);
            local.ask_to_stop(at, Duration::from_secs(seconds));
        } else if pod.phase == Phase::Running && !is_known {
            // It was found as its status says: the next change is its own.
            if let Some(next) = local.next(at) {
                self.timers.set(Task::Pod(uid.clone()), next);
            }
            return;
        }
        self.timers.set_earlier(Task::Pod(uid.clone()), at + LAG);
    }

    /// A pod that ran already when this began: it runs on.
    fn adopt(&mut self, local: &mut Local, pod: &Pod, at: Duration) {
        let started = pod.ready_since.unwrap_or(pod.created);
        local.started = Some(started);
        local.is_mounted = true;
        let now = self.environment.now();
        let restarts = local.restarts();
        let healthy = Arc::clone(&self.behaviours.healthy);
        let behaviours: Vec<_> = (0..local.runs.len()).map(|at| local.behaviour_of(at, &healthy)).collect();
        let containers = local.spec.containers.iter().zip(&behaviours);
        local.runs = containers
            .map(|(container, behaviour)| {
                let around = Surroundings {
                    at,
                    now,
                    container,
                    behaviour,
                    restarts,
                    pull: Duration::ZERO,
                    image: Ok(()),
                    lacks_names: false,
                };
                Run::found(&around, started, pod.is_ready(), pod.restarts)
            })
            .collect();
        if let Some(machine) = self.machines.get_mut(&local.node) {
            for container in &local.spec.containers {
                machine.keep_image(&container.image);
            }
        }
    }

    fn forget(&mut self, pod: &Pod) {
        let uid = &pod.object.uid;
        if self.pods.remove(uid).is_none() {
            return;
        }
        self.behaviours.forget(uid);
        self.timers.cancel(&Task::Pod(uid.clone()));
        if let Some(machine) = self.machines.get_mut(&pod.node) {
            machine.pods.remove(uid);
        }
    }

    /// Looks after a pod: what is due is done, told, and the next time set.
    pub(super) fn look(&mut self, uid: &str, moment: Moment<'_>) {
        let Some(mut local) = self.pods.remove(uid) else { return };
        let is_kept = self.look_after(&mut local, moment);
        if is_kept {
            self.pods.insert(local.uid.clone(), local);
        } else if let Some(machine) = self.machines.get_mut(&local.node) {
            machine.pods.remove(uid);
        }
    }

    /// Whether the pod stays.
    fn look_after(&mut self, local: &mut Local, moment: Moment<'_>) -> bool {
        let acts = self.machines.get(&local.node).is_some_and(|own| own.acts() && own.runtime_down.is_none());
        if !acts {
            // When it can act again, everything on its node is looked at.
            return true;
        }
        let at = moment.at;
        let now = moment.registry.now();
        local.started.get_or_insert(now);
        local.is_mounted |= self.machines.get(&local.node).is_some_and(|own| own.is_storage_up);
        if !local.is_mounted && local.stop.is_none() {
            self.timers.set(Task::Pod(local.uid.clone()), at + MOUNT_TIMEOUT);
            if !self.speaks(local) {
                return true;
            }
            let waited = local.started.and_then(|since| Duration::try_from(now.duration_since(since)).ok());
            if waited.is_some_and(|waited| waited >= MOUNT_TIMEOUT) {
                let message = "Unable to attach or mount volumes: unmounted volumes=[data]: timed out waiting for \
                               the condition";
                events::say(local, "FailedMount", message, moment);
            }
            return write(local, moment, now);
        }
        self.settle(local);
        if local.verdict.is_none() {
            for container in 0..local.runs.len() {
                self.advance(local, container, at, now);
                if self.speaks(local) {
                    events::tell(local, container, moment);
                }
            }
        }
        if self.speaks(local) {
            self.resize(local, moment);
        } else {
            self.set_next(local, at);
            return true;
        }
        let is_there = write(local, moment, now);
        if !is_there {
            return false;
        }
        if local.stop.is_some() && local.is_over() {
            let uid = Some(local.uid.to_string());
            let deletion = Deletion { uid, grace_seconds: Some(0), ..Deletion::default() };
            // A finalizer may hold it: then it stays without containers.
            let _ = moment.registry.delete(&local.address, &deletion);
            return true;
        }
        self.set_next(local, at);
        true
    }

    fn speaks(&self, local: &Local) -> bool {
        self.machines.get(&local.node).is_some_and(Machine::speaks)
    }

    fn set_next(&mut self, local: &Local, at: Duration) {
        if let Some(next) = local.next(at) {
            self.timers.set(Task::Pod(local.uid.clone()), next);
        }
    }

    /// What a pod gets with its sandbox.
    fn settle(&mut self, local: &mut Local) {
        if local.ip.is_empty()
            && let Some(machine) = self.machines.get_mut(&local.node)
        {
            local.ip = machine.address();
        }
    }

    fn advance(&mut self, local: &mut Local, number: usize, at: Duration, now: Timestamp) {
        let spec = Arc::clone(&local.spec);
        let container = &spec.containers[number];
        let behaviour = local.behaviour_of(number, &self.behaviours.healthy);
        let starts_a_pull = matches!(local.runs[number].state, State::New | State::NoImage { .. });
        let pull = if starts_a_pull { self.pull_time(local, &container.image) } else { Duration::ZERO };
        let has_image = self.machines.get(&local.node).is_some_and(|own| own.has_image(&container.image));
        let image = if has_image && !images::is_pulled_always(&container.image) {
            Ok(())
        } else {
            self.images.pull(&container.image)
        };
        let restarts = local.restarts();
        let (behaviour, lacks_names) = (&*behaviour, self.lacks_names);
        let around = Surroundings { at, now, container, behaviour, restarts, pull, image, lacks_names };
        if local.stop.is_some() {
            local.stop_due(number, &around);
            return;
        }
        local.runs[number].step(&around);
        if matches!(local.runs[number].state, State::Running(_))
            && let Some(machine) = self.machines.get_mut(&local.node)
        {
            machine.keep_image(&container.image);
        }
    }

    fn pull_time(&mut self, local: &Local, image: &str) -> Duration {
        let has_image = self.machines.get(&local.node).is_some_and(|own| own.has_image(image));
        if has_image && !images::is_pulled_always(image) {
            return Duration::ZERO;
        }
        PULL_MIN + self.up_to(PULL_MAX.checked_sub(PULL_MIN).unwrap_or_default())
    }

    /// Everything on a node is looked at anew: its kubelet is back.
    pub(super) fn resync(&mut self, node: &str, moment: Moment<'_>) {
        let Some(machine) = self.machines.get(node) else { return };
        for uid in machine.pods.clone() {
            let address = self.pods.get(&uid).map(|local| Arc::clone(&local.address));
            let is_there = address
                .and_then(|address| moment.view.pods.get(&address))
                .is_some_and(|pod| pod.object.uid == uid);
            if is_there {
                self.timers.set_earlier(Task::Pod(uid), moment.at + LAG);
            } else {
                self.pods.remove(&uid);
                self.timers.cancel(&Task::Pod(uid.clone()));
                if let Some(machine) = self.machines.get_mut(node) {
                    machine.pods.remove(&uid);
                }
            }
        }
        for pod in moment.view.pods.on_node(node) {
            self.take_over(pod, moment.at);
        }
    }

    /// Names are resolved no longer, or again: whoever needs them finds out.
    pub(super) fn set_names(&mut self, lacks_names: bool, at: Duration) {
        if std::mem::replace(&mut self.lacks_names, lacks_names) == lacks_names {
            return;
        }
        let now = self.environment.now();
        for (uid, local) in self.pods.iter_mut().filter(|(_, local)| local.behaviour.needs_names) {
            let restarts = local.restarts();
            let (behaviour, pull, image) = (&*local.behaviour, Duration::ZERO, Ok(()));
            if let (Some(container), Some(run)) = (local.spec.containers.first(), local.runs.first_mut()) {
                let around =
                    Surroundings { at, now, container, behaviour, restarts, pull, image, lacks_names };
                run.hear_of_names(&around);
            }
            self.timers.set_earlier(Task::Pod(uid.clone()), at + LAG);
        }
    }

    /// A pod, or its first container, behaves otherwise from now on.
    pub(super) fn change_behaviour(&mut self, uid: &str, behaviour: Arc<Behaviour>, moment: Moment<'_>) {
        let Some(mut local) = self.pods.remove(uid) else { return };
        local.behaviour = behaviour;
        if let (Some(container), Some(run)) = (local.spec.containers.first(), local.runs.first_mut()) {
            let restarts: fn(super::behaviour::Ending) -> bool = |_| true;
            let behaviour = &local.behaviour;
            let (at, now) = (moment.at, moment.registry.now());
            let around = Surroundings {
                at,
                now,
                container,
                behaviour,
                restarts,
                pull: Duration::ZERO,
                image: Ok(()),
                lacks_names: self.lacks_names,
            };
            run.disturb(&around);
        }
        self.pods.insert(uid.into(), local);
        self.timers.set_earlier(Task::Pod(uid.into()), moment.at + LAG);
    }
}

/// Tells how a pod is. Whether it is still the pod that is meant.
fn write(local: &Local, moment: Moment<'_>, now: Timestamp) -> bool {
    let told = moment.registry.modify(&local.address, Part::Status, |value| {
        if value["metadata"]["uid"] != local.uid.as_str() {
            return Err(Status::conflict(&local.address));
        }
        status::write(&mut value["status"], local, moment.at, now);
        Ok(())
    });
    told.is_ok()
}

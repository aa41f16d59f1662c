//! What kubelets tell of containers, in Events.

use std::time::Duration;

use super::behaviour::Ending;
use super::container::{Run, State};
use super::local::Local;
use crate::controllers::{Moment, Note};

/// Who tells it.
const BY: &str = "kubelet";

/// How a container was when something was last told of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Mood {
    /// Nothing to tell.
    #[default]
    Fine,
    /// Its image did not come.
    NoImage,
    /// It waits to be started again.
    BackOff,
    /// It serves.
    Ready,
    /// It runs, and does not serve any more.
    Unhealthy,
    /// It hung, and was killed for it.
    Killed,
    /// It is asked to end.
    Stopping,
}

impl Mood {
    fn of(run: &Run, before: Self, is_stopping: bool, at: Duration) -> Self {
        match &run.state {
            State::Running(_) if is_stopping => Self::Stopping,
            State::Running(_) if run.is_ready(at) => Self::Ready,
            State::Running(_) if matches!(before, Self::Ready | Self::Unhealthy) => Self::Unhealthy,
            State::NoImage { .. } => Self::NoImage,
            State::BackOff { .. } => Self::BackOff,
            State::Ended { exit, again: Some(_) } if exit.ending == Ending::Killed => Self::Killed,
            _ => Self::Fine,
        }
    }
}

/// Tells what has become of a container of a pod since the last time.
pub(super) fn tell(local: &mut Local, number: usize, moment: Moment<'_>) {
    let run = &local.runs[number];
    let mood = Mood::of(run, run.mood, local.stop.is_some(), moment.at);
    if mood == run.mood {
        return;
    }
    let container = &local.spec.containers[number];
    let (name, image) = (&container.name, &container.image);
    let told = match (&mood, &run.state) {
        (Mood::NoImage, State::NoImage { message, .. }) => {
            Some(("Failed", format!("Failed to pull image \"{image}\": {message}")))
        }
        (Mood::BackOff, _) => {
            let pod = format!("{}_{}({})", local.address.name, local.address.namespace, local.uid);
            Some(("BackOff", format!("Back-off restarting failed container {name} in pod {pod}")))
        }
        (Mood::Unhealthy, _) => {
            Some(("Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 503".to_owned()))
        }
        (Mood::Killed, _) => {
            Some(("Killing", format!("Container {name} failed liveness probe, will be restarted")))
        }
        (Mood::Stopping, _) => Some(("Killing", format!("Stopping container {name}"))),
        _ => None,
    };
    if let Some((reason, message)) = told {
        say(local, reason, &message, moment);
    }
    local.runs[number].mood = mood;
}

/// Tells something of a pod.
pub(super) fn say(local: &Local, reason: &str, message: &str, moment: Moment<'_>) {
    moment.tell(Note { about: &local.address, uid: &local.uid, reason, message, by: BY });
}

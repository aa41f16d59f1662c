//! The status of a pod, as its kubelet writes it.

use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::container::{Exit, Run, State};
use super::local::Local;
use crate::controllers::condition::{self, Condition};
use crate::registry::time;
use crate::view::Phase;
use crate::view::container::Container;

/// The order in which a kubelet lists conditions; those of others come last.
const ORDER: &[&str] =
    &["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"];

/// Writes what the kubelet knows; leaves what others have written.
pub(super) fn write(status: &mut Value, local: &Local, at: Duration, now: Timestamp) {
    if !status.is_object() {
        *status = json!({});
    }
    status["phase"] = local.phase_name().into();
    if let Some(started) = local.started {
        status["startTime"] = time(started).into();
    }
    if !local.ip.is_empty() {
        status["podIP"] = local.ip.as_str().into();
        status["podIPs"] = json!([{"ip": local.ip}]);
    }
    if let Some(verdict) = &local.verdict {
        status["reason"] = verdict.reason.into();
        status["message"] = verdict.message.as_str().into();
    }
    write_conditions(status, local, at, now);
    let containers = local.spec.containers.iter().zip(&local.runs);
    let mut statuses: Vec<Value> =
        containers.map(|(container, run)| shown(local, container, run, at)).collect();
    let before = status["containerStatuses"].as_array().into_iter().flatten();
    for (shown, before) in statuses.iter_mut().zip(before) {
        // What a resize has given it.
        for kept in ["resources", "allocatedResources"] {
            if let Some(value) = before.get(kept) {
                shown[kept] = value.clone();
            }
        }
    }
    status["containerStatuses"] = statuses.into();
}

fn write_conditions(status: &mut Value, local: &Local, at: Duration, now: Timestamp) {
    let unready: Vec<&str> = local
        .spec
        .containers
        .iter()
        .zip(&local.runs)
        .filter(|(_, run)| !run.is_ready(at))
        .map(|(container, _)| container.name.as_str())
        .collect();
    let mut say = |kind, is_so, reason, message: &str| {
        let to = if is_so { "True" } else { "False" };
        condition::set(status, Condition { kind, status: to, reason, message }, now);
    };
    let has_ended = matches!(local.phase(), Phase::Succeeded | Phase::Failed);
    if has_ended {
        say("PodReadyToStartContainers", false, "PodSandboxNotReady", "pod sandbox is not ready");
    } else {
        say("PodReadyToStartContainers", !local.ip.is_empty(), "", "");
    }
    let is_done = local.phase() == Phase::Succeeded;
    say("Initialized", true, if is_done { "PodCompleted" } else { "" }, "");
    let message = format!("containers with unready status: [{}]", unready.join(" "));
    for kind in ["Ready", "ContainersReady"] {
        match local.phase() {
            Phase::Succeeded => say(kind, false, "PodCompleted", ""),
            Phase::Failed => say(kind, false, "PodFailed", ""),
            _ if unready.is_empty() => say(kind, true, "", ""),
            _ => say(kind, false, "ContainersNotReady", &message),
        }
    }
    if let Some(all) = status["conditions"].as_array_mut() {
        all.sort_by_key(|one| ORDER.iter().position(|kind| one["type"] == *kind).unwrap_or(ORDER.len()));
    }
}

fn shown(local: &Local, container: &Container, run: &Run, at: Duration) -> Value {
    let is_running = matches!(run.state, State::Running(_));
    let mut shown = json!({
        "name": container.name, "image": container.image, "imageID": "", "restartCount": run.restarts,
        "ready": run.is_ready(at), "started": is_running, "state": state(local, container, run, at),
        "lastState": {},
    });
    let was = match &run.state {
        // The last one is what is shown; what went before it is no longer.
        State::Ended { .. } => None,
        _ => run.last.as_deref(),
    };
    if let Some(exit) = was {
        shown["lastState"] = json!({"terminated": terminated(local, container, exit)});
    }
    let has_run = is_running || was.is_some() || matches!(run.state, State::Ended { .. });
    if has_run {
        shown["containerID"] = id(local, container, run.restarts).into();
        shown["imageID"] = format!("{}@sha256:0", container.image).into();
    }
    shown
}

fn state(local: &Local, container: &Container, run: &Run, at: Duration) -> Value {
    let waiting = |reason: &str, message: &str| {
        let mut waiting = json!({"reason": reason});
        if !message.is_empty() {
            waiting["message"] = message.into();
        }
        json!({"waiting": waiting})
    };
    match &run.state {
        State::New | State::Pulling { .. } => waiting("ContainerCreating", ""),
        State::NoImage { message, .. } if run.is_backing_off(at) => {
            let image = &container.image;
            let said = format!("Back-off pulling image \"{image}\": ErrImagePull: {message}");
            waiting("ImagePullBackOff", &said)
        }
        State::NoImage { message, .. } => waiting("ErrImagePull", message),
        State::Running(life) => json!({"running": {"startedAt": time(life.started)}}),
        State::Ended { exit, .. } => json!({"terminated": terminated(local, container, exit)}),
        State::BackOff { wait, .. } => {
            let pod = format!("{}_{}({})", local.address.name, local.address.namespace, local.uid);
            let wait = shown_wait(*wait);
            let message = format!("back-off {wait} restarting failed container={} pod={pod}", container.name);
            waiting("CrashLoopBackOff", &message)
        }
    }
}

/// As Go writes a duration: `10s`, `2m40s`, `5m0s`.
fn shown_wait(wait: Duration) -> String {
    let seconds = wait.as_secs();
    if seconds < 60 { format!("{seconds}s") } else { format!("{}m{}s", seconds / 60, seconds % 60) }
}

fn terminated(local: &Local, container: &Container, exit: &Exit) -> Value {
    json!({
        "exitCode": exit.ending.code(), "reason": exit.ending.reason(),
        "startedAt": time(exit.started), "finishedAt": time(exit.finished),
        "containerID": id(local, container, 0),
    })
}

fn id(local: &Local, container: &Container, restarts: u32) -> String {
    format!("containerd://{}-{}-{restarts}", local.uid, container.name)
}

//! A pod's containers, as far as something about them is worth telling.

use cluster::views;
use jiff::{SignedDuration, Timestamp};

use super::name::{Interner, Name};
use super::stamp::Stamp;
use super::text;

/// A container that does not simply run, or did not always.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Container {
    pub(crate) name: Name,
    /// The image asked for.
    pub(crate) image: Name,
    /// Its memory limit, in the API's notation.
    pub(crate) memory_limit: Option<Name>,
    pub(crate) state: State,
    /// How its run before this one ended.
    pub(crate) last: Option<Box<Ended>>,
    /// How often it was started again.
    pub(crate) restarts: u32,
    /// Whether it passes its readiness probe.
    pub(crate) ready: bool,
    /// Whether it passed its startup probe, if it has one.
    pub(crate) started: bool,
    /// Whether it has to end before the others begin.
    pub(crate) init: bool,
}

/// What a container does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting { reason: Name, message: Box<str> },
    Running { since: Stamp },
    Ended(Box<Ended>),
}

/// How a run of a container ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) exit_code: i32,
    pub(crate) signal: Option<i32>,
    /// `Error`, `OOMKilled`, `Completed`.
    pub(crate) reason: Name,
    /// What it said last.
    pub(crate) message: Box<str>,
    pub(crate) started: Stamp,
    pub(crate) finished: Stamp,
}

impl Ended {
    pub(crate) fn is_oom_kill(&self) -> bool {
        *self.reason == *"OOMKilled"
    }

    /// How long the run lasted, if its beginning and end are known.
    pub(crate) fn ran_for(&self) -> Option<SignedDuration> {
        Some(self.finished.get()?.duration_since(self.started.get()?))
    }

    fn new(view: &views::Terminated, names: &mut Interner) -> Self {
        Self {
            exit_code: view.exit_code,
            // Some runtimes write zero for "none".
            signal: view.signal.filter(|signal| *signal != 0),
            reason: names.intern(&view.reason),
            message: text::tail(&view.message),
            started: view.started_at.into(),
            finished: view.finished_at.into(),
        }
    }
}

impl Container {
    /// Takes back times that lie ahead of `now`.
    pub(super) fn take_back(&mut self, now: Timestamp) {
        if let State::Running { since } = &mut self.state {
            *since = since.at_most(now);
        }
        let current = match &mut self.state {
            State::Ended(ended) => Some(ended),
            _ => None,
        };
        for ended in current.into_iter().chain(&mut self.last) {
            ended.started = ended.started.at_most(now);
            ended.finished = ended.finished.at_most(now);
        }
    }

    /// The end of its latest run that ended, if it had one.
    pub(crate) fn latest_end(&self) -> Option<&Ended> {
        match &self.state {
            State::Ended(ended) => Some(ended),
            _ => self.last.as_deref(),
        }
    }

    /// Since when it runs; none while it does not.
    pub(crate) fn running_since(&self) -> Option<Stamp> {
        match self.state {
            State::Running { since } => Some(since),
            _ => None,
        }
    }

    fn new(
        status: &views::ContainerStatus,
        spec: Option<&views::Container>,
        init: bool,
        names: &mut Interner,
    ) -> Self {
        let image = spec.map_or(&status.image, |spec| &spec.image);
        let limit = spec.and_then(|spec| spec.resources.limits.get("memory")).unwrap_or_default();
        let last = status.last_state.terminated.as_deref();
        Self {
            name: names.intern(&status.name),
            image: names.intern(image),
            memory_limit: names.intern_some(limit),
            state: state(&status.state, names),
            last: last.map(|ended| Box::new(Ended::new(ended, names))),
            restarts: status.restart_count,
            ready: status.ready,
            // Missing until the kubelet has looked: nothing is known against it.
            started: status.started.unwrap_or(true),
            // A sidecar is listed among the init containers, and runs like any other.
            init: init && spec.is_none_or(|spec| spec.restart_policy != "Always"),
        }
    }
}

fn state(state: &views::State, names: &mut Interner) -> State {
    if let Some(ended) = &state.terminated {
        return State::Ended(Box::new(Ended::new(ended, names)));
    }
    if let Some(running) = &state.running {
        return State::Running { since: running.started_at.into() };
    }
    let (reason, message) = match &state.waiting {
        Some(waiting) => (waiting.reason.as_str(), waiting.message.as_str()),
        None => ("", ""),
    };
    State::Waiting { reason: names.intern(reason), message: text::head(message) }
}

/// The containers of a pod that are worth telling of, in the order in which they are started.
pub(super) fn notable(pod: &views::Pod, names: &mut Interner) -> Box<[Container]> {
    let finished = pod.is_finished();
    let (status, spec) = (&pod.status, &pod.spec);
    let of = |statuses: &[views::ContainerStatus], specs: &[views::Container], init, names: &mut Interner| {
        let notable = statuses.iter().filter(|status| is_notable(status, init, finished));
        notable
            .map(|status| {
                let spec = specs.iter().find(|spec| spec.name == status.name);
                Container::new(status, spec, init, names)
            })
            .collect::<Vec<_>>()
    };
    let mut all = of(&status.init_container_statuses, &spec.init_containers, true, names);
    all.extend(of(&status.container_statuses, &spec.containers, false, names));
    all.into()
}

/// Whether a container's status says more than that all is well, or is about to be.
fn is_notable(status: &views::ContainerStatus, init: bool, pod_finished: bool) -> bool {
    let ended = |state: &views::State| state.terminated.as_ref().map(|ended| ended.reason == "OOMKilled");
    if pod_finished {
        // Of what will never run again, only the kills are news.
        return ended(&status.state) == Some(true) || ended(&status.last_state) == Some(true);
    }
    if status.last_state.terminated.is_some() {
        return true;
    }
    if let Some(ended) = &status.state.terminated {
        return ended.exit_code != 0 || !init;
    }
    if status.state.running.is_some() {
        // An init container that runs is not ready by its nature.
        return !status.ready && !init;
    }
    let reason = status.state.waiting.as_ref().map_or("", |waiting| waiting.reason.as_str());
    !matches!(reason, "" | "ContainerCreating" | "PodInitializing")
}

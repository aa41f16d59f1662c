//! A pod as its kubelet knows it.

use std::sync::Arc;
use std::time::Duration;

use compact_str::CompactString;
use jiff::Timestamp;

use super::behaviour::{Behaviour, Ending};
use super::container::{Run, State, Surroundings};
use crate::storage::Address;
use crate::view::{Phase, Pod, Spec};

/// A pod on a machine.
#[derive(Debug)]
pub(super) struct Local {
    pub(super) address: Arc<Address>,
    pub(super) uid: CompactString,
    pub(super) node: CompactString,
    pub(super) spec: Arc<Spec>,
    /// How it is to be instead, where it was changed since.
    pub(super) wanted: Option<Arc<Spec>>,
    /// What its first container does; the others are healthy.
    pub(super) behaviour: Arc<Behaviour>,
    pub(super) ip: CompactString,
    pub(super) started: Option<Timestamp>,
    /// Whether its volumes are there, if it has any.
    pub(super) is_mounted: bool,
    pub(super) runs: Box<[Run]>,
    pub(super) stop: Option<Stop>,
    /// Why its kubelet ended it.
    pub(super) verdict: Option<Box<Verdict>>,
}

/// Its end was asked for.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stop {
    since: Duration,
    deadline: Duration,
}

/// Why a kubelet ended a pod by itself.
#[derive(Clone, Debug)]
pub(super) struct Verdict {
    /// `Evicted`.
    pub(super) reason: &'static str,
    /// The sentence.
    pub(super) message: String,
}

impl Local {
    /// A pod that has just been bound.
    pub(super) fn new(pod: &Pod, behaviour: Arc<Behaviour>) -> Self {
        Self {
            address: Arc::clone(&pod.address),
            uid: pod.object.uid.clone(),
            node: pod.node.clone(),
            spec: Arc::clone(&pod.spec),
            wanted: None,
            behaviour,
            ip: pod.ip.clone(),
            started: None,
            is_mounted: !pod.spec.has_claim,
            runs: pod.spec.containers.iter().map(|_| Run::new()).collect(),
            stop: None,
            verdict: None,
        }
    }

    /// What its container of a number does.
    pub(super) fn behaviour_of(&self, container: usize, healthy: &Arc<Behaviour>) -> Arc<Behaviour> {
        if container == 0 { Arc::clone(&self.behaviour) } else { Arc::clone(healthy) }
    }

    /// Whether containers are started again, by how they ended.
    pub(super) fn restarts(&self) -> fn(Ending) -> bool {
        match self.spec.restart_policy.as_str() {
            "Never" => |_| false,
            "OnFailure" => |ending| ending.code() != 0,
            _ => |_| true,
        }
    }

    /// Its end is asked for: at once, or by a deadline. A later word may only shorten it.
    pub(super) fn ask_to_stop(&mut self, at: Duration, grace: Duration) {
        let deadline = at + grace;
        match &mut self.stop {
            Some(stop) => stop.deadline = stop.deadline.min(deadline),
            None => self.stop = Some(Stop { since: at, deadline }),
        }
    }

    /// Whether all of its containers ended for good.
    pub(super) fn is_over(&self) -> bool {
        self.verdict.is_some() || self.runs.iter().all(Run::is_over)
    }

    /// Ends the container of a number if it is time.
    pub(super) fn stop_due(&mut self, container: usize, around: &Surroundings<'_>) {
        let Some(stop) = self.stop else { return };
        let run = &mut self.runs[container];
        if !matches!(run.state, State::Running(_)) {
            run.stop(Ending::Killed, around);
            return;
        }
        let listens = around.behaviour.stops_in.map(|takes| stop.since + takes);
        match listens {
            Some(until) if until <= stop.deadline && until <= around.at => run.stop(Ending::Exit(0), around),
            _ if stop.deadline <= around.at => run.stop(Ending::Killed, around),
            _ => {}
        }
    }

    /// When something is due next.
    pub(super) fn next(&self, at: Duration) -> Option<Duration> {
        if let Some(stop) = self.stop {
            let listens = self.behaviour.stops_in.map(|takes| stop.since + takes);
            let healthy = stop.since + Behaviour::default().stops_in.unwrap_or_default();
            let times = listens.into_iter().chain([healthy, stop.deadline]);
            return times.filter(|time| *time > at).min();
        }
        self.runs.iter().filter_map(|run| run.next(at)).min()
    }

    /// Its phase.
    pub(super) fn phase(&self) -> Phase {
        if self.verdict.is_some() {
            return Phase::Failed;
        }
        let codes = self.runs.iter().map(|run| match &run.state {
            State::Ended { exit, again: None } => Some(exit.ending.code()),
            _ => None,
        });
        let codes: Option<Vec<i32>> = codes.collect();
        match codes {
            Some(codes) if codes.iter().all(|code| *code == 0) => Phase::Succeeded,
            Some(_) => Phase::Failed,
            None if self.runs.iter().any(has_not_begun) => Phase::Pending,
            None => Phase::Running,
        }
    }

    /// The name of the phase.
    pub(super) fn phase_name(&self) -> &'static str {
        match self.phase() {
            Phase::Succeeded => "Succeeded",
            Phase::Failed => "Failed",
            Phase::Pending => "Pending",
            Phase::Running | Phase::Unknown => "Running",
        }
    }
}

fn has_not_begun(run: &Run) -> bool {
    let is_before = matches!(run.state, State::New | State::Pulling { .. } | State::NoImage { .. });
    is_before && run.last.is_none()
}

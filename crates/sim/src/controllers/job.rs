//! Job: pods that run to their end, again until enough have succeeded or too many have failed.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::condition::{self, Condition};
use super::{Context, Controller, pod_template};
use crate::kinds;
use crate::registry::time;
use crate::storage::Address;
use crate::view::{Phase, Pod};

/// The first wait after a failed pod, and the longest.
const BACK_OFF: Duration = Duration::from_secs(10);
const BACK_OFF_MAX: Duration = Duration::from_mins(6);

/// A Job as it was read, and how its pods are.
struct Job {
    address: Address,
    value: Value,
    active: Vec<Arc<Pod>>,
    succeeded: i64,
    failed: i64,
    /// When the last of the failed pods ended.
    last_failure: Option<Timestamp>,
}

/// Takes a Job one step on.
pub(super) fn work(cx: &mut Context<'_>, address: &Address) {
    let Some(value) = cx.read(address) else { return };
    if !value["metadata"]["deletionTimestamp"].is_null() {
        return;
    }
    if let Some(end) = ended(&value["status"]) {
        forget_later(cx, address, &value, end);
        return;
    }
    let job = Job::new(cx, address, value);
    match job.verdict(cx) {
        Some(verdict) => job.finish(cx, &verdict),
        None => job.carry_on(cx),
    }
}

/// How a Job ends.
struct Verdict {
    kind: &'static str,
    reason: &'static str,
    message: &'static str,
}

impl Job {
    fn new(cx: &Context<'_>, address: &Address, value: Value) -> Self {
        let uid = value["metadata"]["uid"].as_str().unwrap_or_default();
        let pods: Vec<Arc<Pod>> = cx.view.pods.controlled_by(uid).cloned().collect();
        let count = |phase| pods.iter().filter(|pod| pod.phase == phase).count() as i64;
        // What was counted stays counted when pods are deleted.
        let counted = |field: &str, now: i64| value["status"][field].as_i64().unwrap_or(0).max(now);
        let failures = pods.iter().filter(|pod| pod.phase == Phase::Failed);
        Self {
            address: address.clone(),
            succeeded: counted("succeeded", count(Phase::Succeeded)),
            failed: counted("failed", count(Phase::Failed)),
            last_failure: failures.filter_map(|pod| finished_at(&pod.object.value())).max(),
            active: pods.into_iter().filter(|pod| pod.is_active()).collect(),
            value,
        }
    }

    fn number(&self, field: &str, default: i64) -> i64 {
        self.value["spec"][field].as_i64().unwrap_or(default)
    }

    fn completions(&self) -> i64 {
        self.number("completions", 1)
    }

    fn started(&self) -> Option<Timestamp> {
        condition::read_time(&self.value["status"]["startTime"])
    }

    fn verdict(&self, cx: &mut Context<'_>) -> Option<Verdict> {
        let restarts: i64 = self.active.iter().map(|pod| i64::from(pod.restarts)).sum();
        if self.failed + restarts > self.number("backoffLimit", 6) {
            let message = "Job has reached the specified backoff limit";
            return Some(Verdict { kind: "Failed", reason: "BackoffLimitExceeded", message });
        }
        if self.succeeded >= self.completions() {
            let message = "Reached expected number of succeeded pods";
            return Some(Verdict { kind: "Complete", reason: "CompletionsReached", message });
        }
        let deadline_s = self.value["spec"]["activeDeadlineSeconds"].as_i64()?;
        let until = self.started()?.checked_add(SignedDuration::from_secs(deadline_s)).ok()?;
        if until > cx.now {
            cx.when(Controller::Job, &self.address, until);
            return None;
        }
        let message = "Job was active longer than specified deadline";
        Some(Verdict { kind: "Failed", reason: "DeadlineExceeded", message })
    }

    fn finish(&self, cx: &mut Context<'_>, verdict: &Verdict) {
        for pod in &self.active {
            cx.delete(&pod.address, &pod.object.uid);
        }
        let Verdict { kind, reason, message } = *verdict;
        let now = cx.now;
        cx.change_status(&self.address, |status| {
            self.count(status, 0, now);
            // The first is said when the outcome is sure, the second when all pods have ended.
            let first = if kind == "Complete" { "SuccessCriteriaMet" } else { "FailureTarget" };
            for kind in [first, kind] {
                condition::set(status, Condition { kind, status: "True", reason, message }, now);
            }
            if kind == "Complete" {
                status["completionTime"] = time(now).into();
            }
        });
        self.look_at_end(cx);
    }

    fn look_at_end(&self, cx: &mut Context<'_>) {
        if let Some(ttl_s) = self.value["spec"]["ttlSecondsAfterFinished"].as_u64() {
            cx.after(Controller::Job, &self.address, Duration::from_secs(ttl_s.max(1)));
        }
    }

    fn carry_on(&self, cx: &mut Context<'_>) {
        let is_suspended = self.value["spec"]["suspend"] == true;
        let active = self.active.len() as i64;
        let left = self.completions() - self.succeeded;
        let parallel = self.number("parallelism", 1).min(left);
        let missing = if is_suspended { 0 } else { parallel - active };
        if missing > 0 && !self.is_too_early(cx) {
            for _ in 0..missing {
                let mut pod = pod_template::pod(kinds::JOB, &self.value);
                pod["metadata"]["generateName"] = format!("{}-", self.address.name).into();
                let labels = &mut pod["metadata"]["labels"];
                for label in ["batch.kubernetes.io/job-name", "job-name"] {
                    labels[label] = self.address.name.as_str().into();
                }
                if cx.create(&pod_template::pods_of(&self.address), pod).is_err() {
                    cx.after(Controller::Job, &self.address, BACK_OFF);
                }
            }
        }
        if is_suspended || missing < 0 {
            let surplus = usize::try_from(if is_suspended { active } else { -missing }).unwrap_or(0);
            for pod in self.active.iter().rev().take(surplus) {
                cx.delete(&pod.address, &pod.object.uid);
            }
        }
        let now = cx.now;
        cx.change_status(&self.address, |status| self.count(status, active + missing.max(0), now));
    }

    /// Whether the time after a failure is not over yet.
    fn is_too_early(&self, cx: &mut Context<'_>) -> bool {
        let Some(last) = self.last_failure else { return false };
        let doublings = u32::try_from(self.failed - 1).unwrap_or(0).min(10);
        let wait = (BACK_OFF * 2_u32.pow(doublings)).min(BACK_OFF_MAX);
        let Ok(from) = last.checked_add(wait) else { return false };
        if from <= cx.now {
            return false;
        }
        cx.when(Controller::Job, &self.address, from);
        true
    }

    fn count(&self, status: &mut Value, active: i64, now: Timestamp) {
        if status.is_null() {
            *status = json!({});
        }
        if status["startTime"].is_null() {
            status["startTime"] = time(now).into();
        }
        let ready = self.active.iter().filter(|pod| pod.is_ready()).count();
        status["ready"] = ready.into();
        status["terminating"] = 0.into();
        status["uncountedTerminatedPods"] = json!({});
        for (field, count) in [("active", active), ("succeeded", self.succeeded), ("failed", self.failed)] {
            if count > 0 {
                status[field] = count.into();
            } else if let Some(fields) = status.as_object_mut() {
                fields.remove(field);
            }
        }
    }
}

/// When a Job ended, if it did.
fn ended(status: &Value) -> Option<Timestamp> {
    ["Complete", "Failed"].into_iter().map(|kind| condition::find(status, kind)).find_map(|one| {
        (one["status"] == "True").then(|| condition::read_time(&one["lastTransitionTime"])).flatten()
    })
}

fn forget_later(cx: &mut Context<'_>, address: &Address, value: &Value, end: Timestamp) {
    let Some(ttl_s) = value["spec"]["ttlSecondsAfterFinished"].as_i64() else { return };
    let Ok(from) = end.checked_add(SignedDuration::from_secs(ttl_s)) else { return };
    if from > cx.now {
        cx.when(Controller::Job, address, from);
    } else {
        cx.delete(address, value["metadata"]["uid"].as_str().unwrap_or_default());
    }
}

fn finished_at(pod: &Value) -> Option<Timestamp> {
    let containers = pod["status"]["containerStatuses"].as_array()?;
    let ends =
        containers.iter().filter_map(|one| condition::read_time(&one["state"]["terminated"]["finishedAt"]));
    ends.max()
}

//! Pods: how many of their containers are ready, and the word for what they are at.

use jiff::Timestamp;
use serde_json::Value;

use super::age;
use super::column::{AGE, Column, NAME, count, items, or, text, wide};

pub(super) const COLUMNS: &[Column] = &[
    NAME,
    text("Ready", |pod, _| {
        let summary = Summary::of(pod);
        format!("{}/{}", summary.ready, summary.total).into()
    }),
    text("Status", |pod, _| Summary::of(pod).word.into()),
    text("Restarts", restarts),
    AGE,
    wide("IP", |pod, _| or(&pod["status"]["podIP"], "<none>").into()),
    wide("Node", |pod, _| or(&pod["spec"]["nodeName"], "<none>").into()),
    wide("Nominated Node", |pod, _| or(&pod["status"]["nominatedNodeName"], "<none>").into()),
    wide("Readiness Gates", |pod, _| gates(pod).into()),
];

/// What is said of a pod's containers together.
struct Summary {
    ready: usize,
    total: usize,
    word: String,
    restarts: i64,
    /// When one of them ended last and was begun again.
    restarted: Value,
}

impl Summary {
    fn of(pod: &Value) -> Self {
        let status = &pod["status"];
        let mut summary = Self {
            ready: 0,
            total: items(&pod["spec"]["containers"]).count(),
            word: or(&status["reason"], or(&status["phase"], "")).to_owned(),
            restarts: 0,
            restarted: Value::Null,
        };
        summary.total += items(&pod["spec"]["initContainers"]).filter(|own| is_sidecar(own)).count();
        if !condition(pod, "PodScheduled", "reason", "SchedulingGated").is_empty() {
            "SchedulingGated".clone_into(&mut summary.word);
        }
        let is_initializing = summary.initialize(pod);
        if !is_initializing || !condition(pod, "Initialized", "status", "True").is_empty() {
            summary.run(pod);
        }
        summary.end(pod);
        summary
    }

    /// Whether its init containers are not done yet.
    fn initialize(&mut self, pod: &Value) -> bool {
        let planned = &pod["spec"]["initContainers"];
        for (at, container) in items(&pod["status"]["initContainerStatuses"]).enumerate() {
            self.count_restarts(container);
            let own = items(planned).find(|own| own["name"] == container["name"]);
            let state = &container["state"];
            let (ended, waits) = (&state["terminated"], or(&state["waiting"]["reason"], ""));
            if ended["exitCode"] == 0 {
                continue;
            }
            if own.is_some_and(is_sidecar) && container["started"] == true {
                self.ready += usize::from(container["ready"] == true);
                continue;
            }
            self.word = match (ended.is_null(), waits) {
                (false, _) => format!("Init:{}", ending(ended)),
                (true, "" | "PodInitializing") => format!("Init:{at}/{}", items(planned).count()),
                (true, reason) => format!("Init:{reason}"),
            };
            return true;
        }
        false
    }

    /// What its containers do.
    fn run(&mut self, pod: &Value) {
        (self.restarts, self.restarted) = (0, Value::Null);
        for container in items(&pod["status"]["initContainerStatuses"]) {
            let mut planned = items(&pod["spec"]["initContainers"]);
            if planned.any(|own| own["name"] == container["name"] && is_sidecar(own)) {
                self.count_restarts(container);
            }
        }
        let (mut has_running, mut error) = (false, None);
        for container in items(&pod["status"]["containerStatuses"]).rev() {
            self.count_restarts(container);
            let state = &container["state"];
            let waits = or(&state["waiting"]["reason"], "");
            if !waits.is_empty() {
                waits.clone_into(&mut self.word);
            } else if !state["terminated"].is_null() {
                self.word = ending(&state["terminated"]);
                if state["terminated"]["exitCode"] != 0 {
                    error = Some(self.word.clone());
                }
            } else if container["ready"] == true && !state["running"].is_null() {
                has_running = true;
                self.ready += 1;
            }
        }
        if self.word == "Completed" {
            let is_ready = !condition(pod, "Ready", "status", "True").is_empty();
            match (has_running, error) {
                (true, _) if is_ready => "Running".clone_into(&mut self.word),
                (_, Some(error)) => self.word = error,
                (true, None) => "NotReady".clone_into(&mut self.word),
                (false, None) => {}
            }
        }
    }

    fn end(&mut self, pod: &Value) {
        let is_over = matches!(pod["status"]["phase"].as_str(), Some("Succeeded" | "Failed"));
        if pod["metadata"]["deletionTimestamp"].is_null() {
            return;
        }
        if pod["status"]["reason"] == "NodeLost" {
            "Unknown".clone_into(&mut self.word);
        } else if !is_over {
            "Terminating".clone_into(&mut self.word);
        }
    }

    fn count_restarts(&mut self, container: &Value) {
        self.restarts += count(&container["restartCount"]);
        let ended = &container["lastState"]["terminated"]["finishedAt"];
        // Times of one form are in the order of their texts.
        if or(ended, "") > or(&self.restarted, "") {
            self.restarted = ended.clone();
        }
    }
}

/// An init container that goes on running.
fn is_sidecar(container: &Value) -> bool {
    container["restartPolicy"] == "Always"
}

fn ending(ended: &Value) -> String {
    match (or(&ended["reason"], ""), count(&ended["signal"])) {
        ("", 0) => format!("ExitCode:{}", count(&ended["exitCode"])),
        ("", signal) => format!("Signal:{signal}"),
        (reason, _) => reason.to_owned(),
    }
}

/// A condition's field, where it has this value; empty otherwise.
fn condition<'a>(pod: &'a Value, kind: &str, field: &str, value: &str) -> &'a str {
    let found = items(&pod["status"]["conditions"]).find(|own| own["type"] == kind);
    found.map_or("", |own| or(&own[field], "")).matches(value).next().unwrap_or_default()
}

fn restarts(pod: &Value, now: Timestamp) -> Value {
    let Summary { restarts, restarted, .. } = Summary::of(pod);
    if restarts == 0 || restarted.is_null() {
        return restarts.to_string().into();
    }
    format!("{restarts} ({} ago)", age::since(&restarted, now)).into()
}

fn gates(pod: &Value) -> String {
    let gates = items(&pod["spec"]["readinessGates"]);
    if gates.len() == 0 {
        return "<none>".to_owned();
    }
    let is_open =
        |gate: &&Value| !condition(pod, or(&gate["conditionType"], ""), "status", "True").is_empty();
    format!("{}/{}", gates.clone().filter(is_open).count(), gates.len())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn shown(pod: &Value) -> (String, String) {
        let Summary { ready, total, word, .. } = Summary::of(pod);
        (format!("{ready}/{total}"), word)
    }

    #[test]
    fn a_pod_is_called_by_what_its_containers_are_at() {
        let running = json!({"ready": true, "state": {"running": {}}});
        let waiting = json!({"state": {"waiting": {"reason": "CrashLoopBackOff"}}, "restartCount": 3});
        let ended = json!({"state": {"terminated": {"exitCode": 0, "reason": "Completed"}}});
        let killed = json!({"state": {"terminated": {"exitCode": 137, "signal": 9}}});
        for (phase, statuses, ready, word) in [
            ("Pending", vec![], "0/2", "Pending"),
            ("Running", vec![&running, &running], "2/2", "Running"),
            ("Running", vec![&running, &waiting], "1/2", "CrashLoopBackOff"),
            ("Running", vec![&running, &ended], "1/2", "NotReady"),
            ("Succeeded", vec![&ended, &ended], "0/2", "Completed"),
            ("Failed", vec![&killed, &ended], "0/2", "Signal:9"),
        ] {
            let pod = json!({
                "spec": {"containers": [{"name": "a"}, {"name": "b"}]},
                "status": {"phase": phase, "containerStatuses": statuses},
            });
            assert_eq!(shown(&pod), (ready.to_owned(), word.to_owned()), "{pod}");
        }
    }

    #[test]
    fn what_goes_before_and_after_is_told() {
        let init = json!({"name": "i", "state": {"terminated": {"exitCode": 1, "reason": "Error"}}});
        let mut pod = json!({
            "metadata": {}, "spec": {"containers": [{"name": "a"}], "initContainers": [{"name": "i"}]},
            "status": {"phase": "Pending", "initContainerStatuses": [init]},
        });
        assert_eq!(shown(&pod).1, "Init:Error");
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z".into();
        assert_eq!(shown(&pod).1, "Terminating");
    }
}

//! What can be seen at a moment, as sentences: who says what.

use super::witness::{End, Seen};
use serde_json::Value;

/// Who says it, and what.
pub(super) type Fact = (&'static str, String);

/// What the cluster says about a pod.
pub(super) fn pod(pod: &Value) -> Seen {
    let name = text(&pod["metadata"]["name"]);
    let ready = array(&pod["status"]["conditions"])
        .iter()
        .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
    let state = match (pod["metadata"]["deletionTimestamp"].is_string(), ready) {
        (true, _) => "is being terminated",
        (false, true) => "is ready",
        (false, false) if pod["status"]["phase"] == "Running" && has_run(pod) => "runs, but is NOT ready",
        (false, false) => "is starting",
    };
    Seen { facts: vec![("kubernetes", format!("pod {name} {state}"))], end: None }
}

/// Whether its containers have all been started: a pod is `Running` from the first one on.
fn has_run(pod: &Value) -> bool {
    array(&pod["status"]["containerStatuses"]).iter().all(|container| container["started"] == true)
}

/// What the monitor found, as its log has it.
pub(super) fn found(line: &Value) -> Seen {
    let mut facts = Vec::new();
    match (line["code"].as_str(), line["severity"].as_str()) {
        (Some(code), Some(severity)) => {
            facts.push(("monitor", format!("finds {code} ({severity}): {}", text(&line["message"]))));
        }
        (Some(code), None) => {
            facts.push((
                "monitor",
                format!("{}: {code} ({})", text(&line["message"]), text(&line["resolution"])),
            ));
        }
        (None, _) => {}
    }
    Seen { facts, end: None }
}

/// What the healer decided and did.
pub(super) fn remediation(remediation: &Value) -> Seen {
    let (name, status) = (text(&remediation["metadata"]["name"]), &remediation["status"]);
    let mut facts =
        vec![("healer", format!("takes it up as {name}, for {}", text(&remediation["spec"]["lineage"])))];
    let decision = &status["decision"];
    if decision["rule"].as_str().is_some_and(|rule| !rule.is_empty()) {
        facts.push(("healer", format!("rule {}: {}", text(&decision["rule"]), text(&decision["reason"]))));
    }
    for attempt in array(&status["attempts"]) {
        let (action, target) = (text(&attempt["action"]), &attempt["target"]);
        let target = format!("{} {}", text(&target["kind"]), text(&target["name"]));
        let result = match text(&attempt["result"]) {
            "Open" => "is sent",
            "Happened" => "happened",
            "Helped" => "helped",
            other => other,
        };
        facts.push(("healer", format!("{action} on {target} {result}")));
    }
    let (phase, message) = (text(&status["phase"]), text(&status["message"]));
    if !message.is_empty() {
        facts.push(("healer", format!("{phase}: {message}")));
    }
    Seen { facts, end: (phase == "Succeeded").then_some(End::Healed) }
}

/// What the alerter told.
pub(super) fn message(message: &Value) -> Seen {
    let status = text(&message["status"]);
    let alerts: Vec<String> = array(&message["alerts"])
        .iter()
        .map(|alert| format!("{} {}", text(&alert["labels"]["alertname"]), text(&alert["labels"]["lineage"])))
        .collect();
    let fact = format!("tells the webhook: {} · {}", status.to_uppercase(), alerts.join(", "));
    Seen { facts: vec![("alerter", fact)], end: (status == "resolved").then_some(End::Reported) }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{End, found, message, pod, remediation};
    use serde_json::json;

    #[test]
    fn a_hung_pod_is_said_to_run_and_not_be_ready() {
        let state = |ready: &str, started: bool, deleted: Option<&str>| {
            let seen = pod(&json!({
                "metadata": { "name": "web-1", "deletionTimestamp": deleted },
                "status": {
                    "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }],
                    "containerStatuses": [{ "started": started }],
                },
            }));
            seen.facts[0].1.clone()
        };
        assert_eq!(state("True", true, None), "pod web-1 is ready");
        assert_eq!(state("False", true, None), "pod web-1 runs, but is NOT ready");
        assert_eq!(state("False", false, None), "pod web-1 is starting");
        assert_eq!(state("False", true, Some("now")), "pod web-1 is being terminated");
    }

    #[test]
    fn only_what_the_monitor_found_is_told_of_its_log() {
        assert!(found(&json!({ "message": "everything is listed" })).facts.is_empty());
        let line = json!({ "message": "it hangs", "code": "PodRunningNotReady", "severity": "warning" });
        assert_eq!(found(&line).facts[0].1, "finds PodRunningNotReady (warning): it hangs");
    }

    #[test]
    fn a_remediation_tells_its_attempts_and_its_end() {
        let one = json!({
            "metadata": { "name": "r-1" },
            "spec": { "lineage": "Deployment/shop/web" },
            "status": { "phase": "Succeeded", "message": "healthy", "attempts": [{
                "number": 1, "action": "EvictPod", "target": { "kind": "Pod", "name": "web-1" }, "result": "Helped",
            }] },
        });
        let seen = remediation(&one);
        assert!(seen.facts.iter().any(|(_, fact)| fact == "EvictPod on Pod web-1 helped"));
        assert!(matches!(seen.end, Some(End::Healed)));
    }

    #[test]
    fn the_story_ends_when_the_end_was_told() {
        assert!(message(&json!({ "status": "firing" })).end.is_none());
        assert!(matches!(message(&json!({ "status": "resolved" })).end, Some(End::Reported)));
    }
}

//! What can be seen at a moment, as sentences: who says what.

use serde_json::Value;

/// Who says it, and what.
pub(super) type Fact = (&'static str, String);

/// What the cluster says about the pods.
pub(super) fn pods(pods: &[Value]) -> Vec<Fact> {
    pods.iter()
        .map(|pod| {
            let name = text(&pod["metadata"]["name"]);
            let ready = array(&pod["status"]["conditions"])
                .iter()
                .any(|condition| condition["type"] == "Ready" && condition["status"] == "True");
            let state = match (pod["metadata"]["deletionTimestamp"].is_string(), ready) {
                (true, _) => "is being terminated",
                (false, true) => "is ready",
                (false, false) if pod["status"]["phase"] == "Running" => "runs, but is NOT ready",
                (false, false) => "is starting",
            };
            ("kubernetes", format!("pod {name} {state}"))
        })
        .collect()
}

/// What the monitor found, as the alerter has it.
pub(super) fn issues(issues: &[Value]) -> Vec<Fact> {
    issues
        .iter()
        .map(|issue| {
            let (severity, code) = (text(&issue["severity"]), text(&issue["code"]));
            let (lineage, summary) = (text(&issue["lineage"]), text(&issue["summary"]));
            ("monitor", format!("{severity} {code} {lineage}: {summary}"))
        })
        .collect()
}

/// What the healer decided and did.
pub(super) fn remediations(remediations: &[Value]) -> Vec<Fact> {
    remediations.iter().flat_map(remediation).collect()
}

fn remediation(remediation: &Value) -> Vec<Fact> {
    let (name, status) = (text(&remediation["metadata"]["name"]), &remediation["status"]);
    let mut facts =
        vec![("healer", format!("{name} is taken up for {}", text(&remediation["spec"]["lineage"])))];
    let decision = &status["decision"];
    if decision["rule"].as_str().is_some_and(|rule| !rule.is_empty()) {
        facts.push(("healer", format!("rule {}: {}", text(&decision["rule"]), text(&decision["reason"]))));
    }
    for attempt in array(&status["attempts"]) {
        let (action, target) = (text(&attempt["action"]), &attempt["target"]);
        let (number, result) = (&attempt["number"], text(&attempt["result"]));
        let target = format!("{}/{}", text(&target["kind"]), text(&target["name"]));
        facts.push(("healer", format!("attempt {number}: {action} {target}: {result}")));
    }
    if let Some(phase) = status["phase"].as_str() {
        facts.push(("healer", format!("{name} is {phase}: {}", text(&status["message"]))));
    }
    facts
}

/// What the alerter told.
pub(super) fn message(message: &Value) -> Fact {
    let alerts: Vec<String> = array(&message["alerts"])
        .iter()
        .map(|alert| format!("{} {}", text(&alert["labels"]["alertname"]), text(&alert["labels"]["lineage"])))
        .collect();
    (
        "alerter",
        format!("tells the webhook: {} · {}", text(&message["status"]).to_uppercase(), alerts.join(", ")),
    )
}

/// Whether all is over: the last remediation helped.
pub(super) fn is_healed(remediations: &[Value]) -> bool {
    remediations.iter().any(|remediation| remediation["status"]["phase"] == "Succeeded")
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn array(value: &Value) -> &[Value] {
    value.as_array().map(Vec::as_slice).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{is_healed, pods, remediations};
    use serde_json::json;

    #[test]
    fn a_hung_pod_is_said_to_run_and_not_be_ready() {
        let pod = |ready: &str, deleted: Option<&str>| {
            json!({
                "metadata": { "name": "web-1", "deletionTimestamp": deleted },
                "status": { "phase": "Running", "conditions": [{ "type": "Ready", "status": ready }] },
            })
        };
        for (pod, expected) in [
            (pod("True", None), "pod web-1 is ready"),
            (pod("False", None), "pod web-1 runs, but is NOT ready"),
            (pod("False", Some("now")), "pod web-1 is being terminated"),
        ] {
            assert_eq!(pods(&[pod])[0].1, expected);
        }
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
        let facts = remediations(std::slice::from_ref(&one));
        assert!(facts.iter().any(|(_, fact)| fact == "attempt 1: EvictPod Pod/web-1: Helped"));
        assert!(is_healed(&[one]));
    }
}

//! `-w`: lists that go on.

use std::io::{BufRead, BufReader, Lines};
use std::process::{ChildStdout, Stdio};
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

use crate::api_server::{Answer, Shared, serve};
use crate::seaworthy::{command, file_of};
use crate::service::Running;

/// A command that goes on, and the lines that it prints.
struct Watching {
    lines: Lines<BufReader<ChildStdout>>,
    _running: Running,
}

impl Watching {
    fn start(arguments: &[&str]) -> Self {
        let mut child = command(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("the binary starts");
        let lines = BufReader::new(child.stdout.take().expect("a pipe")).lines();
        Self { lines, _running: Running(child) }
    }

    /// The words of the next line, or nothing when the command has ended.
    fn next(&mut self) -> Vec<String> {
        let line = self.lines.next().map(|line| line.expect("text"));
        line.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }
}

fn remediation(phase: &str, version: u32) -> Value {
    json!({
        "apiVersion": "seaworthy.dev/v1alpha1", "kind": "Remediation",
        "metadata": {"name": "r-1", "uid": "u", "resourceVersion": version.to_string(),
            "creationTimestamp": "2025-01-01T00:00:00Z"},
        "spec": {
            "cluster": "c", "lineage": "Deployment/shop/web", "check": "PodRunningNotReady",
            "subject": {"kind": "Deployment", "namespace": "shop", "name": "web"},
            "since": "2025-01-01T00:00:00Z", "severity": "warning", "policy": "p", "mode": "Enforce",
            "steps": [{"action": "EvictPod"}], "planHash": "h", "healthyForS": 60
        },
        "status": {"phase": phase}
    })
}

#[test]
fn remediations_are_told_as_they_change_and_how_they_end() {
    let now: Shared<Value> = Arc::new(Mutex::new(remediation("Acting", 7)));
    let shown = Arc::clone(&now);
    let config = serve("watched.yaml", "t", move |_| {
        let items = [shown.lock().expect("nobody panicked").clone()];
        Answer::Whole(200, json!({"metadata": {"resourceVersion": "9"}, "items": items}))
    });
    let mut watching = Watching::start(&["remediations", "-w", "-n", "shop", "--kubeconfig", &config]);
    assert_eq!(watching.next()[..4], ["NAME", "LINEAGE", "CHECK", "PHASE"]);
    assert_eq!(watching.next()[..4], ["r-1", "Deployment/shop/web", "PodRunningNotReady", "Acting"]);
    // What is over is not listed, but who watches it sees how it ends.
    *now.lock().expect("nobody panicked") = remediation("Succeeded", 8);
    assert_eq!(watching.next()[..4], ["r-1", "Deployment/shop/web", "PodRunningNotReady", "Succeeded"]);
}

fn issue(severity: &str) -> Value {
    json!({
        "code": "PodRunningNotReady", "severity": severity, "lineage": "Deployment/shop/web",
        "subject": {"kind": "Deployment", "namespace": "shop", "name": "web"}, "members": [],
        "since": "2025-01-01T00:00:00Z", "summary": "it hangs", "cause": null
    })
}

#[test]
fn issues_are_told_as_they_change_until_nobody_answers() {
    let now: Shared<Option<Vec<Value>>> = Arc::new(Mutex::new(Some(vec![issue("warning")])));
    let shown = Arc::clone(&now);
    // Its kubeconfig names where it listens; a monitor is asked in the same way.
    serve("watched-monitor.yaml", "t", move |_| {
        let counts = json!({"critical": 0, "warning": 0, "info": 0, "folded": 0, "pending": 0});
        match &*shown.lock().expect("nobody panicked") {
            Some(issues) => Answer::Whole(200, json!({"issues": issues, "summary": counts, "unseen": []})),
            None => Answer::Whole(503, json!({"detail": "it is going away"})),
        }
    });
    let config = std::fs::read_to_string(file_of("watched-monitor.yaml")).expect("it was written");
    let url = config.split('\'').nth(1).expect("the server's address");
    let mut watching = Watching::start(&["issues", "-w", "--monitor", url]);
    let change = |to: Option<Vec<Value>>| *now.lock().expect("nobody panicked") = to;
    assert_eq!(watching.next()[..3], ["SEVERITY", "CHECK", "LINEAGE"]);
    assert_eq!(watching.next()[..3], ["warning", "PodRunningNotReady", "Deployment/shop/web"]);
    change(Some(vec![issue("critical")]));
    assert_eq!(watching.next()[..3], ["critical", "PodRunningNotReady", "Deployment/shop/web"]);
    change(Some(Vec::new()));
    assert!(watching.next().contains(&"over".to_owned()));
    change(None);
    assert_eq!(watching.next(), Vec::<String>::new());
}

//! The form of `check -o json` is an interface: every key of it stands here.

use std::sync::Arc;

use model::issue::Unseen;
use model::issue::{Cause, Evidence, Member, Routing};
use model::{Issue, Lineage, ObjectRef, Severity};
use monitor::{Report, Summary};
use serde_json::json;

use super::Findings;
use crate::exit::Exit;

fn node() -> Issue {
    Issue {
        code: "NodeUnreachable".into(),
        severity: Severity::Critical,
        lineage: Lineage::cluster_wide("Node", "n1"),
        subject: ObjectRef::cluster_wide("Node", "n1", ""),
        members: vec![Member {
            object: ObjectRef::cluster_wide("Node", "n1", "u-1"),
            container: String::new(),
            node: String::new(),
            evidence: Evidence::new(),
        }],
        members_omitted: 0,
        since: "2026-01-01T00:00:00Z".parse().expect("a time"),
        summary: "Node n1: nothing was heard of it for 50s".into(),
        evidence: Evidence::new(),
        cause: None,
        routing: Routing::default(),
    }
}

fn pods() -> Issue {
    let evidence = Evidence::from([("exitCode".to_owned(), "137".to_owned())]);
    Issue {
        code: "PodRunningNotReady".into(),
        severity: Severity::Warning,
        lineage: Lineage::namespaced("Deployment", "shop", "web"),
        subject: ObjectRef::namespaced("Deployment", "shop", "web", "u-2"),
        members: vec![Member {
            object: ObjectRef::namespaced("Pod", "shop", "web-1", "u-3"),
            container: "app".into(),
            node: "n1".into(),
            evidence: evidence.clone(),
        }],
        members_omitted: 7,
        summary: "Deployment shop/web: it is not ready (web-1 and 7 more)".into(),
        evidence,
        cause: Some(Cause {
            kind: "Node".into(),
            namespace: String::new(),
            name: "n1".into(),
            code: "NodeUnreachable".into(),
            lineage: Lineage::cluster_wide("Node", "n1"),
        }),
        routing: Routing { node: "n1".into(), zone: "z".into(), workload: "web".into(), team: "t".into() },
        ..node()
    }
}

#[test]
fn the_json_of_a_check_is_what_programs_read() {
    let summary = Summary { critical: 1, warning: 1, info: 0, folded: 1, pending: 2 };
    let unseen = vec![Unseen { check: "NodeNotReady".into(), reason: "not allowed to list nodes".into() }];
    let issues = vec![Arc::new(node()), Arc::new(pods())];
    let written = serde_json::to_value(Findings::from(Report { issues, summary, unseen })).expect("JSON");
    let expected = json!({
        "issues": [
            {
                "code": "NodeUnreachable",
                "severity": "critical",
                "lineage": "Node/n1",
                "subject": {"kind": "Node", "namespace": "", "name": "n1", "uid": ""},
                "members": [{"kind": "Node", "namespace": "", "name": "n1", "uid": "u-1"}],
                "since": "2026-01-01T00:00:00Z",
                "summary": "Node n1: nothing was heard of it for 50s",
                "evidence": {},
                "cause": null,
                "routing": {}
            },
            {
                "code": "PodRunningNotReady",
                "severity": "warning",
                "lineage": "Deployment/shop/web",
                "subject": {"kind": "Deployment", "namespace": "shop", "name": "web", "uid": "u-2"},
                "members": [{
                    "kind": "Pod", "namespace": "shop", "name": "web-1", "uid": "u-3",
                    "container": "app", "node": "n1", "evidence": {"exitCode": "137"}
                }],
                "membersOmitted": 7,
                "since": "2026-01-01T00:00:00Z",
                "summary": "Deployment shop/web: it is not ready (web-1 and 7 more)",
                "evidence": {"exitCode": "137"},
                "cause": {
                    "kind": "Node", "namespace": "", "name": "n1", "code": "NodeUnreachable", "lineage": "Node/n1"
                },
                "routing": {"node": "n1", "zone": "z", "workload": "web", "team": "t"}
            }
        ],
        "summary": {"critical": 1, "warning": 1, "info": 0, "folded": 1, "pending": 2},
        "unseen": [{"check": "NodeNotReady", "reason": "not allowed to list nodes"}]
    });
    assert_eq!(written, expected);
    // What was written can be read: `seaworthy issues` reads it from a monitor.
    let read: Findings = serde_json::from_value(written.clone()).expect("our own form");
    assert_eq!(serde_json::to_value(read).expect("JSON"), written);
}

#[test]
fn what_was_not_seen_is_not_fine() {
    let unseen = vec![Unseen { check: "NodeNotReady".into(), reason: "not allowed to list nodes".into() }];
    assert_eq!(Findings::default().exit(), Exit::Fine);
    let mut findings = Findings { unseen, ..Findings::default() };
    assert_eq!(findings.exit(), Exit::Failed);
    // What was found counts for more.
    findings.issues = Findings::from(Report { issues: vec![Arc::new(node())], ..Report::default() }).issues;
    assert_eq!(findings.exit(), Exit::Critical);
}

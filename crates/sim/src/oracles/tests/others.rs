//! What somebody else is at work on.

use super::*;

#[test]
fn the_quarantine_of_others_is_left_alone() {
    let tainted = |by: Option<&str>| {
        let taint = json!([{"key": "seaworthy.dev/quarantine", "effect": "NoSchedule"}]);
        let marks = by.map_or(json!({}), |by| json!({"seaworthy.dev/quarantine": by}));
        json!({"metadata": {"name": "n1", "uid": "n1", "annotations": marks}, "spec": {"taints": taint}})
    };
    for (by, expected) in
        [(None, &["I15 own marks"][..]), (Some("r-2"), &["I15 own marks"]), (Some("r-1"), &[])]
    {
        expect(expected, |play| {
            play.intend("r-1", "Node/n1", "nodes", 1, &["n1"]);
            play.put_checked("r-2", "Node/n1", "NodeMemoryPressure");
            let mut after = tainted(by);
            after["metadata"]["annotations"]["seaworthy.dev/attempt"] = "r-1/1".into();
            play.change(kinds::NODE, &tainted(by), &after);
            play.send_quarantine("n1", "r-1/1");
        });
    }
}

#[test]
fn a_node_that_somebody_else_works_on_is_left_to_them() {
    let lease = |holder: &str| {
        json!({
            "metadata": {"name": "node-n1"}, "spec": {"holderIdentity": holder, "leaseDurationSeconds": 600},
        })
    };
    expect(&["I15 one actor"], |play| {
        play.intend("r-2", "Node/n1", "nodes", 1, &["n1"]);
        play.put(kinds::LEASE, "medik8s-leases", lease("operator"));
        play.pass(20);
        play.quarantine("n1", "r-2/1");
    });
    // Released, run out, and of another node.
    for (lease, seconds) in [(lease(""), 20), (lease("operator"), 700)] {
        expect(&[], |play| {
            play.put(kinds::LEASE, "medik8s-leases", lease);
            play.pass(seconds);
            play.intend("r-2", "Node/n1", "nodes", 1, &["n1"]);
            play.quarantine("n1", "r-2/1");
        });
    }
    expect(&[], |play| {
        play.put(kinds::LEASE, "medik8s-leases", lease("operator"));
        play.pass(20);
        play.intend("r-2", "Node/n2", "nodes", 1, &["n2"]);
        play.quarantine("n2", "r-2/1");
    });
}

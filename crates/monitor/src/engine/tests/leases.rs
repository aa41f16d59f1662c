//! Nodes that fall silent, and those that only seem to.

use super::*;

#[test]
fn a_lease_that_is_renewed_wakes_nobody_and_one_that_is_not_does() {
    let nodes: Vec<Fixture> = ["n1", "n2"].iter().map(|name| node(name).ready("True", 3600)).collect();
    let mut rig = Rig::listed("", &and(nodes, &[lease("n1", 0), lease("n2", 0)]));
    let evaluated = |rig: &Rig| rig.engine.evaluated().map(|(_, count)| count).sum::<u64>();
    for round in 1..=4 {
        let before = evaluated(&rig);
        rig.tell(Change::Applied(lease("n1", -10 * round).object()));
        rig.settle();
        assert_eq!(evaluated(&rig), before);
        rig.pass(10);
    }
    assert_eq!(rig.keys(), ["Node/n2 NodeUnreachable"]);
    rig.apply(&lease("n2", -40));
    rig.pass(30);
    assert_eq!(rig.ended, [("Node/n2 NodeUnreachable".to_owned(), Resolution::Healthy)]);
}

#[test]
fn no_node_is_unreachable_because_we_hear_nothing() {
    let nodes =
        [node("n1").ready("True", 3600), lease("n1", 0), node("n2").ready("True", 3600), lease("n2", 0)];
    let mut rig = Rig::listed("", &nodes);
    rig.pass(3600);
    assert!(rig.open.is_empty());
    // The API server is back, and the nodes renew one after the other.
    rig.apply(&lease("n1", -3600));
    rig.pass(9);
    assert!(rig.open.is_empty());
    rig.apply(&lease("n2", -3609));
    rig.pass(10);
    assert!(rig.open.is_empty());
}

/// Two nodes whose kubelets freeze at once. `sign` is what the watch of leases tells meanwhile.
fn frozen(sign: fn(Kind) -> Change, seconds: u64) -> Rig {
    let nodes =
        [node("n1").ready("True", 3600), lease("n1", 0), node("n2").ready("True", 3600), lease("n2", 0)];
    let mut rig = Rig::listed("", &nodes);
    let until = rig.now.steady + Duration::from_secs(seconds);
    while rig.now.steady < until {
        rig.pass(until.saturating_sub(rig.now.steady).as_secs().min(12));
        rig.tell(sign(Kind::Lease));
        rig.settle();
    }
    rig
}

#[test]
fn all_nodes_are_unreachable_in_time_when_all_of_them_freeze() {
    assert!(frozen(Change::Progressed, 39).open.is_empty());
    let both = ["Node/n1 NodeUnreachable", "Node/n2 NodeUnreachable"];
    assert_eq!(frozen(Change::Progressed, 40).keys(), both);
    // Whether the watch tells something just then or not.
    let mut rig = frozen(Change::Progressed, 36);
    rig.pass(4);
    assert_eq!(rig.keys(), both);
}

#[test]
fn no_node_is_unreachable_because_nobody_can_write() {
    assert!(frozen(Change::Heard, 3600).open.is_empty());
    // Nor because the same leases are listed anew.
    let mut rig = frozen(Change::Heard, 600);
    let nodes =
        [node("n1").ready("True", 3600), lease("n1", 0), node("n2").ready("True", 3600), lease("n2", 0)];
    for _ in 0..10 {
        rig.list(&nodes);
        rig.pass(30);
    }
    assert!(rig.open.is_empty());
}

//! What the machine does next in places where several of its files have a say.

use std::time::Duration;

use model::remediation::{Attempt, Part, PartState, Phase};

use super::{Command, Memory, Plan};
use crate::governor::rules;
use crate::governor::tests_support::Bench;
use crate::machine::tests_support::{attempt, open_part};

const LABELS: &str = "the labels of its namespace are not known";

#[test]
fn a_plan_that_is_not_known_is_neither_carried_out_nor_given_up() {
    let mut bench = Bench::new();
    bench.plan = Plan::Unknown(LABELS);
    let facts = bench.facts.clone();
    let Command::Write(change) = bench.step(&Memory::default(), Some(&facts)) else {
        panic!("it says nothing")
    };
    let decision = change.status.decision.expect("it is deferred");
    assert_eq!((change.status.phase, decision.rule.as_str()), (Phase::Deferred, rules::FRESH_VIEW));
    assert!(decision.reason.contains(LABELS), "{}", decision.reason);
    bench.plan = Plan::Current;
    let Command::Write(change) = bench.step(&Memory::default(), Some(&facts)) else {
        panic!("it does nothing")
    };
    assert_eq!(change.status.phase, Phase::Acting);
}

#[test]
fn what_is_under_way_waits_until_its_plan_is_known() {
    let mut bench = Bench::new();
    bench.plan = Plan::Unknown(LABELS);
    let parts = vec![
        Part { state: PartState::Settled, ..open_part("web-0", "p-0") },
        Part { state: PartState::Planned, ..open_part("web-1", "p-1") },
    ];
    let status = bench.remediation.status.as_mut().unwrap();
    status.phase = Phase::Acting;
    status.attempts = vec![Attempt { parts, intended: bench.now.wall, ..attempt() }];
    let facts = bench.facts.clone();
    let Command::Write(change) = bench.step(&Memory::default(), Some(&facts)) else {
        panic!("it says nothing")
    };
    assert_eq!(change.status.attempts[0].parts[1].state, PartState::Planned);
    bench.remediation.status = Some(change.status);
    assert!(matches!(bench.step(&Memory::default(), Some(&facts)), Command::Wait(Some(_))));
    bench.now.wall += Duration::from_secs(1);
    bench.plan = Plan::Current;
    let Command::Write(change) = bench.step(&Memory::default(), Some(&facts)) else {
        panic!("it does nothing")
    };
    assert_eq!(change.status.attempts[0].parts[1].state, PartState::Open);
}

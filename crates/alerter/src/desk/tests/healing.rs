//! Pages that wait for the healer, and what people hear of it.

use super::*;

#[test]
fn a_page_waits_for_the_first_word_of_the_healer_only_so_long() {
    let mut bench = Bench::new(&SIMPLE.replace("group_wait: 10s", "group_wait: 0s"));
    bench.issue("Stuck", "warning", None);
    bench.run_until(100);
    assert_eq!(bench.told(), ["5 [Stuck] [] first notification"]);
}

#[test]
fn a_held_page_leaves_at_once_when_the_hold_ends() {
    for (what, state, expected) in [
        ("failed", Some(State::Failed), "40 [Stuck] [] first notification"),
        ("released", Some(State::Released), "40 [Stuck] [] first notification"),
        ("its deadline", None, "45 [Stuck] [] first notification"),
    ] {
        let mut bench = Bench::new(SIMPLE);
        bench.issue("Stuck", "warning", None);
        bench.run_until(1);
        bench.hold("Stuck", State::Taken, 44);
        bench.run_until(40);
        assert_eq!(bench.told(), [""; 0], "{what}");
        if let Some(state) = state {
            bench.hold("Stuck", state, 0);
        }
        bench.run_until(100);
        assert_eq!(bench.told(), [expected], "{what}");
    }
}

#[test]
fn a_repair_before_the_page_is_told_once() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.run_until(1);
    bench.hold("Stuck", State::Taken, 120);
    bench.run_until(20);
    bench.hold("Stuck", State::Succeeded, 100);
    bench.outcome("Stuck", "Succeeded", "");
    bench.run_until(25);
    bench.resolve_issue("Stuck", "warning", "healthy");
    bench.run_until(1000);
    assert_eq!(bench.told().len(), 1);
    assert!(bench.told()[0].ends_with("[] [Stuck] healed before anybody was notified"), "{:?}", bench.told());
    assert_eq!(bench.sent[0].healing.as_deref(), Some("Succeeded: because"));
}

#[test]
fn a_success_that_does_not_end_the_issue_is_paged_after_the_grace() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.hold("Stuck", State::Taken, 500);
    bench.run_until(20);
    bench.hold("Stuck", State::Succeeded, 480);
    bench.run_until(200);
    assert_eq!(bench.told(), ["80 [Stuck] [] first notification"]);
}

#[test]
fn what_is_over_does_not_say_what_stood_in_the_way() {
    for (phase, expected) in [("Deferred", None), ("Succeeded", Some("Succeeded: because"))] {
        let mut bench = Bench::new(SIMPLE);
        bench.issue("Stuck", "warning", None);
        bench.run_until(30);
        bench.outcome("Stuck", phase, "");
        bench.run_until(60);
        bench.resolve_issue("Stuck", "warning", "healthy");
        bench.run_until(1000);
        let last = bench.sent.last().expect("it was told that it is over");
        assert!(last.firing.is_empty() && last.healing.as_deref() == expected, "{phase}: {:?}", last.healing);
    }
}

#[test]
fn a_deferral_reaches_people_with_its_rule() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.outcome("Stuck", "Deferred", "EvictionFirst");
    bench.run_until(30);
    assert_eq!(bench.told(), ["10 [Stuck] [] first notification"]);
    assert_eq!(bench.sent[0].healing.as_deref(), Some("Deferred by EvictionFirst: because"));
    // It looks again, and is where it was.
    bench.run_until(35);
    bench.outcome("Stuck", "Deferred", "EvictionFirst");
    bench.run_until(45);
    assert_eq!(bench.told().len(), 1);
    bench.outcome("Stuck", "Escalated", "AttemptCap");
    bench.run_until(55);
    assert_eq!(bench.told()[1], "45 [Stuck] [] outcome of a remediation", "at once, though it is known");
}

#[test]
fn a_repair_that_is_begun_and_given_back_again_and_again_is_one_page() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    for round in 0..40 {
        bench.run_until(1 + round * 30);
        bench.hold("Stuck", State::Taken, 60);
        bench.run_until(11 + round * 30);
        bench.hold("Stuck", State::Released, 0);
        bench.outcome("Stuck", "Deferred", ["Budget", "SmallPool"][round as usize % 2]);
        bench.issue("Stuck", "warning", None);
    }
    let told = bench.told();
    assert_eq!(told[0], "11 [Stuck] [] first notification");
    assert_eq!(
        told[1..],
        ["41 [Stuck] [] outcome of a remediation"],
        "one for the page, one for the other rule"
    );
}

#[test]
fn no_number_of_holds_keeps_a_page_longer_than_the_cap() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    for round in 0..100 {
        bench.hold("Stuck", State::Taken, 60);
        bench.run_until((round + 1) * 30);
        bench.issue("Stuck", "warning", None);
    }
    assert_eq!(bench.told(), ["900 [Stuck] [] first notification"], "holds.cap is 15 minutes by default");
}

#[test]
fn a_question_asked_again_is_not_asked_twice() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    for round in 0..10 {
        bench.outcome("Stuck", "AwaitingApproval", "ObserveByDefault");
        bench.run_until(15 + round * 20);
        // Watches begin anew, and nothing is known of the cluster for a moment.
        bench.outcome("Stuck", "Deferred", "EmptyMeansNothing");
        bench.run_until(20 + round * 20);
    }
    assert_eq!(
        bench.told(),
        ["10 [Stuck] [] first notification", "20 [Stuck] [] outcome of a remediation"],
        "what holds it up is told, once"
    );
}

#[test]
fn many_repairs_that_are_given_up_are_few_messages() {
    let mut bench = Bench::new(&SIMPLE.replace("group_by: [alertname]", "group_by: [cluster]"));
    let names: Vec<String> = (0..20).map(|number| format!("S{number:02}")).collect();
    for name in &names {
        bench.issue(name, "warning", None);
        bench.hold(name, State::Taken, 600);
    }
    bench.run_until(20);
    for name in &names {
        bench.hold(name, State::Failed, 0);
        bench.outcome(name, "Escalated", "AttemptCap");
        bench.run_until(bench.now + 1);
    }
    bench.run_until(70);
    let told: Vec<(i64, usize)> = bench.sent.iter().map(|sent| (sent.at, sent.firing.len())).collect();
    assert_eq!(told, [(20, 1), (30, 10), (40, 20)], "the first at once, then one for each group_wait");
}

#[test]
fn a_storm_is_told_with_its_troubles_and_not_beside_them() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.outcome("Stuck", "Deferred", "CorrelatedFailure");
    bench.run_until(30);
    assert_eq!(bench.told(), ["10 [Stuck] [] first notification"]);
    assert_eq!(bench.sent[0].healing.as_deref(), Some("Deferred by CorrelatedFailure: because"));
    bench.issue("Adrift", "warning", None);
    bench.run_until(100);
    bench.outcome("Adrift", "Deferred", "CorrelatedFailure");
    bench.run_until(200);
    assert_eq!(bench.told().len(), 2, "{:?}", bench.told());
}

#[test]
fn what_stood_in_the_way_for_a_moment_is_not_told_when_it_is_gone() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.outcome("Stuck", "Deferred", "EvictionFirst");
    bench.run_until(30);
    bench.outcome("Stuck", "Deferred", "Budget");
    bench.run_until(32);
    assert_eq!(bench.told().len(), 2, "{:?}", bench.told());
    // That message's group waits before it says the next thing, which by then is an old one.
    bench.outcome("Stuck", "Deferred", "FreshView");
    bench.run_until(34);
    bench.outcome("Stuck", "Deferred", "EvictionFirst");
    bench.run_until(600);
    assert_eq!(bench.told().len(), 2, "{:?}", bench.told());
}

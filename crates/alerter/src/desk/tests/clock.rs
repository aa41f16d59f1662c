//! The wall clock is set back, by hours: nothing waits for it to come there again. And it stands minutes
//! from the monitor's: what the monitor says counts.

use super::*;

const LATE: i64 = 7200;

#[test]
fn what_waited_for_its_group_leaves() {
    let mut bench = Bench::new(SIMPLE);
    bench.now = LATE;
    bench.fire("Down", "a");
    bench.run_until(LATE + 1);
    bench.now = 100;
    bench.run_until(120);
    assert_eq!(bench.told(), ["110 [a] [] first notification"]);
}

#[test]
fn new_trouble_waits_no_longer_than_its_group() {
    let mut bench = Bench::new(SIMPLE);
    bench.now = LATE;
    bench.fire("Down", "a");
    bench.run_until(LATE + 20);
    bench.now = 100;
    bench.run_until(101);
    bench.fire("Other", "b");
    bench.run_until(200);
    assert_eq!(bench.told()[1..], ["111 [b] [] first notification"]);
    bench.now = 50;
    bench.restart();
    bench.fire("Third", "c");
    bench.run_until(100);
    assert_eq!(bench.told()[2..], ["60 [c] [] first notification"]);
}

#[test]
fn what_failed_is_tried_again() {
    let mut bench = Bench::new(SIMPLE);
    bench.now = LATE;
    bench.answers = vec![refused()];
    bench.fire("Down", "a");
    bench.run_until(LATE + 10);
    bench.now = 100;
    bench.run_until(120);
    assert_eq!(bench.told(), ["100 [a] [] first notification"]);
}

#[test]
fn no_page_is_held_on_the_word_of_such_a_clock() {
    for taken in [false, true] {
        let mut bench = Bench::new(SIMPLE);
        bench.now = LATE;
        bench.fire("Down", "a");
        bench.run_until(LATE + 20);
        bench.now = 100;
        bench.run_until(101);
        bench.issue("Stuck", "warning", None);
        if taken {
            bench.hold("Stuck", State::Taken, 30);
        }
        bench.run_until(200);
        assert_eq!(bench.told()[1..], ["111 [Stuck] [] first notification"], "taken up: {taken}");
    }
}

/// The alerter's clock is ahead of the monitor's by more than an issue is valid: nothing has ended.
#[test]
fn an_issue_that_goes_on_has_not_ended_for_a_clock_ahead_of_its_monitor_s() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.run_until(100);
    let told = bench.told().len();
    for late in 0..10 {
        bench.post_issue("Stuck", 160 + 60 * late - 548, "");
        bench.run_until(160 + 60 * late);
    }
    assert_eq!(bench.told().len(), told, "{:?}", bench.told());
}

/// The monitor's clock is set back after an issue was told to be over. The issue is back: that is not kept
/// from anybody until it is as late there as it was.
#[test]
fn an_issue_that_is_back_is_told_however_far_its_monitor_s_clock_was_set_back() {
    for back in [110, 200, 290, 3600] {
        let mut bench = Bench::new(SIMPLE);
        bench.issue("Stuck", "warning", None);
        bench.run_until(100);
        bench.post_issue("Stuck", bench.now, r#","annotations":{"resolution":"healthy"}"#);
        bench.run_until(200);
        let over = bench.told().len();
        bench.post_issue("Stuck", bench.now - back + 300, "");
        bench.run_until(300);
        let told = bench.told();
        assert!(told.len() > over && told[told.len() - 1].contains("[Stuck] []"), "{back}: {told:?}");
    }
}

/// And of a clock behind the monitor's: an end is one.
#[test]
fn an_issue_that_has_ended_is_over_for_a_clock_behind_its_monitor_s() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.run_until(100);
    bench.post_issue("Stuck", bench.now + 7000, r#","annotations":{"resolution":"healthy"}"#);
    bench.run_until(200);
    let told = bench.told();
    assert!(told.last().is_some_and(|last| last.contains("[] [Stuck]")), "{told:?}");
}

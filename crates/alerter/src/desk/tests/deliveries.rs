//! Messages that do not arrive.

use super::*;

#[test]
fn failures_are_retried_with_what_is_true_then() {
    let mut bench = Bench::new(SIMPLE);
    bench.answers = vec![refused(), refused(), refused()];
    bench.fire("Down", "a");
    bench.run_until(12);
    bench.fire("Down", "b");
    bench.run_until(60);
    // 10, +1, +2, +4.
    assert_eq!(bench.told(), ["17 [a b] [] first notification"]);
}

#[test]
fn a_retry_that_became_moot_is_not_sent() {
    let mut bench = Bench::new(SIMPLE);
    bench.answers = vec![refused(); 4];
    bench.fire("Down", "a");
    bench.run_until(15);
    bench.ack("Down", None);
    bench.run_until(500);
    assert_eq!(bench.told(), [""; 0]);
    assert_eq!(bench.desk.outbox_counts(), (0, 0));
}

#[test]
fn what_may_have_arrived_is_resolved() {
    let mut bench = Bench::new(SIMPLE);
    bench.answers = vec![Delivery::Unknown { reason: "timed out".into() }];
    bench.fire("Down", "a");
    bench.run_until(10);
    bench.resolve("Down", "a");
    bench.run_until(200);
    assert_eq!(bench.told().len(), 1);
    assert!(bench.told()[0].contains("[] [a]"), "{:?}", bench.told());
}

#[test]
fn a_dead_letter_is_not_repeated_until_something_changes() {
    let mut bench = Bench::new(SIMPLE);
    bench.answers = vec![Delivery::Dead { reason: "404".into() }];
    bench.fire("Down", "a");
    bench.run_until(1000);
    assert_eq!(bench.told(), [""; 0]);
    assert_eq!(bench.desk.book().attempts.dead_letters().count(), 1);
    bench.desk.reconfigure(Arc::new(settings(SIMPLE)), at(1000));
    bench.run_until(1100);
    assert_eq!(bench.told().len(), 1, "other settings: another chance");
    assert_eq!(bench.desk.book().attempts.dead_letters().count(), 0);
}

#[test]
fn a_receiver_that_is_back_gets_what_waited_for_it() {
    let mut bench = Bench::new(SIMPLE);
    // 10, +1, +2, … +64: without the other one, the next try would be at 265.
    bench.answers = vec![refused(); 8];
    bench.fire("Down", "a");
    bench.run_until(140);
    bench.fire("Slow", "b");
    bench.run_until(200);
    let told = bench.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(bench.sent[1].at <= bench.sent[0].at + 1, "{told:?}");
}

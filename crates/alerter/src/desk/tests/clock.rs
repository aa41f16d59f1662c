//! The wall clock is set back, by hours: nothing waits for it to come there again.

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

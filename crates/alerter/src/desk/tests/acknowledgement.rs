//! What is told after an acknowledgement, and whether a message may still come.

use super::*;

const SLOW: &str = "
route: {receiver: a, group_by: [alertname], group_wait: 10s, group_interval: 60s, repeat_interval: 1h}
receivers: [{name: a, webhook_configs: [{url: 'http://a', timeout: 1m}]}]
";

fn is_safe(bench: &mut Bench, now: i64) -> bool {
    bench.now = now;
    let key = bench.desk.book().live().next().expect("it fires").key;
    bench.desk.ack_state(key, at(now)).replicated
}

#[test]
fn while_a_message_is_on_its_way_another_may_come() {
    let mut bench = Bench::new(SLOW);
    bench.fire("Down", "a");
    bench.now = 10;
    let id = bench.desk.turn(at(10)).send.remove(0);
    let (attempt, message) = bench.begin(&id).expect("it is owed");
    // Its time-out may be exceeded several times: by secrets from files, a mail server's greeting.
    for now in [11, 60, 75, 180] {
        assert!(!is_safe(&mut bench, now), "at {now}");
    }
    bench.end(&id, attempt, &message, Delivery::Delivered);
    assert!(is_safe(&mut bench, 180));
}

#[test]
fn a_message_whose_end_nobody_knows_may_arrive_late() {
    let mut bench = Bench::new(SLOW);
    bench.answers = vec![Delivery::Unknown { reason: "timed out".into() }];
    bench.fire("Down", "a");
    bench.run_until(10);
    bench.ack("Down", None);
    // One minute to answer, and five seconds for what was sent before that.
    assert!(!is_safe(&mut bench, 75));
    assert!(is_safe(&mut bench, 76));
}

#[test]
fn a_message_that_was_cut_short_by_the_end_of_its_process_may_arrive_late() {
    let mut bench = Bench::new(SLOW);
    bench.fire("Down", "a");
    bench.now = 10;
    let id = bench.desk.turn(at(10)).send.remove(0);
    bench.begin(&id).expect("it is owed");
    bench.now = 20;
    bench.restart();
    assert!(!is_safe(&mut bench, 75));
    assert!(is_safe(&mut bench, 76));
}

#[test]
fn nothing_is_told_after_an_acknowledgement_but_the_end() {
    let mut bench = Bench::new(SIMPLE);
    bench.fire("Down", "a");
    bench.run_until(5);
    bench.ack("Down", None);
    bench.run_until(4000);
    assert_eq!(bench.told(), [""; 0], "acknowledged before the first page: nothing at all");
    bench.fire("Up", "u");
    bench.run_until(4020);
    bench.ack("Up", None);
    bench.run_until(8000);
    bench.resolve("Up", "u");
    bench.run_until(8100);
    let told = bench.told();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told[1].ends_with("[] [u] all alerts resolved"));
}

#[test]
fn an_acknowledgement_for_a_time_reminds() {
    let mut bench = Bench::new(SIMPLE);
    bench.fire("Down", "a");
    bench.run_until(5);
    bench.ack("Down", Some(500));
    bench.run_until(600);
    assert_eq!(bench.told(), ["500 [a] [] first notification"]);
}

//! When a group is told, and what of it.

use super::*;

#[test]
fn a_group_waits_gathers_and_ends() {
    let mut bench = Bench::new(SIMPLE);
    bench.fire("Down", "a");
    bench.run_until(5);
    bench.fire("Down", "b");
    bench.run_until(20);
    bench.fire("Down", "c");
    bench.run_until(100);
    bench.resolve("Down", "a");
    bench.run_until(200);
    bench.resolve("Down", "b");
    bench.resolve("Down", "c");
    bench.run_until(400);
    assert_eq!(
        bench.told(),
        [
            "10 [a b] [] first notification",
            "70 [a b c] [] new alerts in group",
            "130 [b c] [a] new resolved alerts",
            "250 [] [b c] all alerts resolved",
        ]
    );
    assert_eq!(bench.desk.group_count(), 0, "a group that is done with is gone");
}

#[test]
fn nothing_changed_is_told_again_after_the_repeat_interval() {
    let mut bench = Bench::new(SIMPLE);
    for hour in 0..3 {
        bench.fire("Down", "a");
        bench.run_until(hour * 3000 + 3000);
    }
    assert_eq!(
        bench.told(),
        [
            "10 [a] [] first notification",
            "3610 [a] [] repeat interval elapsed",
            "7210 [a] [] repeat interval elapsed"
        ]
    );
}

#[test]
fn what_comes_and_goes_within_the_wait_tells_nobody() {
    let mut bench = Bench::new(SIMPLE);
    bench.fire("Down", "a");
    bench.run_until(5);
    bench.resolve("Down", "a");
    bench.run_until(300);
    assert_eq!(bench.told(), [""; 0]);
}

#[test]
fn trouble_older_than_the_wait_is_told_at_once() {
    let mut bench = Bench::new(SIMPLE);
    bench.now = 100;
    let body = format!(
        r#"[{{"labels":{{"alertname":"Down","job":"a"}},"startsAt":"{}","endsAt":"{}"}}]"#,
        at(0),
        at(400)
    );
    bench.post(&body, false);
    bench.run_until(101);
    assert_eq!(bench.told(), ["100 [a] [] first notification"]);
}

#[test]
fn a_severity_that_rises_is_the_same_episode_and_is_told() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.run_until(30);
    bench.issue("Stuck", "critical", None);
    bench.resolve_issue("Stuck", "warning", "relabelled");
    bench.run_until(100);
    assert_eq!(bench.told(), ["10 [Stuck] [] first notification", "70 [Stuck] [] higher severity"]);
    assert_eq!(bench.desk.book().all().count(), 1);
    bench.ack("Stuck", None);
    bench.issue("Stuck", "critical", None);
    bench.resolve_issue("Stuck", "critical", "healthy");
    bench.run_until(300);
    assert_eq!(bench.told().len(), 3);
}

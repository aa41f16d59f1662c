//! Restarts and changes of settings while messages are under way or failed.

use super::*;

/// `SIMPLE` with the routes of two teams above and below each other.
fn teams(first: &str, second: &str) -> String {
    format!(
        "
route:
  receiver: a
  group_by: [alertname]
  group_wait: 10s
  group_interval: 60s
  repeat_interval: 1h
  routes: [{{matchers: ['team={first}'], receiver: {first}}}, {{matchers: ['team={second}'], receiver: {second}}}]
receivers:
- {{name: a, webhook_configs: [{{url: 'http://a'}}]}}
- {{name: {first}, webhook_configs: [{{url: 'http://{first}'}}]}}
- {{name: {second}, webhook_configs: [{{url: 'http://{second}'}}]}}
"
    )
}

fn fire_for(bench: &mut Bench, team: &str) {
    let (starts, ends) = (at(bench.now), at(bench.now + 3600));
    bench.post(
        &format!(
            r#"[{{"labels":{{"alertname":"Down","job":"{team}","team":"{team}"}},"startsAt":"{starts}","endsAt":"{ends}"}}]"#
        ),
        false,
    );
}

fn whom(bench: &Bench) -> Vec<(i64, &str, &str)> {
    let sent = bench.sent.iter();
    sent.map(|sent| (sent.at, sent.integration.as_str(), sent.firing[0].as_str())).collect()
}

/// Runs until messages leave, and begins them.
fn begin_at(bench: &mut Bench, time: i64) -> Vec<(DeliveryId, Stamp, Notification)> {
    bench.now = time;
    let ids = bench.desk.turn(at(time)).send;
    ids.into_iter()
        .filter_map(|id| bench.begin(&id).map(|(attempt, message)| (id, attempt, message)))
        .collect()
}

#[test]
fn a_message_that_failed_is_tried_again_at_once_after_a_restart() {
    for answer in [refused(), Delivery::Unknown { reason: "timed out".into() }] {
        let mut bench = Bench::new(SIMPLE);
        bench.answers = vec![answer; 3];
        bench.fire("Down", "a");
        bench.run_until(13);
        bench.restart();
        bench.run_until(14);
        assert_eq!(bench.told(), ["13 [a] [] first notification"]);
    }
}

#[test]
fn a_message_that_was_cut_short_leaves_again_at_once() {
    let mut bench = Bench::new(SIMPLE);
    bench.fire("Down", "a");
    bench.run_until(5);
    assert_eq!(begin_at(&mut bench, 10).len(), 1);
    bench.now = 12;
    bench.restart();
    bench.run_until(20);
    assert_eq!(bench.told(), ["12 [a] [] first notification"]);
}

#[test]
fn a_message_that_fails_across_a_change_of_settings_goes_to_whom_it_is_for() {
    let mut bench = Bench::new(&teams("red", "blue"));
    fire_for(&mut bench, "red");
    fire_for(&mut bench, "blue");
    let under_way = begin_at(&mut bench, 10);
    assert_eq!(under_way.len(), 2);
    bench.now = 12;
    // Each team's route now has the other's place in the tree.
    bench.desk.reconfigure(Arc::new(settings(&teams("blue", "red"))), at(12));
    bench.run_until(13);
    assert_eq!(bench.sent, [], "both are still under way");
    for (id, attempt, message) in under_way {
        bench.end(&id, attempt, &message, refused());
    }
    bench.run_until(100);
    assert_eq!(whom(&bench), [(13, "blue/webhook[0]", "blue"), (13, "red/webhook[0]", "red")]);
}

#[test]
fn a_message_that_fails_after_its_receiver_was_removed_is_for_whom_routes_name_now() {
    let mut bench = Bench::new(&teams("red", "blue"));
    fire_for(&mut bench, "red");
    let (id, attempt, message) = begin_at(&mut bench, 10).remove(0);
    bench.desk.reconfigure(Arc::new(settings(&teams("green", "blue"))), at(11));
    bench.now = 11;
    bench.end(&id, attempt, &message, refused());
    bench.run_until(100);
    assert_eq!(whom(&bench), [(11, "a/webhook[0]", "red")]);
    assert_eq!(bench.desk.outbox_counts(), (0, 0));
    let wake = bench.desk.turn(at(100)).wake;
    assert!(wake.is_none_or(|wake| wake > at(100)), "nothing is waited for that has come");
}

#[test]
fn a_full_lane_is_waited_for_and_not_asked_again_and_again() {
    let mut bench = Bench::new(&SIMPLE.replace("group_by: [alertname]", "group_by: [job]"));
    for job in ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] {
        bench.fire("Down", job);
    }
    let turn = {
        bench.now = 10;
        bench.desk.turn(at(10))
    };
    assert_eq!(turn.send.len(), bench.desk.settings().policy.concurrency);
    assert!(turn.wake.is_none_or(|wake| wake > at(10)), "{:?}", turn.wake);
}

#[test]
fn a_restart_loses_nothing_and_repeats_nothing() {
    let mut bench = Bench::new(SIMPLE);
    bench.fire("Down", "a");
    bench.run_until(5);
    bench.restart();
    bench.run_until(20);
    assert_eq!(bench.told(), ["10 [a] [] first notification"]);
    bench.restart();
    bench.run_until(65);
    bench.fire("Down", "b");
    bench.run_until(100);
    assert_eq!(bench.told()[1..], ["70 [a b] [] new alerts in group"]);
    bench.restart();
    bench.resolve("Down", "a");
    bench.resolve("Down", "b");
    bench.restart();
    bench.run_until(200);
    assert_eq!(bench.told()[2..], ["130 [] [a b] all alerts resolved"]);
}

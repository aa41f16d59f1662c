//! What is silenced, or muted at these hours.

use super::*;

#[test]
fn silenced_alerts_are_not_told_and_their_silence_ends() {
    let mut bench = Bench::new(SIMPLE);
    bench.silence("job=a", 100);
    bench.fire("Down", "a");
    bench.fire("Down", "b");
    bench.run_until(200);
    assert_eq!(bench.told(), ["10 [b] [] first notification", "130 [a b] [] new alerts in group"]);
}

#[test]
fn the_end_of_what_was_told_and_silenced_since_is_told() {
    let mut bench = Bench::new(SIMPLE);
    bench.fire("Down", "a");
    bench.run_until(20);
    bench.silence("job=a", 10_000);
    bench.resolve("Down", "a");
    bench.run_until(200);
    assert_eq!(bench.told(), ["10 [a] [] first notification", "70 [] [a] all alerts resolved"]);
}

#[test]
fn mute_intervals_keep_messages_back() {
    let yaml = "
route:
  receiver: a
  group_wait: 10s
  group_interval: 60s
  routes: [{matchers: [job=a], mute_time_intervals: [first-minutes]}]
receivers: [{name: a, webhook_configs: [{url: 'http://a'}]}]
time_intervals: [{name: first-minutes, time_intervals: [{times: [{start_time: '00:00', end_time: '00:05'}]}]}]
";
    let mut bench = Bench::new(yaml);
    bench.fire("Down", "a");
    bench.run_until(600);
    assert_eq!(bench.told().len(), 1);
    assert!(bench.sent[0].at >= 300, "{:?}", bench.told());
    assert_eq!(bench.desk.suppressed().get("mute_time_interval"), Some(&5));
}

//! Sources that fall silent.

use super::*;

#[test]
fn a_lost_source_is_no_recovery_and_an_expired_alert_is() {
    // `a` is posted once; after that its source posts `b` every minute, or that there is nothing, or
    // falls silent.
    for (goes_on, expected) in [(Some("b"), "expired"), (Some(""), "expired"), (None, "source-lost")] {
        let mut bench = Bench::new(SIMPLE);
        let post = |bench: &mut Bench, job: &str| {
            let (starts, ends) = (at(0), at(bench.now + 300));
            bench.post(
                &format!(
                    r#"[{{"labels":{{"alertname":"Down","job":"{job}"}},"startsAt":"{starts}","endsAt":"{ends}"}}]"#
                ),
                false,
            );
        };
        post(&mut bench, "a");
        for minute in 0..12 {
            match goes_on {
                Some("") if minute > 0 => bench.post("[]", true),
                None if minute > 0 => {}
                _ => post(&mut bench, "b"),
            }
            bench.run_until((minute + 1) * 60);
        }
        let a = bench.desk.book().all().find(|episode| episode.labels()["job"] == "a").unwrap();
        assert_eq!(bench.desk.state(a, &bench.desk.moment(at(720))), expected);
        let resolved = bench.sent.iter().any(|sent| sent.resolved.iter().any(|job| job == "a"));
        assert_eq!(resolved, goes_on.is_some(), "{:?}", bench.told());
    }
}

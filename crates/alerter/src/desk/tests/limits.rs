//! As many alerts fire as are kept.

use super::*;

#[test]
fn ends_of_what_is_known_are_taken_also_beside_more_than_is_kept() {
    let mut few = settings(SIMPLE);
    few.policy.alerts_max = 2;
    let mut bench = Bench::new(SIMPLE);
    bench.desk.reconfigure(Arc::new(few), at(0));
    bench.fire("Down", "a");
    bench.fire("Down", "b");
    let body = format!(
        r#"[{{"labels":{{"alertname":"Down","job":"c"}}}},
            {{"labels":{{"alertname":"Down","job":"a"}},"startsAt":"{}","endsAt":"{}"}}]"#,
        at(0),
        at(0)
    );
    let ingest = bench.desk.ingest(Batch::parse(body.as_bytes()).unwrap(), None, false, at(1));
    assert_eq!(ingest.refused, Some(TooMany(2)));
    for fact in ingest.facts {
        bench.journal(fact);
    }
    let left: Vec<&str> = bench.desk.book().live().map(|episode| episode.labels()["job"].as_str()).collect();
    assert_eq!(left, ["b"]);
    bench.fire("Down", "c");
    assert_eq!(bench.desk.book().live_count(), 2, "there is room again");
}

//! Issues that others explain.

use super::*;

#[test]
fn folded_issues_go_without_saying_while_their_cause_fires() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Cause", "critical", None);
    bench.issue("Symptom", "warning", Some("Cause"));
    bench.run_until(100);
    assert_eq!(bench.told(), ["10 [Cause] [] first notification"]);
    let shown = bench.desk.alerts(at(100));
    let symptom = shown.iter().find(|view| view.alert.labels["alertname"] == "Symptom").unwrap();
    assert_eq!(symptom.suppression.inhibited_by.len(), 1);
}

#[test]
fn issues_that_explain_each_other_are_both_told() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("A", "warning", Some("B"));
    bench.issue("B", "warning", Some("A"));
    bench.run_until(100);
    assert_eq!(bench.told().len(), 2);
}

#[test]
fn a_cause_that_never_shows_up_hides_its_symptoms_not_for_long() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Symptom", "warning", Some("Nowhere"));
    bench.run_until(119);
    assert_eq!(bench.told(), [""; 0]);
    bench.run_until(300);
    assert_eq!(bench.told().len(), 1);
}

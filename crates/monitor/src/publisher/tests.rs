//! One endpoint's ledger, told and answered by hand.

use model::alert::report;
use model::labels;
use model::{Lineage, ObjectRef, Severity};

use super::*;
use crate::fixtures::{NOW, later};

fn common() -> Common {
    Common { cluster: "c1".into(), runbooks: "https://wiki.example/checks".into() }
}

fn issue(severity: Severity) -> Arc<Issue> {
    Arc::new(Issue {
        code: "PodOOMKilled".into(),
        severity,
        lineage: Lineage::namespaced("Deployment", "shop", "web"),
        subject: ObjectRef::namespaced("Deployment", "shop", "web", "u"),
        members: Vec::new(),
        members_omitted: 0,
        since: NOW.wall,
        summary: "killed".into(),
        evidence: model::issue::Evidence::new(),
        cause: None,
        routing: model::issue::Routing::default(),
    })
}

fn fires(severity: Severity) -> Update {
    Update { issue: issue(severity), resolution: None }
}

fn ends(resolution: Resolution) -> Update {
    Update { issue: issue(Severity::Warning), resolution: Some(resolution) }
}

/// Posts what is due after so many seconds: severity and resolution of each alert.
fn post(ledger: &mut Ledger, seconds: u64) -> Vec<(String, Option<Resolution>)> {
    let batch = ledger.take_due(&common(), later(seconds));
    ledger.accepted(&batch, later(seconds));
    read(&batch)
}

fn read(batch: &Batch) -> Vec<(String, Option<Resolution>)> {
    let read =
        |alert: &PostableAlert| (alert.labels[labels::SEVERITY].clone(), report(alert).unwrap().resolution);
    batch.alerts.iter().map(read).collect()
}

fn live(severity: &str) -> (String, Option<Resolution>) {
    (severity.to_owned(), None)
}

fn over(severity: &str, resolution: Resolution) -> (String, Option<Resolution>) {
    (severity.to_owned(), Some(resolution))
}

#[test]
fn a_state_is_told_at_once_and_then_every_minute() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    assert_eq!(ledger.next_due(), Some(NOW.steady));
    let alert = &ledger.take_due(&common(), NOW).alerts[0];
    assert_eq!(alert.annotations[annotation::RUNBOOK_URL], "https://wiki.example/checks#podoomkilled");
    assert_eq!(post(&mut ledger, 0), [live("warning")]);
    assert_eq!(post(&mut ledger, 59), []);
    assert_eq!(ledger.next_due(), Some(later(60).steady));
    assert_eq!(post(&mut ledger, 60), [live("warning")]);
}

#[test]
fn an_end_is_told_for_a_quarter_of_an_hour_with_the_time_it_had() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    post(&mut ledger, 0);
    ledger.update(&ends(Resolution::Healthy), later(10));
    let batch = ledger.take_due(&common(), later(10));
    assert_eq!(read(&batch), [over("warning", Resolution::Healthy)]);
    ledger.accepted(&batch, later(10));
    let again = ledger.take_due(&common(), later(70));
    assert_eq!(again.alerts[0].ends_at, Some(later(10).wall));
    ledger.accepted(&again, later(70));
    assert_eq!(post(&mut ledger, 910), [over("warning", Resolution::Healthy)]);
    assert_eq!((ledger.entries.len(), ledger.next_due()), (0, None));
}

#[test]
fn new_labels_are_told_before_the_old_ones_end() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    post(&mut ledger, 0);
    ledger.update(&fires(Severity::Critical), later(5));
    let both = [live("critical"), over("warning", Resolution::Relabelled)];
    assert_eq!(post(&mut ledger, 5), both);
    assert_eq!(post(&mut ledger, 65), both);
    // Back again: the old labels live, and the newer ones end.
    ledger.update(&fires(Severity::Warning), later(66));
    assert_eq!(post(&mut ledger, 66), [live("warning"), over("critical", Resolution::Relabelled)]);
    assert_eq!(post(&mut ledger, 66 + 900), [live("warning")]);
}

#[test]
fn old_labels_end_also_when_the_issue_ends_before_anybody_heard_so() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    post(&mut ledger, 0);
    ledger.update(&fires(Severity::Critical), later(5));
    // Sent, and no answer came.
    drop(ledger.take_due(&common(), later(5)));
    ledger.update(&ends(Resolution::Healthy), later(6));
    let both = [over("critical", Resolution::Healthy), over("warning", Resolution::Relabelled)];
    assert_eq!(post(&mut ledger, 6), both);
}

#[test]
fn what_may_have_arrived_is_ended_even_if_nobody_said_so() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    // Sent, and no answer came.
    drop(ledger.take_due(&common(), NOW));
    ledger.update(&ends(Resolution::Healthy), later(1));
    assert_eq!(post(&mut ledger, 1), [over("warning", Resolution::Healthy)]);
}

#[test]
fn what_was_never_sent_needs_no_end() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    ledger.update(&ends(Resolution::Healthy), later(1));
    ledger.update(&ends(Resolution::SubjectGone), later(1));
    assert_eq!((ledger.entries.len(), post(&mut ledger, 1)), (0, vec![]));
}

#[test]
fn a_change_on_the_way_is_not_lost() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    let batch = ledger.take_due(&common(), NOW);
    ledger.update(&fires(Severity::Critical), later(1));
    assert!(ledger.accepted(&batch, later(2)).is_empty());
    assert_eq!(post(&mut ledger, 2), [live("critical"), over("warning", Resolution::Relabelled)]);
}

#[test]
fn an_issue_that_comes_back_is_live_again() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    post(&mut ledger, 0);
    ledger.update(&ends(Resolution::Healthy), later(10));
    post(&mut ledger, 10);
    ledger.update(&fires(Severity::Warning), later(20));
    assert_eq!(post(&mut ledger, 20), [live("warning")]);
}

#[test]
fn a_batch_is_bounded_and_the_rest_comes_after_it() {
    let mut ledger = Ledger::default();
    for n in 0..BATCH_MAX + 10 {
        let mut one = Issue::clone(&issue(Severity::Warning));
        one.lineage.name = format!("web-{n}");
        ledger.update(&Update { issue: Arc::new(one), resolution: None }, NOW);
    }
    assert_eq!(post(&mut ledger, 0).len(), BATCH_MAX);
    assert_eq!(post(&mut ledger, 0).len(), 10);
    assert_eq!(post(&mut ledger, 0).len(), 0);
}

/// Posts what is due after so many seconds to a process, and says how many alerts that were.
fn post_to(ledger: &mut Ledger, incarnation: &str, seconds: u64) -> usize {
    let batch = ledger.take_due(&common(), later(seconds));
    ledger.answered_by(incarnation, later(seconds));
    ledger.accepted(&batch, later(seconds));
    batch.alerts.len()
}

#[test]
fn a_process_that_is_new_is_noticed_soon_and_told_everything() {
    let mut ledger = Ledger::default();
    for name in ["a", "b", "c"] {
        let mut one = Issue::clone(&issue(Severity::Warning));
        one.lineage.name = name.to_owned();
        ledger.update(&Update { issue: Arc::new(one), resolution: None }, NOW);
    }
    assert_eq!(post_to(&mut ledger, "first", 0), 3);
    assert_eq!((post_to(&mut ledger, "first", 1), ledger.next_due()), (0, Some(later(6).steady)));
    assert_eq!(post_to(&mut ledger, "first", 6), 1, "it is told something");
    // Nobody answers for a while.
    drop(ledger.take_due(&common(), later(11)));
    assert!(ledger.next_due() <= Some(later(11).steady));
    assert_eq!(post_to(&mut ledger, "second", 20), 1);
    assert_eq!(ledger.next_due(), Some(later(20).steady));
    assert_eq!(post_to(&mut ledger, "second", 20), 2, "and now it knows the others, too");
    // Replicas that take turns behind one address are told no more than one would be.
    assert_eq!(post_to(&mut ledger, "first", 26), 1);
    assert_eq!(post_to(&mut ledger, "second", 31), 1);
}

#[test]
fn an_end_is_told_to_a_new_process_too() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    post_to(&mut ledger, "first", 0);
    ledger.update(&ends(Resolution::Healthy), later(10));
    post_to(&mut ledger, "first", 10);
    ledger.answered_by("second", later(12));
    assert_eq!(post(&mut ledger, 12), [over("warning", Resolution::Healthy)]);
}

#[test]
fn how_long_a_new_state_waited_is_known() {
    let mut ledger = Ledger::default();
    ledger.update(&fires(Severity::Warning), NOW);
    let batch = ledger.take_due(&common(), NOW);
    assert_eq!(ledger.accepted(&batch, later(3)), [Duration::from_secs(3)]);
    let again = ledger.take_due(&common(), later(63));
    assert!(ledger.accepted(&again, later(63)).is_empty());
}

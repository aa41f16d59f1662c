//! The desk in virtual time, with receivers that answer as a test says.

use std::collections::BTreeMap;

use model::hold::{Hold, Outcome, State};
use proptest::prelude::*;
use uuid::Uuid;

mod acknowledgement;
mod clock;
mod limits;
mod reload;

use super::*;
use crate::alerts::Batch;
use crate::alerts::testing::at;
use crate::book::attempts::Delivery;
use crate::book::silences::Wanted;
use crate::configuration::testing::settings;
use crate::entries::Incarnation;
use crate::notification::{Notification, Status};

const SIMPLE: &str = "
route: {receiver: a, group_by: [alertname], group_wait: 10s, group_interval: 60s, repeat_interval: 1h}
receivers: [{name: a, webhook_configs: [{url: 'http://a'}]}]
";

#[derive(Clone, Debug, PartialEq, Eq)]
struct Sent {
    at: i64,
    integration: String,
    firing: Vec<String>,
    resolved: Vec<String>,
    reason: String,
    healing: Option<String>,
}

struct Bench {
    desk: Desk,
    now: i64,
    sequence: u64,
    journal: Vec<Entry>,
    sent: Vec<Sent>,
    /// How the next attempts end; then all are delivered.
    answers: Vec<Delivery>,
}

fn refused() -> Delivery {
    Delivery::Refused { reason: "503".into() }
}

impl Bench {
    fn new(yaml: &str) -> Self {
        let desk = Desk::new(Arc::new(settings(yaml)), at(0));
        Self { desk, now: 0, sequence: 0, journal: Vec::new(), sent: Vec::new(), answers: Vec::new() }
    }

    fn journal(&mut self, fact: Fact) -> Stamp {
        self.sequence += 1;
        // As the journal has it: receipts never go back, even where the clock does.
        let last = self.journal.last().map_or(at(0), |entry| entry.stamp.receipt);
        let receipt = last.max(at(self.now));
        let stamp = Stamp { receipt, incarnation: Incarnation(1), sequence: self.sequence };
        let entry = Entry { stamp, fact };
        self.journal.push(entry.clone());
        self.desk.apply([entry], at(self.now));
        stamp
    }

    fn post(&mut self, body: &str, issue: bool) {
        let batch = Batch::parse(body.as_bytes()).unwrap();
        let ingest = self.desk.ingest(batch, Some("monitor"), issue, at(self.now));
        assert_eq!(ingest.refused, None);
        assert!(ingest.invalid.is_empty(), "{:?}", ingest.invalid);
        for fact in ingest.facts {
            self.journal(fact);
        }
    }

    /// A foreign alert, valid for an hour; `ends` in seconds ends it.
    fn fire(&mut self, name: &str, job: &str) {
        let ends = at(self.now + 3600);
        let starts = at(self.now);
        self.post(
            &format!(
                r#"[{{"labels":{{"alertname":"{name}","job":"{job}"}},"startsAt":"{starts}","endsAt":"{ends}"}}]"#
            ),
            false,
        );
    }

    fn resolve(&mut self, name: &str, job: &str) {
        let ends = at(self.now);
        self.post(
            &format!(r#"[{{"labels":{{"alertname":"{name}","job":"{job}"}},"endsAt":"{ends}"}}]"#),
            false,
        );
    }

    /// An issue of ours about a Deployment, with a cause or without.
    fn issue(&mut self, name: &str, severity: &str, cause: Option<&str>) {
        let (starts, ends) = (at(self.now), at(self.now + 300));
        let cause = cause.map_or(String::new(), |cause| {
            let json = format!(
                r#"{{"kind":"Node","namespace":"","name":"n","code":"{cause}","lineage":"Deployment/shop/{cause}"}}"#
            );
            format!(r#","annotations":{{"cause":{}}}"#, serde_json::to_string(&json).unwrap())
        });
        self.post(
            &format!(
                r#"[{{"labels":{{"alertname":"{name}","check":"{name}","cluster":"c","lineage":"Deployment/shop/{name}","severity":"{severity}"}},"startsAt":"{starts}","endsAt":"{ends}"{cause}}}]"#
            ),
            true,
        );
    }

    /// An issue as a monitor posts it whose clock says `ends` less the validity, with `rest` beside.
    fn post_issue(&mut self, name: &str, ends: i64, rest: &str) {
        let (starts, ends) = (at(ends - 300), at(ends));
        self.post(
            &format!(
                r#"[{{"labels":{{"alertname":"{name}","check":"{name}","cluster":"c","lineage":"Deployment/shop/{name}","severity":"warning"}},"startsAt":"{starts}","endsAt":"{ends}"{rest}}}]"#
            ),
            true,
        );
    }

    fn resolve_issue(&mut self, name: &str, severity: &str, resolution: &str) {
        let ends = at(self.now);
        self.post(
            &format!(
                r#"[{{"labels":{{"alertname":"{name}","check":"{name}","cluster":"c","lineage":"Deployment/shop/{name}","severity":"{severity}"}},"startsAt":"{}","endsAt":"{ends}","annotations":{{"resolution":"{resolution}"}}}}]"#,
                at(0)
            ),
            true,
        );
    }

    fn hold(&mut self, name: &str, state: State, remaining: u64) {
        let hold = Hold {
            cluster: "c".into(),
            lineage: format!("Deployment/shop/{name}").parse().unwrap(),
            check: name.into(),
            remediation: "r".into(),
            state,
            remaining_ms: remaining * 1000,
        };
        if let Some(fact) = self.desk.hold(hold, at(self.now)) {
            self.journal(fact);
        }
    }

    fn outcome(&mut self, name: &str, phase: &str, rule: &str) {
        let outcome = Outcome {
            id: format!("{phase}{}", self.now),
            cluster: "c".into(),
            lineage: format!("Deployment/shop/{name}").parse().unwrap(),
            check: name.into(),
            remediation: "r".into(),
            phase: phase.into(),
            rule: rule.into(),
            message: "because".into(),
            at: at(self.now),
        };
        if let Some(fact) = self.desk.outcome(outcome) {
            self.journal(fact);
        }
    }

    fn ack(&mut self, name: &str, until: Option<i64>) {
        let found = self.desk.book().live().find(|episode| episode.labels()["alertname"] == name);
        let key = found.expect("it fires").key;
        let ack = self.desk.ack(key, "ada".into(), String::new(), until.map(at), false).unwrap();
        self.journal(ack);
    }

    fn silence(&mut self, matchers: &str, ends: i64) -> Uuid {
        let wanted = Wanted {
            id: None,
            matchers: crate::rules::matchers::parse_all(matchers).unwrap(),
            starts_at: at(self.now),
            ends_at: at(ends),
            created_by: "ada".into(),
            comment: String::new(),
            annotations: model::labels::LabelSet::new(),
        };
        let fresh = Uuid::from_u128(u128::from(self.sequence) + 1);
        let (id, facts) = self.desk.silence(wanted, fresh, at(self.now)).unwrap();
        for fact in facts {
            self.journal(fact);
        }
        id
    }

    fn restart(&mut self) {
        let mut desk = Desk::new(Arc::clone(self.desk.settings()), at(self.now));
        desk.restore(self.journal.clone(), at(self.now));
        self.desk = desk;
    }

    fn send(&mut self, id: &DeliveryId) {
        if let Some((attempt, message)) = self.begin(id) {
            let answer = if self.answers.is_empty() { Delivery::Delivered } else { self.answers.remove(0) };
            self.end(id, attempt, &message, answer);
        }
    }

    /// Sends a message that is not answered yet.
    fn begin(&mut self, id: &DeliveryId) -> Option<(Stamp, Notification)> {
        let now = at(self.now);
        let Some(Fact::Begun(begun)) = self.desk.begin(id, now) else { return None };
        let attempt = self.journal(Fact::Begun(begun.clone()));
        let Some((message, _)) = self.desk.compose(id, attempt, &begun, now) else {
            self.desk.overtaken(id, now);
            return None;
        };
        Some((attempt, message))
    }

    fn end(&mut self, id: &DeliveryId, attempt: Stamp, message: &Notification, answer: Delivery) {
        let now = at(self.now);
        let names = |status: Status| {
            let of = message.alerts.iter().filter(|alert| alert.status == status);
            of.map(|alert| alert.labels.get("job").unwrap_or(&alert.labels["alertname"]).clone()).collect()
        };
        if answer == Delivery::Delivered {
            self.sent.push(Sent {
                at: self.now,
                integration: id.integration.clone(),
                firing: names(Status::Firing),
                resolved: names(Status::Resolved),
                reason: message.reason.clone(),
                healing: message.alerts[0].annotations.get("healing").cloned(),
            });
        }
        let ended = self.desk.concluded(id, attempt, answer, now);
        let failed = (ended.result != Delivery::Delivered)
            .then(|| Failed { result: ended.result.clone(), retry_after: None });
        self.journal(Fact::Ended(ended));
        self.desk.ended(id, failed.as_ref(), 0.0, now);
    }

    fn run_until(&mut self, end: i64) {
        // A bound on what may happen in one test: a loop that does not wait is a defect.
        for _ in 0..10_000 {
            let turn = self.desk.turn(at(self.now));
            let busy = !turn.facts.is_empty() || !turn.send.is_empty();
            for fact in turn.facts {
                self.journal(fact);
            }
            turn.send.iter().for_each(|id| self.send(id));
            if busy {
                continue;
            }
            let wake = turn.wake.map_or(end, |wake| {
                let wake = wake.duration_since(at(0));
                let whole = wake.as_secs() + i64::from(wake.subsec_nanos() > 0);
                whole.max(self.now + 1)
            });
            if wake > end || self.now == end {
                self.now = end;
                return;
            }
            self.now = wake;
        }
        panic!("the desk does not come to rest");
    }

    /// When what was told: `10 [a b] [c] reason`.
    fn told(&self) -> Vec<String> {
        let line = |sent: &Sent| {
            format!("{} [{}] [{}] {}", sent.at, sent.firing.join(" "), sent.resolved.join(" "), sent.reason)
        };
        self.sent.iter().map(line).collect()
    }
}

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

#[test]
fn a_page_waits_for_the_first_word_of_the_healer_only_so_long() {
    let mut bench = Bench::new(&SIMPLE.replace("group_wait: 10s", "group_wait: 0s"));
    bench.issue("Stuck", "warning", None);
    bench.run_until(100);
    assert_eq!(bench.told(), ["5 [Stuck] [] first notification"]);
}

#[test]
fn a_held_page_leaves_at_once_when_the_hold_ends() {
    for (what, state, expected) in [
        ("failed", Some(State::Failed), "40 [Stuck] [] first notification"),
        ("released", Some(State::Released), "40 [Stuck] [] first notification"),
        ("its deadline", None, "45 [Stuck] [] first notification"),
    ] {
        let mut bench = Bench::new(SIMPLE);
        bench.issue("Stuck", "warning", None);
        bench.run_until(1);
        bench.hold("Stuck", State::Taken, 44);
        bench.run_until(40);
        assert_eq!(bench.told(), [""; 0], "{what}");
        if let Some(state) = state {
            bench.hold("Stuck", state, 0);
        }
        bench.run_until(100);
        assert_eq!(bench.told(), [expected], "{what}");
    }
}

#[test]
fn a_repair_before_the_page_is_told_once() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.run_until(1);
    bench.hold("Stuck", State::Taken, 120);
    bench.run_until(20);
    bench.hold("Stuck", State::Succeeded, 100);
    bench.outcome("Stuck", "Succeeded", "");
    bench.run_until(25);
    bench.resolve_issue("Stuck", "warning", "healthy");
    bench.run_until(1000);
    assert_eq!(bench.told().len(), 1);
    assert!(bench.told()[0].ends_with("[] [Stuck] healed before anybody was notified"), "{:?}", bench.told());
    assert_eq!(bench.sent[0].healing.as_deref(), Some("Succeeded: because"));
}

#[test]
fn a_success_that_does_not_end_the_issue_is_paged_after_the_grace() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.hold("Stuck", State::Taken, 500);
    bench.run_until(20);
    bench.hold("Stuck", State::Succeeded, 480);
    bench.run_until(200);
    assert_eq!(bench.told(), ["80 [Stuck] [] first notification"]);
}

#[test]
fn what_is_over_does_not_say_what_stood_in_the_way() {
    for (phase, expected) in [("Deferred", None), ("Succeeded", Some("Succeeded: because"))] {
        let mut bench = Bench::new(SIMPLE);
        bench.issue("Stuck", "warning", None);
        bench.run_until(30);
        bench.outcome("Stuck", phase, "");
        bench.run_until(60);
        bench.resolve_issue("Stuck", "warning", "healthy");
        bench.run_until(1000);
        let last = bench.sent.last().expect("it was told that it is over");
        assert!(last.firing.is_empty() && last.healing.as_deref() == expected, "{phase}: {:?}", last.healing);
    }
}

#[test]
fn a_deferral_reaches_people_with_its_rule() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.outcome("Stuck", "Deferred", "EvictionFirst");
    bench.run_until(30);
    assert_eq!(bench.told(), ["10 [Stuck] [] first notification"]);
    assert_eq!(bench.sent[0].healing.as_deref(), Some("Deferred by EvictionFirst: because"));
    // It looks again, and is where it was.
    bench.run_until(35);
    bench.outcome("Stuck", "Deferred", "EvictionFirst");
    bench.run_until(45);
    assert_eq!(bench.told().len(), 1);
    bench.outcome("Stuck", "Escalated", "AttemptCap");
    bench.run_until(55);
    assert_eq!(bench.told()[1], "45 [Stuck] [] outcome of a remediation", "at once, though it is known");
}

#[test]
fn a_repair_that_is_begun_and_given_back_again_and_again_is_one_page() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    for round in 0..40 {
        bench.run_until(1 + round * 30);
        bench.hold("Stuck", State::Taken, 60);
        bench.run_until(11 + round * 30);
        bench.hold("Stuck", State::Released, 0);
        bench.outcome("Stuck", "Deferred", ["Budget", "SmallPool"][round as usize % 2]);
        bench.issue("Stuck", "warning", None);
    }
    let told = bench.told();
    assert_eq!(told[0], "11 [Stuck] [] first notification");
    assert_eq!(
        told[1..],
        ["41 [Stuck] [] outcome of a remediation"],
        "one for the page, one for the other rule"
    );
}

#[test]
fn no_number_of_holds_keeps_a_page_longer_than_the_cap() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    for round in 0..100 {
        bench.hold("Stuck", State::Taken, 60);
        bench.run_until((round + 1) * 30);
        bench.issue("Stuck", "warning", None);
    }
    assert_eq!(bench.told(), ["900 [Stuck] [] first notification"], "holds.cap is 15 minutes by default");
}

#[test]
fn a_question_asked_again_is_not_asked_twice() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    for round in 0..10 {
        bench.outcome("Stuck", "AwaitingApproval", "ObserveByDefault");
        bench.run_until(15 + round * 20);
        // Watches begin anew, and nothing is known of the cluster for a moment.
        bench.outcome("Stuck", "Deferred", "EmptyMeansNothing");
        bench.run_until(20 + round * 20);
    }
    assert_eq!(
        bench.told(),
        ["10 [Stuck] [] first notification", "20 [Stuck] [] outcome of a remediation"],
        "what holds it up is told, once"
    );
}

#[test]
fn many_repairs_that_are_given_up_are_few_messages() {
    let mut bench = Bench::new(&SIMPLE.replace("group_by: [alertname]", "group_by: [cluster]"));
    let names: Vec<String> = (0..20).map(|number| format!("S{number:02}")).collect();
    for name in &names {
        bench.issue(name, "warning", None);
        bench.hold(name, State::Taken, 600);
    }
    bench.run_until(20);
    for name in &names {
        bench.hold(name, State::Failed, 0);
        bench.outcome(name, "Escalated", "AttemptCap");
        bench.run_until(bench.now + 1);
    }
    bench.run_until(70);
    let told: Vec<(i64, usize)> = bench.sent.iter().map(|sent| (sent.at, sent.firing.len())).collect();
    assert_eq!(told, [(20, 1), (30, 10), (40, 20)], "the first at once, then one for each group_wait");
}

#[test]
fn a_storm_is_told_with_its_troubles_and_not_beside_them() {
    let mut bench = Bench::new(SIMPLE);
    bench.issue("Stuck", "warning", None);
    bench.outcome("Stuck", "Deferred", "CorrelatedFailure");
    bench.run_until(30);
    assert_eq!(bench.told(), ["10 [Stuck] [] first notification"]);
    assert_eq!(bench.sent[0].healing.as_deref(), Some("Deferred by CorrelatedFailure: because"));
    bench.issue("Adrift", "warning", None);
    bench.run_until(100);
    bench.outcome("Adrift", "Deferred", "CorrelatedFailure");
    bench.run_until(200);
    assert_eq!(bench.told().len(), 2, "{:?}", bench.told());
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

/// What may happen, for the property tests.
#[derive(Clone, Debug)]
enum Event {
    Fire(u8),
    Resolve(u8),
    Ack(u8),
    Hold(u8, u64),
    Restart,
    Fail(u8),
    Wait(i64),
}

fn event() -> impl Strategy<Value = Event> {
    prop_oneof![
        4 => (0..3_u8).prop_map(Event::Fire),
        2 => (0..3_u8).prop_map(Event::Resolve),
        1 => (0..3_u8).prop_map(Event::Ack),
        2 => (0..3_u8, 0..2000_u64).prop_map(|(which, left)| Event::Hold(which, left)),
        1 => Just(Event::Restart),
        2 => (1..4_u8).prop_map(Event::Fail),
        6 => (1..200_i64).prop_map(Event::Wait),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn whatever_happens(events in prop::collection::vec(event(), 1..40)) {
        let mut bench = Bench::new(SIMPLE);
        let names = ["A", "B", "C"];
        // Of each: when it began to fire, and when it was acknowledged.
        let mut acked: BTreeMap<&str, i64> = BTreeMap::new();
        let mut fires: BTreeMap<&str, i64> = BTreeMap::new();
        for event in events {
            match event {
                Event::Fire(which) => {
                    let name = names[usize::from(which)];
                    bench.issue(name, "warning", None);
                    fires.entry(name).or_insert(bench.now);
                }
                Event::Resolve(which) => {
                    let name = names[usize::from(which)];
                    bench.resolve_issue(name, "warning", "healthy");
                    fires.remove(name);
                    acked.remove(name);
                }
                Event::Ack(which) => {
                    let name = names[usize::from(which)];
                    let live = bench.desk.book().live().any(|episode| episode.labels()["alertname"] == name);
                    if live {
                        bench.ack(name, None);
                        acked.insert(name, bench.now);
                    }
                }
                Event::Hold(which, left) => bench.hold(names[usize::from(which)], State::Taken, left),
                Event::Restart => bench.restart(),
                Event::Fail(times) => bench.answers = vec![refused(); times.into()],
                Event::Wait(seconds) => {
                    let from = bench.sent.len();
                    let until = bench.now + seconds;
                    bench.run_until(until);
                    for sent in &bench.sent[from..] {
                        for name in &sent.firing {
                            prop_assert!(!acked.contains_key(name.as_str()), "told after an ack: {sent:?}");
                        }
                        let told = |list: &[String]| list.iter().filter(|name| sent.firing.contains(name)).count();
                        prop_assert_eq!(told(&sent.resolved), 0, "both at once: {:?}", sent);
                    }
                }
            }
        }
        // No page is held beyond the cap, and what fires is told in the end: the cap, the longest
        // retry, and a group's interval.
        bench.answers.clear();
        let end = bench.now + 15 * 60 + 60 + 61;
        let live: Vec<String> =
            bench.desk.book().live().map(|episode| episode.labels()["alertname"].clone()).collect();
        bench.run_until(end);
        for name in live {
            let lasts = fires.contains_key(name.as_str()) && !acked.contains_key(name.as_str());
            let told = bench.sent.iter().any(|sent| sent.firing.contains(&name));
            prop_assert!(!lasts || told, "{name} was never told: {:?}", bench.told());
        }
        // At most one message for one state of things: two in a row never say the same within
        // the repeat interval, failures and restarts included.
        let mut last: BTreeMap<String, (Vec<String>, Vec<String>, i64)> = BTreeMap::new();
        for sent in &bench.sent {
            let group = sent.firing.first().or(sent.resolved.first()).cloned().unwrap_or_default();
            let now = (sent.firing.clone(), sent.resolved.clone(), sent.at);
            if let Some(before) = last.insert(group, now.clone()) {
                let same = (&before.0, &before.1) == (&now.0, &now.1);
                let repeat = now.2 - before.2 >= 3600;
                let new_episode = sent.reason.starts_with("first");
                prop_assert!(!same || repeat || new_episode, "twice: {before:?} {now:?}");
            }
        }
    }
}

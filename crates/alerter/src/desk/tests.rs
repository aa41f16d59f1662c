//! The desk in virtual time, with receivers that answer as a test says.

use std::collections::BTreeMap;

use model::hold::{Hold, Outcome, State};
use uuid::Uuid;

mod acknowledgement;
mod anything;
mod causes;
mod clock;
mod deliveries;
mod groups;
mod healing;
mod limits;
mod reload;
mod silences;
mod sources;

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

//! A person answers what waits for an approval: yes, no, yes to another plan than the one that waits,
//! or yes until a time that is over.

use std::time::Duration;

use rand::RngExt;
use serde_json::{Value, json};

use super::{Kind, Stage, lasts};
use crate::run::cluster;
use crate::storage::{Address, Object};

/// How often the person looks whether something waits.
const LOOK: Duration = Duration::from_secs(5);
/// The phase of what waits.
const WAITS: &str = "AwaitingApproval";
/// A time before every run.
const OVER: &str = "2020-01-01T00:00:00Z";

pub(super) const KIND: Kind = Kind {
    name: "approval",
    weight: 10,
    lasts: lasts(300, 900),
    subject: |_, rng| {
        ["approved", "approved", "rejected", "another plan", "expired"][rng.random_range(0..5)].to_owned()
    },
    begin: |stage, subject| {
        let (own, answer) = (stage.clone(), subject.to_owned());
        stage.environment.spawn("approval", async move {
            // Until there is something to answer; the run ends it otherwise.
            while !answer_one(&own, &answer) {
                tokio::time::sleep(LOOK).await;
            }
        });
    },
    end: |_, _| {},
};

/// Answers the first remediation that waits and has no answer yet.
fn answer_one(stage: &Stage, answer: &str) -> bool {
    let (all, _) = stage.registry().storage().list(cluster::remediation(), None);
    let waits = |object: &Object| {
        // Seldom one does, and to look for the word is cheaper than to read all of it.
        memchr::memmem::find(&object.json, WAITS.as_bytes()).is_some() && {
            let value = object.value();
            value["status"]["phase"] == WAITS && value["spec"]["approval"].is_null()
        }
    };
    let Some((address, _)) = all.into_iter().find(|(_, object)| waits(object)) else { return false };
    give(stage, &address, answer);
    true
}

fn give(stage: &Stage, address: &Address, answer: &str) {
    stage.change(address, |value| {
        let plan = if answer == "another plan" { json!("0") } else { value["spec"]["planHash"].clone() };
        let verdict = if answer == "rejected" { "Rejected" } else { "Approved" };
        let mut approval = json!({"by": "operator", "planHash": plan, "verdict": verdict});
        if answer == "expired" {
            approval["expires"] = OVER.into();
        }
        value["spec"]["approval"] = approval;
        Value::Null
    });
}

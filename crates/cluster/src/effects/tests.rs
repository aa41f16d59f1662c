//! The guarded writer against a small server.

use std::pin::pin;
use std::time::Duration;

use environment::Environment;
use model::ObjectRef;
use serde_json::json;
use tokio::sync::watch;

use super::{ATTEMPT, Answer, Change, Effects, Permit};
use crate::lease::Claim;
use crate::testing::{Reply, Script, status};
use crate::views::Taint;

const S: Duration = Duration::from_secs(1);

struct Leave {
    target: ObjectRef,
    epoch: u64,
}

impl Permit for Leave {
    fn target(&self) -> &ObjectRef {
        &self.target
    }
    fn epoch(&self) -> u64 {
        self.epoch
    }
    fn attempt(&self) -> &'static str {
        "r-1/2"
    }
    fn deadline(&self) -> Duration {
        5 * S
    }
}

fn pod() -> Leave {
    Leave { target: ObjectRef::namespaced("Pod", "shop", "web-1", "u-1"), epoch: 3 }
}

fn node() -> Leave {
    Leave { target: ObjectRef::cluster_wide("Node", "n-1", "u-2"), epoch: 3 }
}

struct Subject {
    script: Script,
    effects: Effects<Leave>,
    claim: watch::Sender<Claim>,
    environment: Environment,
}

impl Subject {
    /// Effects under a claim of epoch 3 that lasts ten seconds.
    fn new(reply: Reply) -> Self {
        Self::behind(reply, &watch::channel(true).1)
    }

    /// The same before a connection is up.
    fn behind(reply: Reply, connection: &watch::Receiver<bool>) -> Self {
        let script = Script::new([reply]);
        let client = script.client_behind(connection);
        let environment = Environment::test(1);
        let (claim, receiver) = watch::channel(Claim {
            held: true,
            epoch: 3,
            expires: environment.monotonic() + 10 * S,
            until: environment.now() + 10 * S,
        });
        let effects = Effects::new(client, environment.clone(), receiver, "seaworthy-healer");
        Self { script, effects, claim, environment }
    }
}

fn ok() -> Reply {
    Reply::Json(201, json!({"kind": "Status", "status": "Success"}))
}

#[tokio::test(start_paused = true)]
async fn an_eviction_carries_its_precondition_its_deadline_and_who_sent_it() {
    let subject = Subject::new(ok());
    assert!(matches!(subject.effects.evict(pod(), Some(7 * S)).await, Answer::Done { .. }));
    let [call] = &subject.script.calls()[..] else { panic!("not one request") };
    assert_eq!(
        (call.method.as_str(), call.path.as_str()),
        ("POST", "/api/v1/namespaces/shop/pods/web-1/eviction")
    );
    assert_eq!(call.query, "timeout=5000ms&fieldManager=seaworthy-healer");
    assert_eq!(call.body["deleteOptions"], json!({"preconditions": {"uid": "u-1"}, "gracePeriodSeconds": 7}));
    assert!(call.agent.starts_with("seaworthy/") && call.agent.ends_with("(r-1/2)"), "{}", call.agent);
}

#[tokio::test(start_paused = true)]
async fn a_deletion_carries_its_precondition() {
    let subject = Subject::new(ok());
    assert!(matches!(subject.effects.delete(pod(), None).await, Answer::Done { .. }));
    let [call] = &subject.script.calls()[..] else { panic!("not one request") };
    assert_eq!((call.method.as_str(), call.path.as_str()), ("DELETE", "/api/v1/namespaces/shop/pods/web-1"));
    assert_eq!(call.body["preconditions"], json!({"uid": "u-1"}));
}

#[tokio::test(start_paused = true)]
async fn a_change_carries_version_uid_and_the_attempts_mark() {
    let subject = Subject::new(Reply::Json(200, json!({"metadata": {"resourceVersion": "8"}})));
    let change = Change::new().taints(vec![Taint::new("seaworthy.dev/quarantine", "", "NoSchedule")]);
    let answer = subject.effects.change(node(), "7", change).await;
    assert_eq!(answer, Answer::Done { resource_version: "8".into() });
    let [call] = &subject.script.calls()[..] else { panic!("not one request") };
    assert_eq!((call.method.as_str(), call.path.as_str()), ("PATCH", "/api/v1/nodes/n-1"));
    assert_eq!(
        call.body["metadata"],
        json!({"uid": "u-2", "resourceVersion": "7", "annotations": {ATTEMPT: "r-1/2"}})
    );
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_without_a_claim_that_outlasts_it() {
    type Happens = fn(&Subject);
    let stories: [(&str, Happens); 4] = [
        ("lost", |subject| subject.claim.send_modify(|claim| claim.held = false)),
        ("of another tenure", |subject| subject.claim.send_modify(|claim| claim.epoch = 4)),
        ("too short", |subject| {
            subject.claim.send_modify(|claim| claim.expires = subject.environment.monotonic() + 5 * S);
        }),
        ("suspended", |subject| {
            subject.claim.send_modify(|claim| claim.until = subject.environment.now() + 2 * S);
        }),
    ];
    for (what, happens) in stories {
        let subject = Subject::new(ok());
        happens(&subject);
        let answer = subject.effects.evict(pod(), None).await;
        assert!(matches!(answer, Answer::NotSent(_)), "{what}: {answer:?}");
        assert!(subject.script.calls().is_empty(), "{what}");
    }
    let Subject { script, effects, claim, .. } = Subject::new(ok());
    drop(claim);
    assert!(matches!(effects.evict(pod(), None).await, Answer::NotSent(_)), "nobody keeps the claim");
    assert!(script.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_is_frozen_on_its_way_does_not_leave_when_it_thaws() {
    type Happens = fn(&Subject);
    let stories: [(&str, Duration, bool, Happens); 4] = [
        ("in time", 4 * S, true, |_| ()),
        ("past its deadline", 6 * S, false, |_| ()),
        ("past the lease", 60 * S, false, |_| ()),
        ("lost", S, false, |subject| subject.claim.send_modify(|claim| claim.held = false)),
    ];
    for (what, pause, leaves, happens) in stories {
        let (up, connection) = watch::channel(false);
        let subject = Subject::behind(ok(), &connection);
        let mut sending = pin!(subject.effects.evict(pod(), None));
        // The client hands it to a task of its own, and has it back then.
        for _ in 0..3 {
            assert!(futures::poll!(sending.as_mut()).is_pending());
            tokio::task::yield_now().await;
        }
        tokio::time::advance(pause).await;
        happens(&subject);
        up.send_replace(true);
        let answer = sending.await;
        assert_eq!(matches!(answer, Answer::Done { .. }), leaves, "{what}: {answer:?}");
        assert!(leaves || matches!(answer, Answer::Unknown(_)), "{what}: {answer:?}");
        assert_eq!(subject.script.calls().len(), usize::from(leaves), "{what}");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_leaves_without_its_precondition() {
    let subject = Subject::new(ok());
    let mut permit = pod();
    permit.target.uid.clear();
    assert!(matches!(subject.effects.evict(permit, None).await, Answer::NotSent(_)));
    assert!(matches!(subject.effects.change(node(), "", Change::new()).await, Answer::NotSent(_)));
    let mut permit = pod();
    permit.target.kind = "Secret".into();
    assert!(matches!(subject.effects.delete(permit, None).await, Answer::NotSent(_)));
    assert!(subject.script.calls().is_empty());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_ever_sent_twice() {
    for reply in [
        Reply::Break,
        Reply::Hang,
        status(429, "TooManyRequests", "slow down"),
        status(503, "ServiceUnavailable", ""),
        status(504, "Timeout", ""),
    ] {
        let subject = Subject::new(reply.clone());
        let begin = tokio::time::Instant::now();
        let answer = subject.effects.evict(pod(), None).await;
        assert!(matches!(answer, Answer::Unknown(_) | Answer::RateLimited { .. }), "{reply:?}: {answer:?}");
        assert!(begin.elapsed() <= 5 * S, "{reply:?}");
        assert_eq!(subject.script.calls().len(), 1, "{reply:?}");
    }
}

//! The guarded writer: the only way to change what is not our own.
//!
//! Architecture invariant: there is no effect without a [`Permit`], and each permit is good for
//! one request, because every method takes it by value. The healer's governor is the only maker
//! of permits.
//!
//! A request is sent once, never again: not by this module, not by the client below it. It goes
//! out only while the leader's claim lasts longer than the request may take. That is asked before
//! each step towards the wire, so that what is frozen while it waits for credentials or a
//! connection does not go out when it thaws. What remains is the moment in which a connection that
//! is up has been handed the request and has not written it: a process that is stopped there sends
//! it late, as a network may deliver it late. So it carries a precondition, too, and a second
//! arrival, by whomever and however late, changes nothing:
//!
//! - *evict, delete*: the UID that the attempt recorded;
//! - *change in place*: UID and resourceVersion of the read that re-checked the condition, and
//!   the attempt's id left on the object.
//!
//! The server is told the same deadline, so that it does not finish later what nobody waits for.

mod address;
mod answer;
mod change;
#[cfg(test)]
mod tests;

use std::future::{Future, poll_fn};
use std::marker::PhantomData;
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use environment::Environment;
use http::{HeaderValue, Method, header};
use model::ObjectRef;
use serde_json::json;
use tokio::sync::watch;

use crate::lease::Claim;
use crate::transport;

pub use answer::Answer;
pub use change::Change;

/// The annotation that holds the id of the attempt that changed an object last.
pub const ATTEMPT: &str = "seaworthy.dev/attempt";

/// How much longer than the request the claim must last when it is sent: two clocks are compared,
/// and they do not run equally fast.
const MARGIN: Duration = Duration::from_millis(500);

/// Leave for one effect.
pub trait Permit: Send + Sync {
    /// What may be changed. Its UID is a precondition, so it must have one.
    fn target(&self) -> &ObjectRef;
    /// The tenure under which it was given.
    fn epoch(&self) -> u64;
    /// The id of the attempt: remediation and number. It stands in the audit log, and on objects
    /// that are changed in place.
    fn attempt(&self) -> &str;
    /// How long the request and its answer may take.
    fn deadline(&self) -> Duration;
}

/// The guarded writer.
pub struct Effects<P> {
    client: kube::Client,
    environment: Environment,
    claim: watch::Receiver<Claim>,
    manager: String,
    permit: PhantomData<fn(P)>,
}

impl<P> Clone for Effects<P> {
    fn clone(&self) -> Self {
        Self {
            client: self.client.clone(),
            environment: self.environment.clone(),
            claim: self.claim.clone(),
            manager: self.manager.clone(),
            permit: PhantomData,
        }
    }
}

impl<P: Permit> Effects<P> {
    /// A writer that acts while `claim` is held, as field manager `manager` (`seaworthy-healer`).
    pub fn new(
        client: kube::Client,
        environment: Environment,
        claim: watch::Receiver<Claim>,
        manager: &str,
    ) -> Self {
        Self { client, environment, claim, manager: manager.to_owned(), permit: PhantomData }
    }

    /// Asks the eviction API to remove a pod. Its answer is final for this attempt.
    pub async fn evict(&self, permit: P, grace: Option<Duration>) -> Answer {
        let target = permit.target();
        let mut eviction = json!({
            "apiVersion": "policy/v1",
            "kind": "Eviction",
            "metadata": { "name": target.name, "namespace": target.namespace },
            "deleteOptions": { "preconditions": { "uid": target.uid } },
        });
        set_grace(&mut eviction["deleteOptions"], grace);
        self.send(&permit, Request { method: Method::POST, subresource: "eviction", body: eviction }).await
    }

    /// Deletes an object.
    pub async fn delete(&self, permit: P, grace: Option<Duration>) -> Answer {
        let mut options = json!({
            "apiVersion": "v1",
            "kind": "DeleteOptions",
            "preconditions": { "uid": permit.target().uid },
            "propagationPolicy": "Background",
        });
        set_grace(&mut options, grace);
        self.send(&permit, Request { method: Method::DELETE, subresource: "", body: options }).await
    }

    /// Changes an object in place, if it is still at `resource_version`, and leaves the attempt's
    /// id on it.
    pub async fn change(&self, permit: P, resource_version: &str, change: Change) -> Answer {
        if resource_version.is_empty() {
            return Answer::NotSent("no resourceVersion was recorded to change from".to_owned());
        }
        let body = change.patch(&permit.target().uid, resource_version, permit.attempt());
        self.send(&permit, Request { method: Method::PATCH, subresource: "", body }).await
    }

    async fn send(&self, permit: &P, request: Request) -> Answer {
        let (target, deadline) = (permit.target(), permit.deadline());
        let Some(address) = address::of(target) else {
            return Answer::NotSent(format!("{target} is not something that can be changed"));
        };
        if target.uid.is_empty() {
            return Answer::NotSent(format!("no UID was recorded for {target}"));
        }
        let uri = request.uri(&address.path, &self.manager, deadline);
        let body = match serde_json::to_vec(&request.body) {
            Ok(body) => body,
            Err(error) => return Answer::NotSent(error.to_string()),
        };
        let mut wire = transport::request(request.method.clone(), &uri, request.content_type(), body);
        if let Ok(agent) = HeaderValue::from_str(&format!("{} ({})", transport::USER_AGENT, permit.attempt()))
        {
            wire.headers_mut().insert(header::USER_AGENT, agent);
        }
        let mut exchange = pin!(transport::call(&self.client, wire, deadline));
        let until = self.environment.monotonic() + deadline;
        let mut is_begun = false;
        let result = poll_fn(|cx| {
            // Immediately before each step, and nothing in between.
            let margin = if is_begun { Duration::ZERO } else { MARGIN };
            if let Err(why) = self.check_claim(permit, until, margin) {
                return Poll::Ready(Err(why));
            }
            is_begun = true;
            exchange.as_mut().poll(cx).map(Ok)
        });
        match result.await {
            Ok(result) => {
                answer::classify(result, || address.missing_verb(&request.method, request.subresource))
            }
            Err(why) if is_begun => Answer::Unknown(why),
            Err(why) => Answer::NotSent(why),
        }
    }

    /// Whether the claim under which the permit was given outlasts a request that ends at `until`
    /// by so much, and that has not come.
    fn check_claim(&self, permit: &P, until: Duration, margin: Duration) -> Result<(), String> {
        let claim = *self.claim.borrow();
        if claim.epoch != permit.epoch() {
            return Err(format!(
                "the permit is of epoch {}, and the lease is at {}",
                permit.epoch(),
                claim.epoch
            ));
        }
        // A sender that is gone took the claim with it.
        let is_abandoned = self.claim.has_changed().is_err();
        let remaining = claim.remaining(&self.environment);
        let Some(left) = until.checked_sub(self.environment.monotonic()) else {
            return Err(format!("the API server did not answer within {:?}", permit.deadline()));
        };
        if is_abandoned || remaining < left + margin {
            return Err(format!("the lease lasts {remaining:?} more, the request may take longer"));
        }
        Ok(())
    }
}

struct Request {
    method: Method,
    subresource: &'static str,
    body: serde_json::Value,
}

impl Request {
    fn uri(&self, path: &str, manager: &str, deadline: Duration) -> String {
        let path = if self.subresource.is_empty() {
            path.to_owned()
        } else {
            format!("{path}/{}", self.subresource)
        };
        let timeout = format!("{}ms", deadline.as_millis().max(1));
        let mut query = vec![("timeout", timeout.as_str())];
        if self.method != Method::DELETE {
            query.push(("fieldManager", manager));
        }
        transport::with_query(&path, query)
    }

    fn content_type(&self) -> &'static str {
        if self.method == Method::PATCH { "application/merge-patch+json" } else { "application/json" }
    }
}

fn set_grace(options: &mut serde_json::Value, grace: Option<Duration>) {
    if let Some(grace) = grace {
        options["gracePeriodSeconds"] = grace.as_secs().into();
    }
}

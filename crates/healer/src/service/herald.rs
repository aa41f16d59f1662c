//! Tells the alerters: a hold as long as an issue is worked on, renewed as a sign of life, and
//! outcomes, each until one alerter has accepted it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use model::hold::{Hold, Outcome, State};
use net::holds::Teller;
use tokio::sync::mpsc;

use super::shared::Shared;
use super::tell;

/// How often what is to be told is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// How often a hold is renewed: several times within the alerter's patience.
const RENEW: Duration = Duration::from_secs(5);
/// How long one alerter may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// Most tellings in one go.
const BATCH: usize = 50;
/// Most acceptances that wait for the engine.
const ACCEPTED_MAX: usize = 256;

/// Begins telling. What is accepted comes out: remediation and transition.
pub(super) fn start(shared: &Arc<Shared>, alerters: Vec<Teller>) -> mpsc::Receiver<(String, u64)> {
    let (accepted, receiver) = mpsc::channel(ACCEPTED_MAX);
    let shared = Arc::clone(shared);
    let environment = shared.environment.clone();
    environment.spawn_critical("herald", async move {
        let herald = Herald { shared, alerters, accepted, held: BTreeMap::new(), told: BTreeMap::new() };
        herald.run().await;
    });
    receiver
}

struct Herald {
    shared: Arc<Shared>,
    alerters: Vec<Teller>,
    accepted: mpsc::Sender<(String, u64)>,
    /// The state of each hold that was accepted last, and when.
    held: BTreeMap<String, (State, Duration)>,
    /// What was accepted and may not be recorded yet.
    told: BTreeMap<String, u64>,
}

impl Herald {
    async fn run(mut self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.shared.state().epoch.is_none() {
                self.held.clear();
                self.told.clear();
                continue;
            }
            if self.alerters.is_empty() {
                continue;
            }
            let (holds, outcomes) = self.news();
            for hold in holds.into_iter().take(BATCH) {
                self.tell_hold(hold).await;
            }
            for (outcome, transition) in outcomes.into_iter().take(BATCH) {
                self.tell_outcome(outcome, transition).await;
            }
        }
    }

    /// What is to be told now.
    fn news(&self) -> (Vec<Hold>, Vec<(Outcome, u64)>) {
        let now = self.shared.now();
        let longest = self.shared.config().timeouts.hold.0;
        let state = self.shared.state();
        let all = state.remediations.objects.values();
        let mut holds = Vec::new();
        let mut outcomes = Vec::new();
        for one in all {
            let Some(status) = &one.status else { continue };
            let Some(name) = &one.metadata.name else { continue };
            if let Some(hold) =
                tell::hold(one, now, longest).filter(|hold| self.is_news(hold, now.monotonic, status))
            {
                holds.push(hold);
            }
            let is_told = self.told.get(name).is_some_and(|told| *told >= status.transitions);
            if let Some(outcome) = tell::outcome(one).filter(|_| !is_told) {
                outcomes.push((outcome, status.transitions));
            }
        }
        (holds, outcomes)
    }

    /// A hold is told when it changes, and as long as it is held again and again. What was never
    /// held in this tenure and is over was told by whoever led then.
    fn is_news(&self, hold: &Hold, now: Duration, status: &model::remediation::RemediationStatus) -> bool {
        match self.held.get(&hold.remediation) {
            Some((state, _)) if *state != hold.state => true,
            Some((State::Taken, at)) => now.saturating_sub(*at) >= RENEW,
            Some(_) => false,
            None => hold.state == State::Taken || status.told < status.transitions,
        }
    }

    async fn tell_hold(&mut self, hold: Hold) {
        let told = join_all(self.alerters.iter().map(|alerter| alerter.hold(&hold, DEADLINE))).await;
        let is_accepted = told.iter().any(Result::is_ok);
        for error in told.iter().filter_map(|result| result.as_ref().err()) {
            tracing::warn!(remediation = hold.remediation, %error, "an alerter was not told of a hold");
        }
        self.shared.metrics.told("hold", is_accepted);
        if is_accepted {
            self.held.insert(hold.remediation, (hold.state, self.shared.environment.monotonic()));
        }
    }

    async fn tell_outcome(&mut self, outcome: Outcome, transition: u64) {
        if self.is_accepted(&outcome).await {
            self.told.insert(outcome.remediation.clone(), transition);
            // A full channel means that it is told once more, which is harmless.
            let _ = self.accepted.try_send((outcome.remediation, transition));
        }
    }

    /// One message for a correlated failure, however many remediations it holds.
    async fn is_accepted(&self, outcome: &Outcome) -> bool {
        let told = join_all(self.alerters.iter().map(|alerter| alerter.outcome(outcome, DEADLINE))).await;
        for error in told.iter().filter_map(|result| result.as_ref().err()) {
            tracing::warn!(outcome = outcome.id, %error, "an alerter was not told of an outcome");
        }
        let is_accepted = told.iter().any(Result::is_ok);
        self.shared.metrics.told("outcome", is_accepted);
        is_accepted
    }
}

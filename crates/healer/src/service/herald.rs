//! Tells the alerters: a hold as long as an issue is worked on, renewed as a sign of life, and
//! outcomes, each until one alerter has accepted it.

use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use futures::future::join_all;
use model::hold::{Hold, Outcome, State};
use net::holds::{Error, Teller};
use tokio::sync::mpsc;

use super::shared::Shared;
use super::tell;

/// How often what is to be told is looked at.
const EVERY: Duration = Duration::from_millis(500);
/// How often a hold is renewed: several times within the alerter's patience.
const RENEW: Duration = Duration::from_secs(5);
/// How long one alerter may take.
const DEADLINE: Duration = Duration::from_secs(3);
/// How long the end of a hold waits for the outcome that explains it.
const WHY_WITHIN: Duration = Duration::from_secs(3);
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
        let herald = Herald {
            shared,
            alerters,
            accepted,
            held: BTreeMap::new(),
            told: BTreeMap::new(),
            ending: BTreeMap::new(),
            absent: Absent::default(),
        };
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
    /// Holds whose end is to be told, and since when.
    ending: BTreeMap<String, Duration>,
    absent: Absent,
}

impl Herald {
    async fn run(mut self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if self.shared.state().epoch.is_none() {
                self.held.clear();
                self.told.clear();
                self.ending.clear();
                continue;
            }
            if self.alerters.is_empty() {
                continue;
            }
            let (holds, outcomes) = self.news();
            let (taken, ended): (Vec<Hold>, Vec<Hold>) =
                holds.into_iter().partition(|hold| hold.state == State::Taken);
            self.tell_holds(&taken[..taken.len().min(BATCH)]).await;
            self.tell_outcomes(&outcomes[..outcomes.len().min(BATCH)]).await;
            let ended = self.explained(ended, &outcomes);
            self.tell_holds(&ended[..ended.len().min(BATCH)]).await;
        }
    }

    /// The ends of holds that may be told: a page that is let go is to say why. But it waits for that no
    /// longer than a moment.
    fn explained(&mut self, ended: Vec<Hold>, outcomes: &[(Outcome, u64)]) -> Vec<Hold> {
        let now = self.shared.environment.monotonic();
        self.ending.retain(|name, _| ended.iter().any(|hold| hold.remediation == *name));
        let unsaid = |name: &str| {
            let of_it = outcomes.iter().find(|(outcome, _)| outcome.remediation == name);
            of_it.is_some_and(|(_, transition)| self.told.get(name).is_none_or(|told| told < transition))
        };
        let mut explained = Vec::new();
        for hold in ended {
            let since = *self.ending.entry(hold.remediation.clone()).or_insert(now);
            if !unsaid(&hold.remediation) || now.saturating_sub(since) >= WHY_WITHIN {
                explained.push(hold);
            }
        }
        explained
    }

    /// What is to be told now. Forgets what is no more.
    fn news(&mut self) -> (Vec<Hold>, Vec<(Outcome, u64)>) {
        let now = self.shared.now();
        let longest = self.shared.config().timeouts.hold.0;
        let state = self.shared.state();
        self.held.retain(|name, _| state.remediations.objects.contains_key(name));
        self.told.retain(|name, _| state.remediations.objects.contains_key(name));
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

    /// All of them at once: one alerter that hangs must not make the others wait until the holds
    /// that they know lapse.
    async fn tell_holds(&mut self, holds: &[Hold]) {
        let tell = |alerter: Teller, hold: Hold| async move { alerter.hold(&hold, DEADLINE).await };
        let accepted = self.tell("hold", holds, tell).await;
        let now = self.shared.environment.monotonic();
        for (hold, _) in holds.iter().zip(accepted).filter(|(_, is_accepted)| *is_accepted) {
            self.held.insert(hold.remediation.clone(), (hold.state, now));
        }
    }

    async fn tell_outcomes(&mut self, outcomes: &[(Outcome, u64)]) {
        let tell = |alerter: Teller, (outcome, _): (Outcome, u64)| async move {
            alerter.outcome(&outcome, DEADLINE).await
        };
        let accepted = self.tell("outcome", outcomes, tell).await;
        for ((outcome, transition), _) in outcomes.iter().zip(accepted).filter(|(_, is)| *is) {
            let told = (outcome.remediation.clone(), *transition);
            // A full channel means that it is told once more, which is harmless.
            if self.accepted.try_send(told.clone()).is_ok() {
                self.told.insert(told.0, told.1);
            }
        }
    }

    /// Tells every alerter each of `news`. Gives for each whether one of them has accepted it.
    async fn tell<N: Clone, F>(
        &mut self,
        what: &'static str,
        news: &[N],
        tell: impl Fn(Teller, N) -> F,
    ) -> Vec<bool>
    where
        F: Future<Output = Result<(), Error>>,
    {
        if news.is_empty() {
            return Vec::new();
        }
        let one = |alerter: &Teller| join_all(news.iter().map(|news| tell(alerter.clone(), news.clone())));
        let told = join_all(self.alerters.iter().map(one)).await;
        for (alerter, results) in self.alerters.iter().zip(&told) {
            self.absent.note(&alerter.peer(), what, results.iter().find_map(|result| result.as_ref().err()));
        }
        let accepted = |at: usize| told.iter().any(|results| results[at].is_ok());
        let accepted: Vec<bool> = (0..news.len()).map(accepted).collect();
        for &is_accepted in &accepted {
            self.shared.metrics.told(what, is_accepted);
        }
        accepted
    }
}

/// The alerters that did not take something the last time. One may be away for hours: that is a
/// line when it goes, and one when it is back.
#[derive(Default)]
struct Absent(BTreeSet<(String, &'static str)>);

impl Absent {
    fn note(&mut self, peer: &str, what: &'static str, error: Option<&Error>) {
        let key = (peer.to_owned(), what);
        match error {
            Some(error) if self.0.insert(key) => {
                tracing::warn!(peer, what, %error, "an alerter was not told; trying on");
            }
            None if self.0.remove(&(peer.to_owned(), what)) => {
                tracing::info!(peer, what, "the alerter can be told again");
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Mutex, PoisonError};

    use axum::http::StatusCode;
    use axum::{Json, Router};
    use environment::Environment;
    use model::remediation::{Attempt, Phase, Remediation};
    use net::http::{Client, Endpoint};

    use super::*;
    use crate::machine::tests_support::{attempt, open_part, remediation};
    use crate::service::{Options, Service, Transports};

    async fn shared(environment: &Environment) -> Arc<Shared> {
        let client = crate::service::tests::cluster().client();
        let transports =
            Transports { client, default_namespace: "seaworthy".into(), tls: None, alerters: Vec::new() };
        let service = Service::new(Options::default(), environment.clone(), transports).await;
        service.expect("it is valid").shared
    }

    /// A remediation under which something is done.
    fn acting(name: &str) -> Remediation {
        let mut one = remediation(name);
        let status = one.status.as_mut().expect("it has one");
        status.phase = Phase::Acting;
        status.attempts = vec![Attempt { parts: vec![open_part("web-1", "p-1")], ..attempt() }];
        one
    }

    fn teller(environment: &Environment, router: Router) -> Teller {
        let endpoint = Endpoint::new("http://alerter", Client::to_router(router, None)).expect("a url");
        Teller::new(environment, endpoint)
    }

    #[tokio::test(start_paused = true)]
    async fn an_alerter_is_absent_until_it_takes_something() {
        let environment = Environment::test(1);
        let shared = shared(&environment).await;
        let busy = Router::new().fallback(async || axum::http::StatusCode::SERVICE_UNAVAILABLE);
        let alerters = vec![teller(&environment, busy)];
        let (accepted, _receiver) = mpsc::channel(1);
        let mut herald = Herald {
            shared,
            alerters,
            accepted,
            held: BTreeMap::new(),
            told: BTreeMap::new(),
            ending: BTreeMap::new(),
            absent: Absent::default(),
        };
        let hold = tell::hold(&acting("r-1-1"), herald.shared.now(), RENEW).expect("it is held");
        for holds in [vec![hold], Vec::new()] {
            herald.tell_holds(&holds).await;
            assert_eq!(herald.absent.0.len(), 1, "{} told", holds.len());
        }
        assert!(herald.held.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_alerter_that_hangs_does_not_let_the_others_holds_lapse() {
        let environment = Environment::test(1);
        let shared = shared(&environment).await;
        {
            let mut state = shared.state();
            state.epoch = Some(1);
            for n in 0..30 {
                state.remediations.apply(acting(&format!("r-{n}-1")));
            }
        }
        let heard: Arc<Mutex<BTreeMap<String, Duration>>> = Arc::default();
        let (notes, clock) = (Arc::clone(&heard), environment.clone());
        let healthy = Router::new().fallback(async move |Json(hold): Json<Hold>| {
            let mut heard = notes.lock().unwrap_or_else(PoisonError::into_inner);
            heard.insert(hold.remediation, clock.monotonic());
        });
        let hangs = Router::new().fallback(async || std::future::pending::<()>().await);
        let alerters = [hangs, healthy].map(|router| teller(&environment, router));
        let _accepted = start(&shared, alerters.into());
        for _ in 0..6 {
            tokio::time::sleep(Duration::from_secs(10)).await;
            let heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
            let oldest = heard.values().min().copied().unwrap_or_default();
            let silence = environment.monotonic().saturating_sub(oldest);
            assert!(heard.len() == 30 && silence < 2 * RENEW, "{} heard, {silence:?}", heard.len());
        }
    }

    /// What an alerter hears within a time of a repair that is given up, when it does not take the first
    /// tellings of why.
    async fn heard(refusals: usize, within: Duration) -> Vec<String> {
        let environment = Environment::test(1);
        let shared = shared(&environment).await;
        let mut one = acting("r-1-1");
        shared.state().epoch = Some(1);
        shared.state().remediations.apply(one.clone());
        let heard: Arc<Mutex<Vec<String>>> = Arc::default();
        let notes = Arc::clone(&heard);
        let router = Router::new().fallback(async move |Json(told): Json<serde_json::Value>| {
            let what = told.get("state").or(told.get("phase")).and_then(serde_json::Value::as_str);
            let mut heard = notes.lock().unwrap_or_else(PoisonError::into_inner);
            heard.extend(what.map(str::to_owned));
            let tellings = heard.iter().filter(|one| *one == "Escalated").count();
            let refuses = what == Some("Escalated") && tellings <= refusals;
            if refuses { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
        });
        let _accepted = start(&shared, vec![teller(&environment, router)]);
        tokio::time::sleep(2 * EVERY).await;
        let status = one.status.as_mut().expect("it has one");
        (status.phase, status.transitions) = (Phase::Escalated, 1);
        one.metadata.resource_version = Some("2".to_owned());
        shared.state().remediations.apply(one);
        tokio::time::sleep(within).await;
        heard.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    #[tokio::test(start_paused = true)]
    async fn the_reason_is_told_before_the_page_is_let_go() {
        assert_eq!(heard(1, 3 * EVERY).await, ["taken", "Escalated", "Escalated", "failed"]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reason_that_nobody_takes_keeps_no_page() {
        let is_let_go = async |within| heard(usize::MAX, within).await.contains(&"failed".to_owned());
        assert!(!is_let_go(WHY_WITHIN.saturating_sub(EVERY)).await, "the reason may still be taken");
        assert!(is_let_go(WHY_WITHIN + 2 * EVERY).await);
    }
}

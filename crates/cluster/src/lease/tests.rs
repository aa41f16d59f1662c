//! Electors against a small server, on virtual time.

use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use environment::{Drain, Environment, ManualClock};
use jiff::SignedDuration;
use proptest::prelude::*;
use tokio::sync::watch;

use super::{Claim, Elector, Floor, Options};
use crate::testing::{self, Reply, Store, lock};

const S: Duration = Duration::from_secs(1);
const PATH: &str = "/apis/coordination.k8s.io/v1/namespaces/seaworthy/leases/healer";

/// What the way between an elector and the server does to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Way {
    Open,
    /// Nothing arrives, nothing comes back.
    Cut,
    /// Everything arrives, nothing comes back.
    LosesAnswers,
    /// The server says that it has too much to do.
    Busy,
}

/// An elector that runs, and what it is connected by.
struct Candidate {
    name: String,
    environment: Environment,
    clock: Arc<ManualClock>,
    way: Arc<Mutex<Way>>,
    claim: watch::Receiver<Claim>,
    floor: Floor,
    drain: Drain,
}

impl Candidate {
    fn start(store: &Store, name: &str, skew: SignedDuration) -> Self {
        Self::start_above(store, name, skew, 0)
    }

    /// One that found `floor` stored as the highest epoch.
    fn start_above(store: &Store, name: &str, skew: SignedDuration, floor_found: u64) -> Self {
        let clock = Arc::new(ManualClock::starting_at(ManualClock::EPOCH + skew));
        let seed = name.bytes().map(u64::from).sum();
        let environment = Environment::new(clock.clone(), seed);
        let way = Arc::new(Mutex::new(Way::Open));
        let client = testing::client(Duration::from_millis(20), {
            let (store, way) = (store.clone(), way.clone());
            move |call| match *lock(&way) {
                Way::Open => store.handle(&call),
                Way::Cut => Reply::Hang,
                Way::LosesAnswers => {
                    store.handle(&call);
                    Reply::Hang
                }
                Way::Busy => testing::status(429, "TooManyRequests", "too many requests"),
            }
        });
        let options = Options {
            namespace: "seaworthy".into(),
            name: "healer".into(),
            identity: name.into(),
            manager: "seaworthy-healer".into(),
            duration: Options::DURATION,
        };
        let (elector, claim) = Elector::new(client, environment.clone(), options);
        let floor = elector.floor();
        floor.raise(floor_found);
        let (drain, drained) = environment::drain();
        environment.spawn("elector", elector.run(drained));
        Self { name: name.to_owned(), environment, clock, way, claim, floor, drain }
    }

    fn claim(&self) -> Claim {
        *self.claim.borrow()
    }

    /// Whether it may act now.
    fn acts(&self) -> bool {
        self.claim().is_valid(&self.environment)
    }

    fn since(&self, moment: Duration) -> Duration {
        self.environment.monotonic().saturating_sub(moment)
    }

    async fn until(&mut self, what: impl Fn(&Claim) -> bool) -> Claim {
        *tokio::time::timeout(300 * S, self.claim.wait_for(what)).await.expect("in time").expect("alive")
    }
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_won_kept_and_given_back() {
    let store = Store::default();
    let mut one = Candidate::start(&store, "one", SignedDuration::ZERO);
    let claim = one.until(|claim| claim.held).await;
    assert_eq!(claim.epoch, 1);
    // From before the sending, and a tenth less than others wait.
    assert!(claim.remaining(&one.environment) <= 13 * S + S / 2);
    tokio::time::sleep(120 * S).await;
    assert!(one.acts() && one.claim().epoch == 1);
    assert_eq!(store.get(PATH).unwrap()["spec"]["holderIdentity"], "one");
    one.drain.start();
    one.until(|claim| !claim.held).await;
    // Said first, and then given back.
    tokio::time::sleep(S).await;
    assert!(store.get(PATH).unwrap()["spec"]["holderIdentity"].is_null());
    // What was given back is taken at once, and never under an old number.
    let mut two = Candidate::start(&store, "two", SignedDuration::ZERO);
    let before = two.environment.monotonic();
    assert_eq!(two.until(|claim| claim.held).await.epoch, 2);
    assert!(two.since(before) < S);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_vanishes_is_replaced_after_its_time_and_not_before() {
    let store = Store::default();
    let mut one = Candidate::start(&store, "one", SignedDuration::ZERO);
    one.until(|claim| claim.held).await;
    // Its clock is two hours off, and it does not matter.
    let mut two = Candidate::start(&store, "two", SignedDuration::from_hours(2));
    tokio::time::sleep(20 * S).await;
    assert!(!two.claim().held);
    let begin = two.environment.monotonic();
    *lock(&one.way) = Way::Cut;
    assert_eq!(two.until(|claim| claim.held).await.epoch, 2);
    let took = two.since(begin);
    assert!(took >= 10 * S && took <= 27 * S, "{took:?}");
    assert!(!one.acts() && !one.claim().held, "losing it must be seen");
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_costs_nothing() {
    let store = Store::default();
    let mut one = Candidate::start(&store, "one", SignedDuration::ZERO);
    one.until(|claim| claim.held).await;
    for _ in 0..5 {
        *lock(&one.way) = Way::LosesAnswers;
        tokio::time::sleep(6 * S).await;
        *lock(&one.way) = Way::Open;
        tokio::time::sleep(20 * S).await;
        assert!(one.acts());
    }
    assert_eq!(one.claim().epoch, 1, "it was held all the time");
}

#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_is_lost_and_made_anew_under_a_higher_number() {
    let store = Store::default();
    let mut one = Candidate::start(&store, "one", SignedDuration::ZERO);
    one.until(|claim| claim.held).await;
    one.floor.raise(7);
    assert_eq!(one.until(|claim| claim.epoch > 1).await.epoch, 8, "a tenure above the floor");
    store.remove(PATH);
    one.until(|claim| !claim.held).await;
    let begin = one.environment.monotonic();
    assert_eq!(one.until(|claim| claim.held).await.epoch, 9);
    assert!(one.since(begin) >= 14 * S, "somebody else might still act");
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_was_suspended_notices() {
    let store = Store::default();
    let mut one = Candidate::start(&store, "one", SignedDuration::ZERO);
    one.until(|claim| claim.held).await;
    // The wall clock went on, the monotonic one did not.
    one.clock.step(SignedDuration::from_mins(10));
    assert!(!one.acts());
}

#[derive(Clone, Debug)]
enum Happening {
    Way(usize, Way),
    StepClock(usize, i64),
    DeleteLease,
    Crash(usize),
    Drain(usize),
}

fn happening() -> impl Strategy<Value = Happening> {
    let way = prop_oneof![Just(Way::Open), Just(Way::Cut), Just(Way::LosesAnswers), Just(Way::Busy)];
    prop_oneof![
        8 => (0usize..3, way).prop_map(|(who, way)| Happening::Way(who, way)),
        2 => (0usize..3, -600i64..600).prop_map(|(who, by)| Happening::StepClock(who, by)),
        1 => Just(Happening::DeleteLease),
        1 => (0usize..3).prop_map(Happening::Crash),
        1 => (0usize..3).prop_map(Happening::Drain),
    ]
}

/// Lets three candidates live through what happens, and looks at them every 50 ms.
async fn live_through(events: Vec<(u64, Happening)>) -> Result<(), TestCaseError> {
    let store = Store::default();
    let names = AtomicU32::new(0);
    let start = |epoch| {
        let number = names.fetch_add(1, SeqCst);
        // Clocks differ by hours.
        let skew = SignedDuration::from_mins(i64::from(number * 97 % 300) - 150);
        Candidate::start_above(&store, &format!("candidate-{number}"), skew, epoch)
    };
    let mut candidates = [start(0), start(0), start(0)];
    let mut watched = Watched::default();
    for (wait, happening) in events {
        for _ in 0..wait * 20 {
            tokio::time::sleep(Duration::from_millis(50)).await;
            watched.look(&candidates)?;
        }
        match happening {
            Happening::Way(who, way) => *lock(&candidates[who].way) = way,
            Happening::StepClock(who, by) => candidates[who].clock.step(SignedDuration::from_secs(by)),
            Happening::DeleteLease => {
                store.remove(PATH);
                watched.deleted = true;
            }
            Happening::Crash(who) => {
                candidates[who].environment.tasks().end().await;
                candidates[who] = start(watched.epoch);
            }
            Happening::Drain(who) => candidates[who].drain.start(),
        }
        watched.look(&candidates)?;
    }
    // When all is well again, somebody holds it.
    for candidate in &mut candidates {
        candidate.environment.tasks().end().await;
        *candidate = start(watched.epoch);
    }
    tokio::time::sleep(60 * S).await;
    watched.look(&candidates)?;
    let leads = |candidate: &Candidate| candidate.acts() && candidate.name == watched.leader;
    prop_assert!(candidates.iter().any(leads), "nobody leads");
    Ok(())
}

/// What was seen of the candidates.
#[derive(Default)]
struct Watched {
    /// The highest epoch under which somebody acted, as the healer stores it in what it adopts.
    epoch: u64,
    leader: String,
    /// Whether somebody deleted the lease, and with it the numbers.
    deleted: bool,
}

impl Watched {
    fn look(&mut self, candidates: &[Candidate; 3]) -> Result<(), TestCaseError> {
        let acting: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.acts()).collect();
        prop_assert!(acting.len() <= 1, "two act at once");
        let [leader] = acting[..] else { return Ok(()) };
        let epoch = leader.claim().epoch;
        if leader.name == self.leader {
            prop_assert!(epoch >= self.epoch, "epoch {epoch} after {}", self.epoch);
        } else if epoch <= self.epoch {
            prop_assert!(self.deleted, "{} has epoch {epoch} after {}", leader.name, self.epoch);
            // A new leader that finds its own number stored, or a higher one, asks for a higher.
            leader.floor.raise(self.epoch);
            return Ok(());
        }
        self.epoch = epoch;
        self.leader.clone_from(&leader.name);
        Ok(())
    }
}

/// Between two looks of one who waits, a lease can be made, and deleted again: that one sees nothing
/// but that there is none, all the time, while the one who made it acts.
#[tokio::test(start_paused = true)]
async fn a_lease_that_is_deleted_twice_has_one_holder() {
    for seconds_between in 12..26 {
        let deleted_again = (seconds_between, Happening::DeleteLease);
        let story = vec![(47, Happening::DeleteLease), deleted_again, (30, Happening::Way(0, Way::Open))];
        live_through(story).await.unwrap_or_else(|error| panic!("after {seconds_between} s: {error}"));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn never_two_at_once_and_never_a_number_twice(
        story in prop::collection::vec((0u64..25, happening()), 1..25),
    ) {
        let runtime =
            tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(live_through(story))?;
    }
}

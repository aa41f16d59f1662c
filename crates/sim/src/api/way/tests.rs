//! Each trouble, and what the services' own client code makes of it.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use cluster::bookkeeping::{Bookkeeper, Error};
use cluster::views::{Node, View};
use cluster::watch::{Event, Spec, watch};
use cluster::{Failure, read};
use futures::StreamExt;
use model::brake::{Brake, BrakeSpec};
use serde_json::json;

use super::*;
use crate::kinds;
use crate::registry::Registry;
use crate::storage::Address;

const S: Duration = Duration::from_secs(1);
const ME: &str = "healer-0";

struct World {
    environment: Environment,
    registry: Registry,
    server: Server,
}

impl World {
    fn new() -> Self {
        Self::seeded(7)
    }

    fn seeded(seed: u64) -> Self {
        let environment = Environment::test(seed);
        let registry = Registry::new(&environment);
        for crd in cluster::crds::all() {
            let value = serde_json::to_value(&crd).unwrap();
            registry.create(kinds::CUSTOM_RESOURCE_DEFINITION, "", value).unwrap();
        }
        let world = Self { server: Server::new(registry.clone(), &environment), registry, environment };
        world.node("n1");
        world
    }

    fn client(&self) -> kube::Client {
        self.server.client_of(ME, "system:masters")
    }

    fn node(&self, name: &str) {
        self.registry.create(kinds::NODE, "", json!({"metadata": {"name": name}, "spec": {}})).unwrap();
    }

    fn mark(&self, name: &str, mark: u32) {
        let address = Address::new(kinds::NODE, "", name);
        let change = |node: &mut serde_json::Value| {
            node["metadata"]["annotations"]["mark"] = mark.to_string().into();
            Ok(())
        };
        self.registry.modify(&address, crate::registry::Part::Main, change).unwrap();
    }

    fn trouble(&self, trouble: Trouble) -> FaultId {
        self.server.faults().add(Fault::of(ME, trouble))
    }

    async fn get(&self) -> Result<Node, read::Error> {
        read::get::<Node>(&self.client(), None, "n1", 5 * S).await
    }

    async fn write(&self) -> Result<Brake, Error> {
        let books = Bookkeeper::new(self.client(), "seaworthy-healer", 5 * S);
        let spec = BrakeSpec { paused: true, reason: String::new(), until: None };
        books.create(&Brake::new("cluster", spec)).await
    }

    /// Whether the write is there.
    fn has_landed(&self) -> bool {
        let kind = self.registry.custom(model::GROUP, "brakes").unwrap().kind;
        self.registry.get(&Address::new(kind, "", "cluster")).is_ok()
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_write_says_whether_it_can_have_landed() {
    for (trouble, may_have_landed, has_landed) in [
        (Trouble::RequestLost(Lost::Refused), false, false),
        (Trouble::RequestLost(Lost::Reset), true, false),
        (Trouble::RequestLost(Lost::Silence), true, false),
        (Trouble::AnswerLost(Lost::Reset), true, true),
        (Trouble::AnswerLost(Lost::Silence), true, true),
        (Trouble::Cut, true, false),
        (Trouble::Slow { least: 6 * S, most: 7 * S }, true, false),
        (Trouble::Throttled { retry_after_s: 3 }, false, false),
        (Trouble::Failing { code: 500, landed: false }, true, false),
        (Trouble::Failing { code: 503, landed: false }, true, false),
        (Trouble::Failing { code: 504, landed: true }, true, true),
    ] {
        let world = World::new();
        world.trouble(trouble.clone());
        let error = world.write().await.unwrap_err();
        assert_eq!(error.may_have_landed(), may_have_landed, "{trouble:?}: {error}");
        assert_eq!(world.has_landed(), has_landed, "{trouble:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_late_write_lands_when_nobody_waits_any_more() {
    let world = World::new();
    world.trouble(Trouble::Late(20 * S));
    assert!(world.write().await.unwrap_err().may_have_landed());
    assert!(!world.has_landed());
    tokio::time::sleep(20 * S).await;
    assert!(world.has_landed());
}

#[tokio::test(start_paused = true)]
async fn what_has_left_arrives_even_when_its_sender_is_gone() {
    // While it is on its way, and while it is slow.
    for slower in [Duration::ZERO, 3 * S] {
        let world = World::new();
        world.trouble(Trouble::Slow { least: slower, most: slower });
        let sender = Environment::test(1);
        let books = Bookkeeper::new(world.client(), "seaworthy-healer", 5 * S);
        let spec = BrakeSpec { paused: true, reason: String::new(), until: None };
        sender.spawn("writes", async move {
            let _ = books.create(&Brake::new("cluster", spec)).await;
        });
        tokio::task::yield_now().await;
        sender.tasks().end().await;
        assert!(!world.has_landed());
        tokio::time::sleep(4 * S).await;
        assert!(world.has_landed(), "slower by {slower:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_a_cut_goes_with_its_sender() {
    let world = World::new();
    let cut = world.trouble(Trouble::Cut);
    assert!(world.write().await.unwrap_err().may_have_landed());
    world.server.faults().remove(cut);
    tokio::time::sleep(20 * S).await;
    assert!(!world.has_landed());
}

#[tokio::test(start_paused = true)]
async fn a_server_with_too_much_to_do_says_when_to_come_back() {
    let world = World::new();
    world.trouble(Trouble::Throttled { retry_after_s: 3 });
    let Err(read::Error::Failed(Failure::Refused(refusal))) = world.get().await else { panic!("answered") };
    assert_eq!((refusal.code, refusal.retry_after), (429, Some(3 * S)));
}

#[tokio::test(start_paused = true)]
async fn faults_are_for_some_requests_of_some_clients_and_end() {
    let world = World::new();
    let faults = world.server.faults();
    let lost = Trouble::RequestLost(Lost::Reset);
    faults.add(Fault::of("somebody", lost.clone()));
    faults.add(Fault::of(ME, lost.clone()).for_calls(Calls::new("create", "")));
    faults.add(Fault::of(ME, lost.clone()).for_calls(Calls::new("", "pods")));
    faults.add(Fault::of(ME, lost.clone()).with_share(0.0));
    world.get().await.unwrap();
    faults.add(Fault::of(ME, lost.clone()).at_most(2));
    for is_fine in [false, false, true] {
        assert_eq!(world.get().await.is_ok(), is_fine);
    }
    let id = faults.add(Fault::of(ME, lost.clone()));
    assert!(world.get().await.is_err());
    faults.remove(id);
    world.get().await.unwrap();
    faults.add(Fault::of_all(lost).with_share(0.5));
    let mut fine = 0;
    for _ in 0..100 {
        fine += u32::from(world.get().await.is_ok());
    }
    assert!((30..70).contains(&fine), "{fine}");
}

#[tokio::test(start_paused = true)]
async fn what_waits_at_a_cut_passes_when_it_ends() {
    let world = World::new();
    let cut = world.trouble(Trouble::Cut);
    let faults = world.server.faults().clone();
    world.environment.spawn("heals", async move {
        tokio::time::sleep(3 * S).await;
        faults.remove(cut);
    });
    world.get().await.unwrap();
    assert!(world.environment.monotonic() >= 3 * S);
}

#[tokio::test(start_paused = true)]
async fn a_crash_can_be_played_before_and_after_every_call() {
    for (side, has_landed) in [(Side::Before, false), (Side::After, true)] {
        let world = World::new();
        let crashed = Arc::new(Mutex::new(false));
        let told = Arc::clone(&crashed);
        world.server.faults().at_call(ME, 2, side, move || *told.lock().unwrap() = true);
        world.get().await.unwrap();
        assert!(!*crashed.lock().unwrap());
        world.write().await.unwrap_err();
        assert!(*crashed.lock().unwrap());
        assert_eq!(world.has_landed(), has_landed, "{side:?}");
        assert_eq!(world.server.faults().calls(ME), 2);
        world.get().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_stale_server_leads_back_in_time_unless_the_newest_is_asked_for() {
    let world = World::new();
    let revision = world.registry.storage().revision();
    world.node("n2");
    for (even_quorum, expected) in [(false, true), (true, false)] {
        let id = world.trouble(Trouble::Stale { revision, even_quorum });
        let found = read::get::<Node>(&world.client(), None, "n2", S).await;
        assert_eq!(found.is_ok(), expected, "even_quorum {even_quorum}");
        let mut nodes = Box::pin(watch::<Node>(world.client(), world.environment.clone(), Spec::default()));
        assert_eq!(heard(&mut nodes).await, ["listed n1"]);
        world.server.faults().remove(id);
        assert_eq!(heard(&mut nodes).await, ["applied n2"], "it catches up");
    }
}

#[tokio::test(start_paused = true)]
async fn malformed_objects_are_found_to_be() {
    let world = World::new();
    world.trouble(Trouble::Malformed);
    let mut malformed = 0;
    for _ in 0..10 {
        malformed += u32::from(matches!(world.get().await, Err(read::Error::Malformed { .. })));
    }
    assert!(malformed > 0);
}

/// What is heard of objects until the stream has been silent for a while.
async fn heard<V: View>(stream: &mut (impl futures::Stream<Item = Event<V>> + Unpin)) -> Vec<String> {
    let mut told = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(5 * S, stream.next()).await {
        told.extend(match event {
            Event::Listed(object) => Some(format!("listed {}", object.identity().name)),
            Event::Applied(object) => Some(format!("applied {}", object.identity().name)),
            Event::Deleted(object) => Some(format!("deleted {}", object.identity().name)),
            Event::Malformed { name, .. } => Some(format!("malformed {name}")),
            Event::Failed { .. } => Some("failed".to_owned()),
            Event::ListStarted | Event::ListDone | Event::Heard | Event::Progressed => None,
        });
    }
    told
}

#[tokio::test(start_paused = true)]
async fn events_are_lost_doubled_merged_delayed_and_damaged() {
    let two = ["applied n1", "applied n1"];
    for (trouble, expected) in [
        (Trouble::EventsDropped, &[][..]),
        (Trouble::EventsDoubled, &["applied n1", "applied n1", "applied n1", "applied n1"]),
        (Trouble::EventsCoalesced(S), &["applied n1"]),
        (Trouble::EventsDelayed { least: S, most: 2 * S }, &two),
        // An older one after a newer one is no news to our watch.
        (Trouble::EventsReplayed, &two),
        (Trouble::EventsGarbled, &["failed", "listed n1"]),
        (Trouble::WatchesClosed, &two),
        (Trouble::WatchesBroken, &["failed", "applied n1", "applied n1"]),
        (Trouble::WatchesExpired, &["listed n1", "applied n1", "applied n1"]),
    ] {
        let world = World::new();
        let mut nodes = Box::pin(watch::<Node>(world.client(), world.environment.clone(), Spec::default()));
        assert_eq!(heard(&mut nodes).await, ["listed n1"]);
        world.server.faults().add(Fault::of(ME, trouble.clone()));
        // Watches that are to end do so before anything else happens.
        let mut told = if trouble.ends_watches() { heard(&mut nodes).await } else { Vec::new() };
        world.mark("n1", 1);
        world.mark("n1", 2);
        told.extend(heard(&mut nodes).await);
        assert_eq!(told, expected, "{trouble:?}");
    }
}

#[derive(Default)]
struct Notes(Mutex<Vec<String>>);

impl Observer for Notes {
    fn exchange(&self, exchange: &Exchange) {
        let outcome = match &exchange.outcome {
            Outcome::NotArrived => "not arrived".to_owned(),
            Outcome::Answered { code, reason, .. } => format!("{code}{reason}"),
        };
        let Exchange { peer, number, verb, path, .. } = exchange;
        self.0.lock().unwrap().push(format!("{peer} {number} {verb} {path} {outcome}"));
    }

    fn told(&self, told: &Told) {
        self.0.lock().unwrap().push(format!("{} {:?} {}", told.peer, told.event, told.address.name));
    }
}

#[tokio::test(start_paused = true)]
async fn who_looks_on_sees_everything_in_order() {
    let world = World::new();
    let seen = Arc::new(Notes::default());
    world.server.observe(Arc::clone(&seen) as Arc<dyn Observer>);
    world.get().await.unwrap();
    world.server.faults().add(Fault::of(ME, Trouble::RequestLost(Lost::Reset)).at_most(1));
    world.get().await.unwrap_err();
    world.server.faults().add(Fault::of(ME, Trouble::AnswerLost(Lost::Reset)).at_most(1));
    world.write().await.unwrap_err();
    world.write().await.unwrap_err();
    let mut nodes = Box::pin(watch::<Node>(world.client(), world.environment.clone(), Spec::default()));
    heard(&mut nodes).await;
    let brakes = "/apis/seaworthy.dev/v1alpha1/brakes";
    assert_eq!(
        *seen.0.lock().unwrap(),
        [
            "healer-0 1 get /api/v1/nodes/n1 200".to_owned(),
            "healer-0 2 get /api/v1/nodes/n1 not arrived".to_owned(),
            format!("healer-0 3 create {brakes} 201"),
            format!("healer-0 4 create {brakes} 409AlreadyExists"),
            "healer-0 5 watch /api/v1/nodes 200".to_owned(),
            "healer-0 Added n1".to_owned(),
        ]
    );
}

/// What is seen of a watch and some writes on a bad way.
async fn history(seed: u64) -> Vec<String> {
    let world = World::seeded(seed);
    let notes = Arc::new(Notes::default());
    world.server.observe(Arc::clone(&notes) as Arc<dyn Observer>);
    let faults = world.server.faults();
    for (share, trouble) in [
        (0.3, Trouble::Slow { least: Duration::ZERO, most: S }),
        (0.2, Trouble::AnswerLost(Lost::Reset)),
        (0.2, Trouble::Failing { code: 500, landed: true }),
        (0.3, Trouble::EventsDropped),
        (0.3, Trouble::EventsDelayed { least: Duration::ZERO, most: S }),
        (0.2, Trouble::EventsReplayed),
    ] {
        faults.add(Fault::of_all(trouble).with_share(share));
    }
    let mut watched = Box::pin(watch::<Node>(world.client(), world.environment.clone(), Spec::default()));
    for mark in 0..20 {
        world.mark("n1", mark);
        let _ = world.get().await;
        let _ = tokio::time::timeout(S, watched.next()).await;
    }
    let at = world.environment.monotonic();
    let mut history = notes.0.lock().unwrap().clone();
    history.push(format!("{at:?}"));
    history
}

#[tokio::test(start_paused = true)]
async fn one_seed_gives_one_history() {
    let first = history(1).await;
    assert!(first.len() > 20, "{first:?}");
    assert_eq!(history(1).await, first);
    assert_ne!(history(2).await, first);
}

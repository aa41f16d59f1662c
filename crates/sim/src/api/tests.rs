//! The services' own client code against the server.

use std::time::Duration;

use cluster::bookkeeping::{Bookkeeper, Error, Note, Recorder, Weight};
use cluster::effects::{Answer, Change, Effects, Permit};
use cluster::lease::{Claim, Elector, Options};
use cluster::read;
use cluster::views::{Node, Pod, Taint, View};
use cluster::watch::{Event, Spec, watch};
use environment::Environment;
use futures::StreamExt;
use model::ObjectRef;
use model::brake::{Brake, BrakeSpec};
use serde_json::{Value, json};
use tokio::sync::watch as channel;

use super::*;
use crate::kinds::{self, Kind};
use crate::registry::Part;
use crate::storage::Address;

const S: Duration = Duration::from_secs(1);

struct World {
    environment: Environment,
    registry: Registry,
    server: Server,
}

impl World {
    fn new() -> Self {
        let environment = Environment::test(7);
        let registry = Registry::new(&environment);
        for name in ["default", "kube-system", "shop", "seaworthy"] {
            registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": name}})).unwrap();
        }
        let server = Server::new(registry.clone(), &environment);
        Self { environment, registry, server }
    }

    fn client(&self) -> kube::Client {
        self.server.client("system:masters")
    }

    fn node(&self, name: &str) {
        self.registry.create(kinds::NODE, "", json!({"metadata": {"name": name}, "spec": {}})).unwrap();
    }

    fn pod(&self, name: &str) -> Value {
        let value = json!({
            "metadata": {"name": name, "labels": {"app": "web"}},
            "spec": {"nodeName": "n1", "containers": [{"name": "main", "image": "a:1"}]},
            "status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]},
        });
        self.registry.put(kinds::POD, "shop", value).unwrap().value()
    }

    fn get(&self, kind: Kind, namespace: &str, name: &str) -> Value {
        self.registry.get(&Address::new(kind, namespace, name)).unwrap().value()
    }
}

/// What is heard until the stream has been silent for a while.
async fn heard<V: View>(stream: &mut (impl futures::Stream<Item = Event<V>> + Unpin)) -> Vec<String> {
    let mut told = Vec::new();
    while let Ok(Some(event)) = tokio::time::timeout(5 * S, stream.next()).await {
        told.push(match event {
            Event::ListStarted => "list".to_owned(),
            Event::Listed(object) => format!("listed {}", object.identity().name),
            Event::ListDone => "done".to_owned(),
            Event::Applied(object) => format!("applied {}", object.identity().name),
            Event::Deleted(object) => format!("deleted {}", object.identity().name),
            Event::Heard => "heard".to_owned(),
            Event::Progressed => "progressed".to_owned(),
            Event::Malformed { name, .. } => format!("malformed {name}"),
            Event::Failed { error, .. } => format!("failed {error}"),
        });
    }
    told
}

#[tokio::test(start_paused = true)]
async fn a_watch_lists_and_follows_streamed_and_in_pages() {
    for streaming in [true, false] {
        let world = World::new();
        for name in ["n1", "n2", "n3"] {
            world.node(name);
        }
        let spec = Spec { streaming, page_size: 2, ..Spec::default() };
        let mut nodes = Box::pin(watch::<Node>(world.client(), world.environment.clone(), spec));
        let told = heard(&mut nodes).await;
        let told: Vec<&str> = told.iter().map(String::as_str).filter(|told| *told != "heard").collect();
        assert_eq!(told, ["list", "listed n1", "listed n2", "listed n3", "done"], "streaming {streaming}");
        world.node("n4");
        let address = Address::new(kinds::NODE, "", "n1");
        world.registry.delete(&address, &crate::registry::Deletion::default()).unwrap();
        assert_eq!(heard(&mut nodes).await, ["applied n4", "deleted n1"]);
    }
}

#[tokio::test(start_paused = true)]
async fn a_watch_that_lost_its_place_lists_again() {
    let world = World::new();
    world.node("n1");
    let mut nodes = Box::pin(watch::<Node>(world.client(), world.environment.clone(), Spec::default()));
    heard(&mut nodes).await;
    // The watch ends after at most ten minutes, and by then its version is forgotten.
    for minute in 0..12 {
        tokio::time::timeout(60 * S, async { while nodes.next().await.is_some() {} }).await.unwrap_err();
        world.node(&format!("late-{minute}"));
        world.registry.storage().compact();
    }
    let told = heard(&mut nodes).await;
    assert!(
        told.contains(&"applied late-11".to_owned()) || told.contains(&"listed late-11".to_owned()),
        "{told:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn reads_find_lists_and_say_what_is_absent() {
    let world = World::new();
    world.pod("web-1");
    let client = world.client();
    let pod: Pod = read::get(&client, Some("shop"), "web-1", S).await.unwrap();
    assert_eq!(pod.identity().name, "web-1");
    assert!(matches!(
        read::get::<Pod>(&client, Some("shop"), "web-2", S).await,
        Err(read::Error::Absent { .. })
    ));
    for (labels, fields, count) in
        [("app=web", "", 1), ("app!=web", "", 0), ("", "spec.nodeName=n1", 1), ("", "spec.nodeName=n2", 0)]
    {
        let pods: Vec<Pod> = read::list(&client, None, labels, fields, 10, S).await.unwrap();
        assert_eq!(pods.len(), count, "{labels} {fields}");
    }
}

struct Leave(ObjectRef);

impl Permit for Leave {
    fn target(&self) -> &ObjectRef {
        &self.0
    }
    fn epoch(&self) -> u64 {
        1
    }
    fn attempt(&self) -> &'static str {
        "r-1/1"
    }
    fn deadline(&self) -> Duration {
        5 * S
    }
}

fn effects(world: &World) -> (Effects<Leave>, channel::Sender<Claim>) {
    let expires = world.environment.monotonic() + 60 * S;
    let claim = Claim { held: true, epoch: 1, expires, until: world.environment.now() + 60 * S };
    let (sender, receiver) = channel::channel(claim);
    (Effects::new(world.client(), world.environment.clone(), receiver, "seaworthy-healer"), sender)
}

fn target(object: &Value) -> ObjectRef {
    let text = |field: &str| object["metadata"][field].as_str().unwrap_or_default().to_owned();
    let kind = object["kind"].as_str().unwrap_or_default().to_owned();
    ObjectRef { kind, namespace: text("namespace"), name: text("name"), uid: text("uid") }
}

#[tokio::test(start_paused = true)]
async fn an_eviction_asks_the_budget() {
    let world = World::new();
    let (pod, other) = (world.pod("web-1"), world.pod("web-2"));
    let budget = json!({
        "metadata": {"name": "web"}, "spec": {"minAvailable": 1, "selector": {"matchLabels": {"app": "web"}}},
        "status": {"observedGeneration": 1, "disruptionsAllowed": 1, "currentHealthy": 2, "desiredHealthy": 1},
    });
    world.registry.put(kinds::POD_DISRUPTION_BUDGET, "shop", budget).unwrap();
    let (effects, _claim) = effects(&world);
    assert!(matches!(effects.evict(Leave(target(&pod)), None).await, Answer::Done { .. }));
    let gone = world.get(kinds::POD, "shop", "web-1");
    assert!(!gone["metadata"]["deletionTimestamp"].is_null());
    let left = world.get(kinds::POD_DISRUPTION_BUDGET, "shop", "web")["status"].clone();
    assert_eq!(left["disruptionsAllowed"], 0);
    assert!(left["disruptedPods"]["web-1"].is_string());
    let Answer::PdbRefused { message, .. } = effects.evict(Leave(target(&other)), None).await else {
        panic!("not refused")
    };
    assert!(message.starts_with("Cannot evict pod"), "{message}");
    let namesake = ObjectRef { uid: "another".into(), ..target(&other) };
    assert!(matches!(effects.evict(Leave(namesake), None).await, Answer::PdbRefused { .. }), "asked first");
    let absent = ObjectRef { name: "web-9".into(), ..target(&other) };
    assert_eq!(effects.evict(Leave(absent), None).await, Answer::Gone);
}

#[tokio::test(start_paused = true)]
async fn a_change_in_place_is_for_one_version_of_one_object() {
    let world = World::new();
    world.node("n1");
    let (effects, _claim) = effects(&world);
    let node = world.get(kinds::NODE, "", "n1");
    let version = node["metadata"]["resourceVersion"].as_str().unwrap();
    let change = || Change::new().taints(vec![Taint::new("seaworthy.dev/quarantine", "", "NoSchedule")]);
    let namesake = ObjectRef { uid: "another".into(), ..target(&node) };
    assert!(matches!(effects.change(Leave(namesake), version, change()).await, Answer::Conflict(_)));
    assert!(matches!(effects.change(Leave(target(&node)), version, change()).await, Answer::Done { .. }));
    assert_eq!(world.get(kinds::NODE, "", "n1")["spec"]["taints"][0]["key"], "seaworthy.dev/quarantine");
    assert!(matches!(effects.change(Leave(target(&node)), version, change()).await, Answer::Conflict(_)));
    assert!(matches!(effects.delete(Leave(target(&node)), None).await, Answer::Done { .. }));
    assert_eq!(effects.delete(Leave(target(&node)), None).await, Answer::Gone);
}

#[tokio::test(start_paused = true)]
async fn one_elector_leads_and_another_follows() {
    let world = World::new();
    let elect = |identity: &str| {
        let options = Options {
            namespace: "seaworthy".into(),
            name: "healer".into(),
            identity: identity.into(),
            manager: "seaworthy-healer".into(),
            duration: Options::DURATION,
        };
        let environment = world.environment.fork(identity);
        let (elector, claim) = Elector::new(world.client(), environment.clone(), options);
        let (drain, drained) = environment::drain();
        environment.spawn("elector", elector.run(drained));
        (claim, drain, environment)
    };
    let (mut one, _drain_one, environment_one) = elect("one");
    one.wait_for(|claim| claim.held).await.unwrap();
    let (mut two, _drain_two, _environment_two) = elect("two");
    tokio::time::sleep(60 * S).await;
    assert!(one.borrow().held && !two.borrow().held);
    environment_one.tasks().end().await;
    two.wait_for(|claim| claim.held).await.unwrap();
    assert_eq!(two.borrow().epoch, 2);
}

#[tokio::test(start_paused = true)]
async fn a_repeated_event_becomes_a_series() {
    let world = World::new();
    let mut recorder =
        Recorder::new(world.client(), world.environment.clone(), "seaworthy.dev/healer", "healer-0", 10 * S);
    let note = Note {
        regarding: target(&world.pod("web-1")),
        api_version: "v1".into(),
        weight: Weight::Warning,
        reason: "Deferred".into(),
        action: "EvictPod".into(),
        note: "no room".into(),
    };
    for _ in 0..3 {
        recorder.record(note.clone()).await.unwrap();
    }
    let (events, _) = world.registry.storage().list(kinds::EVENT_EVENTS, Some("shop"));
    assert_eq!(events.len(), 1);
    assert_eq!(events[0].1.value()["series"]["count"], 3);
}

#[tokio::test(start_paused = true)]
async fn what_is_not_served_is_said_so() {
    let world = World::new();
    assert!(matches!(
        cluster::crds::check_installed(&world.client(), S).await,
        Err(cluster::crds::Error::Missing(_))
    ));
    let books = Bookkeeper::new(world.client(), "seaworthy-healer", Bookkeeper::DEADLINE);
    let refused = books.list::<model::brake::Brake>().await.unwrap_err().to_string();
    assert!(refused.contains("seaworthy crds"), "{refused}");
}

#[tokio::test(start_paused = true)]
async fn our_own_resources_are_written_by_compare_and_swap() {
    let world = World::new();
    for crd in cluster::crds::all() {
        let value = serde_json::to_value(&crd).unwrap();
        world.registry.create(kinds::CUSTOM_RESOURCE_DEFINITION, "", value).unwrap();
    }
    cluster::crds::check_installed(&world.client(), S).await.unwrap();
    let books = Bookkeeper::new(world.client(), "seaworthy-healer", Bookkeeper::DEADLINE);
    let brake = |paused| Brake::new("cluster", BrakeSpec { paused, reason: "a test".into(), until: None });
    let first = books.create(&brake(false)).await.unwrap();
    assert!(matches!(books.create(&brake(true)).await, Err(Error::Exists(_))));
    let mut changed = first.clone();
    changed.spec.paused = true;
    books.replace(&changed).await.unwrap();
    assert!(matches!(books.replace(&first).await, Err(Error::Conflict(_))), "it was changed meanwhile");
    assert!(books.brake().await.unwrap().spec.paused);
    assert_eq!(books.list::<Brake>().await.unwrap().items.len(), 1);
    assert!(matches!(books.delete::<Brake>("cluster", "another").await, Err(Error::Conflict(_))));
    books.delete::<Brake>("cluster", first.metadata.uid.as_deref().unwrap()).await.unwrap();
    assert!(matches!(books.replace(&changed).await, Err(Error::Absent(_))));
    let other = Brake::new("other", BrakeSpec { paused: true, reason: String::new(), until: None });
    assert!(matches!(books.create(&other).await, Err(Error::Failed(_))), "there is only one brake");
}

#[tokio::test(start_paused = true)]
async fn a_status_is_written_apart_and_one_seed_takes_the_same_time() {
    let run = async || {
        let world = World::new();
        world.node("n1");
        let begin = world.environment.monotonic();
        let address = Address::new(kinds::NODE, "", "n1");
        world
            .registry
            .modify(&address, Part::Status, |node| {
                node["status"] = json!({"conditions": [{"type": "Ready", "status": "True"}]});
                Ok(())
            })
            .unwrap();
        for _ in 0..20 {
            read::get::<Node>(&world.client(), None, "n1", S).await.unwrap();
        }
        world.environment.monotonic().saturating_sub(begin)
    };
    assert_eq!(run().await, run().await);
}

/// A log that says whose it is.
struct Scribe;

impl Logs for Scribe {
    fn read(&self, pod: &Address, container: &str, previous: bool) -> Option<String> {
        Some(format!("first\n{}/{container} previous={previous}\n", pod.name))
    }
}

#[tokio::test(start_paused = true)]
async fn logs_are_of_a_container_that_ran() {
    let world = World::new();
    world.pod("web-1");
    let read = async |container: &str, previous: bool, lines: u32| {
        read::log(&world.client(), "shop", "web-1", container, previous, lines, S).await
    };
    let waiting = read("main", false, 5).await.unwrap_err().to_string();
    assert!(waiting.contains("is waiting to start"), "{waiting}");
    let address = Address::new(kinds::POD, "shop", "web-1");
    let run = |pod: &mut Value| {
        pod["status"]["containerStatuses"] =
            json!([{"name": "main", "restartCount": 1, "state": {"running": {}}}]);
        Ok(())
    };
    world.registry.modify(&address, Part::Status, run).unwrap();
    assert_eq!(read("main", true, 5).await.unwrap(), "", "nobody writes logs yet");
    world.server.set_logs(Arc::new(Scribe));
    assert_eq!(read("main", false, 5).await.unwrap(), "first\nweb-1/main previous=false\n");
    assert_eq!(read("main", true, 1).await.unwrap(), "web-1/main previous=true\n");
    let unknown = read("side", false, 5).await.unwrap_err().to_string();
    assert!(unknown.contains("container side is not valid for pod web-1"), "{unknown}");
}

#[tokio::test(start_paused = true)]
async fn a_binding_places_a_pod_once() {
    let world = World::new();
    let value =
        json!({"metadata": {"name": "a"}, "spec": {"containers": [{"name": "main", "image": "a:1"}]}});
    world.registry.create(kinds::POD, "shop", value).unwrap();
    let bind = async |node: &str| {
        let binding = json!({"metadata": {"name": "a"}, "target": {"kind": "Node", "name": node}});
        let request = Request::post("/api/v1/namespaces/shop/pods/a/binding")
            .body(Body::from(binding.to_string().into_bytes()))
            .unwrap();
        world.client().send(request).await.unwrap().status().as_u16()
    };
    assert_eq!((bind("n1").await, bind("n2").await), (201, 409));
    let pod = world.get(kinds::POD, "shop", "a");
    assert_eq!(pod["spec"]["nodeName"], "n1");
    assert_eq!(pod["status"]["conditions"][0]["type"], "PodScheduled");
}

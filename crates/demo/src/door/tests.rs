//! Doors into a small world, and who gets in.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use environment::Environment;
use futures::{AsyncBufReadExt, StreamExt};
use kube::Client;
use kube::config::{KubeConfigOptions, Kubeconfig};
use net::server::ListenError;
use serde_json::{Value, json};
use sim::blueprint::Blueprint;
use sim::kinds;
use sim::registry::{Registry, Status};
use sim::storage::Address;

use super::*;

struct World {
    environment: Environment,
    registry: Registry,
    client: Client,
}

/// Two nodes, and nobody to look after them.
async fn world() -> Result<World, Status> {
    let environment = Environment::test(1);
    let registry = Registry::new(&environment);
    Blueprint::new().nodes(2, 1).build(&registry)?;
    let client = sim::api::Server::new(registry.clone(), &environment).client("system:masters");
    Ok(World { environment, registry, client })
}

impl Inside for World {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn api(&self) -> Client {
        self.client.clone()
    }
}

/// A world at `speed`, and a door into it.
fn open(speed: f64, options: &Options) -> (Pace<World>, Result<Door, Error>) {
    let pace = Pace::start(speed, world).unwrap();
    let door = Door::open(options, &pace);
    (pace, door)
}

/// What somebody does who has the kubeconfig.
fn visit<T>(door: &Door, change: impl FnOnce(&mut Kubeconfig), act: impl AsyncFnOnce(Client) -> T) -> T {
    net::tls::install_provider();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let mut kubeconfig = Kubeconfig::read_from(door.visit().kubeconfig).unwrap();
        change(&mut kubeconfig);
        let options = KubeConfigOptions::default();
        let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.unwrap();
        act(Client::try_from(config).unwrap()).await
    })
}

async fn get(client: &Client, path: &str) -> Result<Value, kube::Error> {
    client.request(http::Request::get(path).body(Vec::new()).unwrap()).await
}

#[test]
fn who_has_the_kubeconfig_comes_in_even_when_the_world_stands_still() {
    for speed in [1.0, 0.0] {
        let (_pace, door) = open(speed, &Options::default());
        let door = door.unwrap();
        let nodes = visit(&door, |_| {}, async |client| get(&client, "/api/v1/nodes").await);
        assert_eq!(nodes.unwrap()["items"].as_array().unwrap().len(), 2, "at speed {speed}");
    }
}

#[test]
fn nobody_else_comes_in() {
    let (_pace, door) = open(1.0, &Options::default());
    let door = door.unwrap();
    for token in [None, Some(String::new()), Some("0".repeat(64))] {
        let change = |kubeconfig: &mut Kubeconfig| {
            kubeconfig.auth_infos[0].auth_info.as_mut().unwrap().token = token.map(Into::into);
        };
        let refused = visit(&door, change, async |client| get(&client, "/version").await);
        let kube::Error::Api(status) = refused.unwrap_err() else { panic!("an answer of the API") };
        assert_eq!((status.code, status.reason.as_str()), (401, "Unauthorized"));
    }
}

#[test]
fn nobody_is_taken_for_somebody_else() {
    let (_pace, door) = open(1.0, &Options::default());
    let change = |kubeconfig: &mut Kubeconfig| {
        kubeconfig.auth_infos[0].auth_info.as_mut().unwrap().impersonate = Some("somebody".to_owned());
    };
    let refused = visit(&door.unwrap(), change, async |client| get(&client, "/version").await);
    let kube::Error::Api(status) = refused.unwrap_err() else { panic!("an answer of the API") };
    assert_eq!((status.code, status.reason.as_str()), (501, "NotImplemented"));
}

#[test]
fn a_world_is_no_further_ahead_than_its_answers_take() {
    let (pace, door) = open(0.0, &Options::default());
    visit(
        &door.unwrap(),
        |_| {},
        async |client| {
            for _ in 0..20 {
                get(&client, "/api/v1/nodes").await.unwrap();
            }
        },
    );
    assert!(pace.now() <= Duration::from_millis(20 * 10), "{:?}", pace.now());
}

#[test]
fn a_request_that_is_too_large_is_refused() {
    let (pace, door) = open(1.0, &Options::default());
    let refused = visit(
        &door.unwrap(),
        |_| {},
        async |client| {
            let body = json!({"metadata": {"name": "big"}, "data": {"a": "x".repeat(BODY_MAX)}}).to_string();
            let path = "/api/v1/namespaces/default/configmaps";
            client.request::<Value>(http::Request::post(path).body(body.into_bytes()).unwrap()).await
        },
    );
    // Who goes on sending may find the connection closed before the answer is read.
    assert!(refused.is_err());
    let big = Address::new(kinds::CONFIG_MAP, "default", "big");
    assert_eq!(pace.ask(move |world| world.registry.get(&big).is_ok()), Some(false));
}

#[test]
fn a_watch_tells_what_happens_and_ends_with_who_watches() {
    let (pace, door) = open(0.0, &Options::default());
    let before = pace.ask(|world| world.environment.tasks().alive());
    visit(
        &door.unwrap(),
        |_| {},
        async |client| {
            let request = http::Request::get("/api/v1/nodes?watch=true").body(Vec::new()).unwrap();
            let mut lines = Box::pin(client.request_stream(request).await.unwrap()).lines();
            for _ in 0..2 {
                let line = lines.next().await.unwrap().unwrap();
                assert!(line.contains("ADDED"), "{line}");
            }
        },
    );
    let ended = || pace.ask(|world| world.environment.tasks().alive()) == before;
    eventually(ended);
}

#[tokio::test(start_paused = true)]
async fn who_takes_nothing_is_given_up() {
    let waiting = Pace::start(0.0, async || Ok::<_, ()>(())).unwrap().waiting();
    let World { environment, registry, client } = world().await.unwrap();
    let (reply, answer) = tokio::sync::oneshot::channel();
    let request =
        http::Request::get("/api/v1/configmaps?watch=true").body(kube::client::Body::empty()).unwrap();
    let carried =
        environment.spawn("watch", passage::carry(environment.clone(), client, request, reply, waiting));
    let _taken_by_nobody = answer.await.unwrap().unwrap();
    for number in 0..100 {
        let made = json!({"metadata": {"name": format!("a-{number}")}});
        registry.create(kinds::CONFIG_MAP, "default", made).unwrap();
    }
    tokio::time::sleep(passage::STALLED_MAX / 2).await;
    assert!(!carried.is_finished(), "it is waited for");
    tokio::time::sleep(passage::STALLED_MAX).await;
    assert!(carried.is_finished(), "and then given up");
}

fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..1000 {
        if holds() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("it does not come to hold");
}

#[test]
fn an_address_that_is_taken_is_said() {
    let (pace, door) = open(1.0, &Options::default());
    let door = door.unwrap();
    let options = Options { port: door.api().port(), ..Options::default() };
    let refused = Door::open(&options, &pace).unwrap_err();
    assert!(matches!(refused, Error::Listen(ListenError::InUse { .. })), "{refused}");
    drop(door);
    Door::open(&options, &pace).unwrap();
}

#[test]
fn the_kubeconfig_is_its_owners_alone_and_goes_with_the_door() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    let options = Options { kubeconfig: Some(path.clone()), ..Options::default() };
    let (pace, door) = open(1.0, &options);
    let mode = std::fs::metadata(&path).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = Door::open(&options, &pace);
    assert!(second.is_ok(), "one that an earlier door left is written over");
    drop((door, second));
    assert!(!path.exists());
}

#[test]
fn a_kubeconfig_of_somebody_else_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("config");
    std::fs::write(&path, "apiVersion: v1\nkind: Config\n").unwrap();
    let options = Options { kubeconfig: Some(path.clone()), ..Options::default() };
    let refused = open(1.0, &options).1.unwrap_err();
    assert!(matches!(refused, Error::Foreign { .. }), "{refused}");
    assert!(path.exists());
}

#[test]
fn a_place_that_cannot_be_written_to_is_named() {
    let path = PathBuf::from("/dev/null/config");
    let options = Options { kubeconfig: Some(path), ..Options::default() };
    let refused = open(1.0, &options).1.unwrap_err().to_string();
    assert!(refused.contains("/dev/null/config") && refused.contains("name another place"), "{refused}");
}

#[test]
fn the_folder_is_its_owners_alone_and_goes_with_the_doors() {
    let (_pace, door) = open(1.0, &Options::default());
    let door = door.unwrap();
    let folder = door.visit().env.parent().unwrap().to_owned();
    let mode = |path: &std::path::Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&folder), 0o700);
    let files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|file| file.unwrap().path()).collect();
    assert_eq!(files.len(), 6, "{files:?}");
    assert!(files.iter().all(|file| mode(file) == 0o600), "{files:?}");
    drop(door);
    assert!(!folder.exists());
}

#[test]
fn a_folder_that_a_demo_left_is_used_again_and_one_of_somebody_else_stays() {
    let (pace, door) = open(1.0, &Options::default());
    let door = door.unwrap();
    let (options, env) = (Options { port: door.api().port(), ..Options::default() }, door.visit().env);
    let folder = env.parent().unwrap();
    let left = std::fs::read(&env).unwrap();
    drop(door);
    std::fs::create_dir(folder).unwrap();
    std::fs::write(&env, left).unwrap();
    drop(Door::open(&options, &pace).unwrap());
    assert!(!folder.exists());
    std::fs::create_dir(folder).unwrap();
    std::fs::write(&env, "export MINE=1\n").unwrap();
    let refused = Door::open(&options, &pace).unwrap_err();
    assert!(matches!(refused, Error::Taken { .. }), "{refused}");
    assert_eq!(std::fs::read_to_string(&env).unwrap(), "export MINE=1\n");
    std::fs::remove_dir_all(folder).unwrap();
}

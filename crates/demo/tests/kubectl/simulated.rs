//! A simulated cluster with the nodes that a testbed has, and a door into it.

use std::path::PathBuf;
use std::sync::Arc;

use demo::door::{Door, Inside, Options};
use demo::pace::Pace;
use environment::{Environment, ManualClock};
use sim::blueprint::{Blueprint, Machine};
use sim::machinery::Settings;
use sim::registry::Status;
use sim::run::cluster;

/// Fast enough that nobody waits for rollouts.
const SPEED: f64 = 10.0;

/// An image that a testbed's registry does not have.
const NO_SUCH_IMAGE: &str = "seaworthy.test/nothing:1";

struct World {
    environment: Environment,
    client: kube::Client,
    /// Goes on as long as it is kept.
    _cluster: cluster::Cluster,
}

pub(crate) struct Cluster {
    door: Door,
}

impl Cluster {
    pub(crate) fn start() -> Self {
        let pace = Pace::start(SPEED, world).expect("a world");
        Self { door: Door::open(&Options::default(), &pace).expect("a door") }
    }

    pub(crate) fn kubeconfig(&self) -> PathBuf {
        self.door.visit().kubeconfig
    }
}

impl Inside for World {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn api(&self) -> kube::Client {
        self.client.clone()
    }
}

async fn world() -> Result<World, Status> {
    // kubectl tells ages by its own clock.
    let environment = Environment::new(Arc::new(ManualClock::starting_at(Environment::real(1).now())), 1);
    let cluster = cluster::Cluster::new(&environment, Settings::default());
    let mut blueprint = Blueprint::new();
    for (name, zone) in [("node-1", "zone-a"), ("node-2", "zone-b"), ("node-3", "zone-c")] {
        blueprint = blueprint.machine(Machine::new(name, zone).label("seaworthy.test/real", "true"));
    }
    blueprint.build(&cluster.registry)?;
    cluster.machinery.kubelets().image_gone(NO_SUCH_IMAGE);
    let client = cluster.server.client("system:masters");
    Ok(World { environment, client, _cluster: cluster })
}

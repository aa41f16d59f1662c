//! The simulator as a place where cases are played.

use std::sync::Arc;

use environment::Environment;
use kube::client::Body;
use serde_json::json;
use sim::api::{Logs, Server};
use sim::blueprint::{Blueprint, Machine};
use sim::kinds;
use sim::machinery::{Machinery, Settings};
use sim::registry::Registry;
use sim::storage::Address;

use crate::cases::{self, LOG, NO_SUCH_IMAGE};
use crate::play::{self, Played, Site};

/// A simulated cluster with the nodes that a testbed has.
struct Simulated {
    registry: Registry,
    server: Server,
    machinery: Machinery,
}

/// What containers write in cases.
struct Written;

impl Logs for Written {
    fn read(&self, _: &Address, _: &str, _: bool) -> Option<String> {
        Some(LOG.to_owned())
    }
}

impl Site for Simulated {
    async fn send(&self, user: &str, request: http::request::Builder, body: Body) -> http::Response<Body> {
        let user = if user.is_empty() { "system:masters" } else { user };
        let request = request.body(body).expect("a request");
        self.server.client(user).send(request).await.expect("answered")
    }

    async fn fault(&self, name: &str, how: &str, begins: bool) {
        let kubelets = self.machinery.kubelets();
        match (name, begins) {
            ("freeze-kubelet", true) => kubelets.freeze(how),
            ("freeze-kubelet", false) => kubelets.thaw(how),
            ("restart-apiserver", true) => self.registry.storage().compact(),
            _ => panic!("the simulator does not know the fault {name}"),
        }
    }
}

/// Plays all cases; what came of each. Needs a runtime on virtual time.
pub(crate) async fn play_all() -> Vec<Played> {
    let environment = Environment::test(7);
    let registry = Registry::new(&environment);
    blueprint().build(&registry).expect("a cluster");
    // A real server's cache begins with its start, not with the cluster's.
    registry.storage().compact();
    let machinery = Machinery::start(&registry, &environment, Settings::default());
    machinery.kubelets().image_gone(NO_SUCH_IMAGE);
    let server = Server::new(registry.clone(), &environment);
    server.set_logs(Arc::new(Written));
    let site = Simulated { registry: registry.clone(), server, machinery };
    let mut all = Vec::new();
    for (at, case) in cases::all().iter().enumerate() {
        let space = format!("conformance-{at}");
        registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": space}})).expect("a namespace");
        all.push(play::play(&site, &space, case).await);
    }
    all
}

fn blueprint() -> Blueprint {
    let mut blueprint = Blueprint::new();
    for (name, zone) in [("node-1", "zone-a"), ("node-2", "zone-b"), ("node-3", "zone-c")] {
        blueprint = blueprint.machine(Machine::new(name, zone).label("seaworthy.test/real", "true"));
    }
    cluster::crds::all().iter().fold(blueprint, |blueprint, crd| {
        let crd = serde_json::to_value(crd).expect("a definition");
        blueprint.object(kinds::CUSTOM_RESOURCE_DEFINITION, "", crd)
    })
}

//! The simulator's API server against the table of calls in `cases`, which a real server is held
//! to as well: see `real.rs`.

mod cases;
mod play;
mod step;

use environment::Environment;
use serde_json::json;
use sim::api::Server;
use sim::kinds;
use sim::registry::Registry;

#[tokio::test(start_paused = true)]
async fn the_simulator_answers_as_the_real_server_does() {
    let environment = Environment::test(7);
    let registry = Registry::new(&environment);
    for crd in cluster::crds::all() {
        let value = serde_json::to_value(&crd).expect("a definition");
        registry.create(kinds::CUSTOM_RESOURCE_DEFINITION, "", value).expect("taken");
    }
    // A real server's cache begins with its start, not with the cluster's.
    registry.storage().compact();
    let client = Server::new(registry.clone(), &environment).client("system:masters");
    for (at, case) in cases::all().iter().enumerate() {
        let space = format!("conformance-{at}");
        registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": space}})).expect("a namespace");
        play::play(&client, &space, case).await;
    }
}

//! A simulated cluster with the services, for who plays something by hand: no plan, no timetable.

use std::collections::BTreeMap;

use environment::Environment;
use tokio::sync::mpsc;

use super::cluster::{self, Cluster};
use super::roads::Roads;
use super::settings::{self, Configuration};
use super::staff::{Ended, Place, Staff};
use super::witness::Witness;
use crate::actors::Actors;
use crate::blueprint::Blueprint;
use crate::faults::{Stage, Switched};
use crate::machinery;
use crate::registry::Status;
use crate::trace::Keep;

/// A cluster with everything installed, on which no service runs yet. Services run outside of it, and
/// one that ends by itself stays away until it is started again.
pub fn make(
    environment: &Environment,
    blueprint: Blueprint,
    settings: machinery::Settings,
    configuration: Configuration,
) -> Result<Stage, Status> {
    let (end, ended) = mpsc::unbounded_channel();
    let roads = Roads::new(environment);
    let cluster = Cluster::new(environment, settings);
    let witness = Witness::new(environment, cluster.registry.storage(), &settings::limits(), Keep::Nothing);
    cluster::installed(blueprint).namespace(settings::NAMESPACE).build(&cluster.registry)?;
    let place = Place {
        environment: environment.clone(),
        server: cluster.server.clone(),
        roads: roads.clone(),
        witness: witness.clone(),
        nodes: BTreeMap::new(),
        configuration,
        defect: None,
    };
    let stage = Stage {
        switched: Switched::new(cluster.server.faults()),
        cluster,
        staff: Staff::new(place, end),
        roads,
        witness,
        actors: Actors::default(),
        environment: environment.clone(),
    };
    bury(&stage, ended);
    Ok(stage)
}

/// Takes away services that end.
fn bury(stage: &Stage, mut ended: mpsc::UnboundedReceiver<Ended>) {
    let staff = stage.staff.clone();
    stage.environment.spawn("buries", async move {
        while let Some(ended) = ended.recv().await {
            staff.bury(&ended).await;
        }
    });
}

//! A simulated cluster with the services, for who plays something by hand: no plan, no timetable.

use std::collections::BTreeMap;
use std::sync::Arc;

use environment::Environment;
use tokio::sync::mpsc;

use super::cluster::{self, Cluster};
use super::settings::{self, Configuration};
use super::staff::{Place, Staff};
use super::weather::Weather;
use super::witness::Witness;
use crate::blueprint::Blueprint;
use crate::faults::Stage;
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
    let (crash, crashes) = mpsc::unbounded_channel();
    let (end, ended) = mpsc::unbounded_channel();
    let weather = Weather::new(environment, crash);
    let cluster = Cluster::new(environment, settings);
    let witness = Witness::new(environment, cluster.registry.storage(), &settings::limits(), Keep::Nothing);
    cluster::installed(blueprint).namespace(settings::NAMESPACE).build(&cluster.registry)?;
    let server = cluster.server.clone();
    let place = Place {
        environment: environment.clone(),
        connect: Arc::new(move |user: &str| server.client(user)),
        weather: weather.clone(),
        witness: witness.clone(),
        nodes: BTreeMap::new(),
        configuration,
        defect: None,
    };
    let staff = Staff::new(place, end);
    let stage = Stage { cluster, staff, weather, witness, environment: environment.clone() };
    bury(&stage, crashes, ended);
    Ok(stage)
}

/// Takes away services that end.
fn bury(
    stage: &Stage,
    mut crashes: mpsc::UnboundedReceiver<String>,
    mut ended: mpsc::UnboundedReceiver<super::staff::Ended>,
) {
    let staff = stage.staff.clone();
    stage.environment.spawn("buries", async move {
        loop {
            tokio::select! {
                biased;
                Some(service) = crashes.recv() => staff.crash(&service).await,
                Some(ended) = ended.recv() => drop(staff.bury(&ended).await),
                else => return,
            }
        }
    });
}

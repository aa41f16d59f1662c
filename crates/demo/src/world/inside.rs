//! What others reach in the world who come from outside: they may do everything that a person may.

use environment::Environment;
use net::http::Client;
use net::tls::Identity;
use sim::faults::Stage;

use super::World;
use crate::door::{Away, Inside, Service};

/// Speaks to the API server for who comes from outside.
#[derive(Clone)]
pub(super) struct Kubectl(kube::Client);

impl Kubectl {
    pub(super) fn new(stage: &Stage) -> Self {
        Self(stage.server().client_of("kubectl", "system:masters"))
    }
}

impl Inside for World {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn api(&self) -> kube::Client {
        self.kubectl.0.clone()
    }

    fn service(&self, service: Service) -> Result<Client, Away> {
        let (staff, name) = (self.stage.staff(), service.to_string());
        if !staff.runs(&name) {
            return Err(Away::Down);
        }
        // It would be waited for until it goes on.
        if staff.is_paused(&name) {
            return Err(Away::Paused);
        }
        Ok(staff.road("person", &name, Identity::operator()))
    }
}

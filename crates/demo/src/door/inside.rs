//! What a world has inside that its doors lead to.

use std::fmt;

use environment::Environment;
use net::http::Client;
use net::tls::Identity;

/// A world that can be entered.
pub trait Inside: Send + 'static {
    /// Carries the requests.
    fn environment(&self) -> &Environment;

    /// Speaks to its API server as who may do everything. One client for all requests: each new one has a
    /// task of its own.
    fn api(&self) -> kube::Client;

    /// Speaks to one of its services as a person. Worlds without services say that there is none.
    fn service(&self, _service: Service) -> Result<Client, Away> {
        Err(Away::Missing)
    }
}

/// A service that has a door.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// What is wrong.
    Monitor,
    /// Who is told.
    Alerter,
}

impl Service {
    /// Who it is to those who call it.
    pub(super) fn identity(self) -> Identity {
        match self {
            Self::Monitor => Identity::monitor(),
            Self::Alerter => Identity::alerter(),
        }
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.identity().fmt(f)
    }
}

/// Why a service answers nobody at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Away {
    /// The world has none.
    Missing,
    /// It does not run.
    Down,
    /// It stands still.
    Paused,
}

impl Away {
    /// What who wants it is told.
    pub(super) fn words(self, service: Service) -> String {
        match self {
            Self::Missing => format!("there is no {service} in this simulated cluster"),
            Self::Down => format!("the simulated {service} is down: try again once it has been started"),
            Self::Paused => format!("the simulated {service} stands still: try again once it goes on"),
        }
    }
}

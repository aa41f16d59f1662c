//! The doors into the world, on loopback: its API server for kubectl and everybody else who speaks to
//! clusters, its monitor for `seaworthy issues`, its alerter for `seaworthy ack` and amtool.
//!
//! Threads of their own accept connections and hand each request to the world as an errand. Only who has
//! the token of the kubeconfig comes in to the API server, and may do everything then; only who has the
//! certificate that lies beside it comes in to the services.

mod calendar;
mod credentials;
mod error;
mod folder;
mod inside;
mod kubeconfig;
mod own;
mod passage;
mod porter;
mod request;
mod services;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use environment::{Drain, Environment};
use net::server::{self, Limits, Security, Server};
use rand::TryRng;
use rand::rngs::SysRng;
use rustls::ServerConfig;

use crate::pace::Pace;
use crate::visit::Visit;
use credentials::Credentials;
use folder::{Addresses, Folder};
use kubeconfig::Kubeconfig;
use passage::World;

pub use error::Error;
pub use inside::{Away, Inside, Service};

/// The most bytes of a request: the API server's own limit.
const BODY_MAX: usize = 3 * 1024 * 1024;
/// Connections at once: kubectl has one or two, and a console of the field a handful.
const CONNECTIONS_MAX: usize = 256;
/// How long requests that have begun may take when the door closes. Watches have no end of their own.
const DRAIN: Duration = Duration::from_millis(200);

/// Where the doors are, and who is told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The API server's port on loopback; 0 for one that is free. The services get free ones.
    pub port: u16,
    /// Where the kubeconfig is written; the temporary folder where nothing is said. It goes when the door
    /// closes.
    pub kubeconfig: Option<PathBuf>,
}

/// Open doors. They close when it is dropped.
#[derive(Debug)]
pub struct Door {
    kubeconfig: Kubeconfig,
    folder: Folder,
    api: Opening,
    monitor: Opening,
    alerter: Opening,
}

impl Door {
    /// Opens the doors into the world that `pace` keeps going. Not from within a runtime.
    pub fn open<W: Inside>(options: &Options, pace: &Pace<W>) -> Result<Self, Error> {
        let seed = SysRng.try_next_u64().map_err(|_| Error::NoRandomness)?;
        let environment = Environment::real(seed);
        let credentials = Credentials::new(environment.now())?;
        let router = porter::router(credentials.token().clone(), World::new(pace.clone()));
        let api = Opening::new(&environment, options.port, credentials.api()?, router)?;
        let open = |service| {
            let router = services::router(service, pace);
            Opening::new(&environment, 0, credentials.service(service)?, router)
        };
        let (monitor, alerter) = (open(Service::Monitor)?, open(Service::Alerter)?);
        let addresses = Addresses { api: api.address, monitor: monitor.address, alerter: alerter.address };
        let folder = Folder::write(options.kubeconfig.as_deref(), &addresses, &credentials)?;
        let kubeconfig = Kubeconfig::write(folder.kubeconfig().to_owned(), api.address, &credentials)?;
        Ok(Self { kubeconfig, folder, api, monitor, alerter })
    }

    /// Where the API server listens.
    pub fn api(&self) -> SocketAddr {
        self.api.address
    }

    /// Where a service listens.
    pub fn service(&self, service: Service) -> SocketAddr {
        match service {
            Service::Monitor => self.monitor.address,
            Service::Alerter => self.alerter.address,
        }
    }

    /// How one comes in.
    pub fn visit(&self) -> Visit {
        Visit { env: self.folder.env(), kubeconfig: self.kubeconfig.path().to_owned() }
    }
}

/// A server in a thread of its own, which ends when it is dropped.
#[derive(Debug)]
struct Opening {
    address: SocketAddr,
    drain: Drain,
    thread: Option<JoinHandle<()>>,
}

impl Opening {
    fn new(
        environment: &Environment,
        port: u16,
        tls: Arc<ServerConfig>,
        router: Router,
    ) -> Result<Self, Error> {
        // Its tasks end with its thread, and nobody else's with them.
        let environment = environment.fork("door");
        let (drain, drained) = environment::drain();
        let (tell, told) = mpsc::channel();
        let asked = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let thread = std::thread::Builder::new().name("door".to_owned()).spawn(move || {
            runtime.block_on(async move {
                let listener = match server::listen(asked).await {
                    Ok(listener) => listener,
                    Err(error) => return drop(tell.send(Err(error.into()))),
                };
                // Whoever opens the door waits for this.
                let _ = tell.send(listener.local_addr().map_err(Error::from));
                let server = Server::new(&environment).limits(limits());
                server.serve(listener, Security::Own(tls), router, drained).await;
                environment.tasks().end().await;
            });
        })?;
        let address = told.recv().unwrap_or(Err(Error::Ended))?;
        Ok(Self { address, drain, thread: Some(thread) })
    }
}

impl Drop for Opening {
    fn drop(&mut self) {
        self.drain.start();
        if let Some(thread) = self.thread.take() {
            // That it panicked was said when it did.
            let _ = thread.join();
        }
    }
}

fn limits() -> Limits {
    Limits { connections: CONNECTIONS_MAX, body: BODY_MAX, drain: DRAIN, ..Limits::default() }
}

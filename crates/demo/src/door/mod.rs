//! The door into the world: its API server over HTTPS on loopback, for kubectl and everybody else who
//! speaks to clusters.
//!
//! A thread of its own accepts connections and hands each request to the world as an errand. Only who
//! has the token of the kubeconfig comes in, and may do everything then.

mod credentials;
mod error;
mod kubeconfig;
mod passage;
mod porter;
#[cfg(test)]
mod tests;

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use axum::Router;
use environment::{Drain, Environment};
use net::server::{self, Limits, Security, Server};
use rand::TryRng;
use rand::rngs::SysRng;

use crate::pace::Pace;
use credentials::Credentials;
use kubeconfig::Kubeconfig;
use passage::World;

pub use error::Error;
pub use passage::Reach;

/// The most bytes of a request: the API server's own limit.
const BODY_MAX: usize = 3 * 1024 * 1024;
/// Connections at once: kubectl has one or two, and a console of the field a handful.
const CONNECTIONS_MAX: usize = 256;
/// How long requests that have begun may take when the door closes. Watches have no end of their own.
const DRAIN: Duration = Duration::from_millis(200);

/// Where the door is, and who is told.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The port on loopback; 0 for one that is free.
    pub port: u16,
    /// Where the kubeconfig is written; a temporary file where nothing is said. It goes when the door
    /// closes.
    pub kubeconfig: Option<PathBuf>,
}

/// An open door. It closes when it is dropped.
#[derive(Debug)]
pub struct Door {
    kubeconfig: Kubeconfig,
    opening: Opening,
}

impl Door {
    /// Opens a door into the world that `pace` keeps going; `reach` says how its API server is reached.
    /// Not from within a runtime.
    pub fn open<W: Send + 'static>(
        options: &Options,
        pace: &Pace<W>,
        reach: impl Fn(&W) -> Reach + Send + Sync + 'static,
    ) -> Result<Self, Error> {
        let seed = SysRng.try_next_u64().map_err(|_| Error::NoRandomness)?;
        let environment = Environment::real(seed);
        let credentials = Credentials::new(environment.now())?;
        let security = Security::Own(credentials.server()?);
        let router = porter::router(credentials.token().clone(), World::new(pace.clone(), reach));
        let opening = Opening::new(environment, options.port, security, router)?;
        let kubeconfig = Kubeconfig::write(options.kubeconfig.as_deref(), opening.address, &credentials)?;
        Ok(Self { kubeconfig, opening })
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.opening.address
    }

    /// The kubeconfig that leads here.
    pub fn kubeconfig(&self) -> &Path {
        self.kubeconfig.path()
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
    fn new(environment: Environment, port: u16, security: Security, router: Router) -> Result<Self, Error> {
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
                server.serve(listener, security, router, drained).await;
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

//! Where an installation keeps its files, and on which ports it listens.

use std::net::TcpListener;
use std::path::PathBuf;

use anyhow::{Context, Result};

use super::Service;
use crate::bed::Bed;

/// A leader and its standby.
pub(super) const HEALERS_MAX: usize = 2;

/// The folder of one installation.
pub(super) struct Layout {
    pub(super) folder: PathBuf,
}

impl Layout {
    /// An empty folder; what an earlier run left there goes.
    pub(super) fn make(bed: &Bed, name: &str) -> Result<Self> {
        let folder = bed.kept.join(name);
        if folder.exists() {
            std::fs::remove_dir_all(&folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(&folder).with_context(|| format!("make {}", folder.display()))?;
        Ok(Self { folder })
    }

    pub(super) fn kubeconfig(&self, service: Service) -> PathBuf {
        self.folder.join(format!("{}.kubeconfig", service.name()))
    }

    pub(super) fn certificates(&self) -> PathBuf {
        self.folder.join("certificates")
    }

    /// The configuration file of a process; healers are numbered from 0, the others are alone.
    pub(super) fn config(&self, service: Service, number: usize) -> PathBuf {
        self.folder.join(format!("{}.yaml", process(service, number)))
    }

    pub(super) fn log(&self, service: Service, number: usize) -> PathBuf {
        self.folder.join(format!("{}.log", process(service, number)))
    }

    pub(super) fn alertmanager(&self) -> PathBuf {
        self.folder.join("alertmanager.yml")
    }

    pub(super) fn store(&self) -> PathBuf {
        self.folder.join("alerter.sqlite")
    }
}

/// What a process is called.
pub(super) fn process(service: Service, number: usize) -> String {
    if number == 0 { service.name().to_owned() } else { format!("{}-{number}", service.name()) }
}

/// Addresses on loopback, each free when it was chosen.
pub(super) struct Ports {
    pub(super) monitor_api: String,
    pub(super) monitor_health: String,
    pub(super) alerts: String,
    pub(super) alerter_internal: String,
    pub(super) alerter_health: String,
    pub(super) healers_api: [String; HEALERS_MAX],
    pub(super) healers_health: [String; HEALERS_MAX],
}

impl Ports {
    /// All are held while they are chosen, so that none is chosen twice.
    pub(super) fn free() -> Result<Self> {
        let mut held = Vec::new();
        let mut one = || -> Result<String> {
            let listener = TcpListener::bind("127.0.0.1:0").context("find a free port")?;
            let address = listener.local_addr()?.to_string();
            held.push(listener);
            Ok(address)
        };
        Ok(Self {
            monitor_api: one()?,
            monitor_health: one()?,
            alerts: one()?,
            alerter_internal: one()?,
            alerter_health: one()?,
            healers_api: [one()?, one()?],
            healers_health: [one()?, one()?],
        })
    }
}

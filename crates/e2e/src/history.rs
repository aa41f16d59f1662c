//! All versions of all Remediations, as they came: an object shows where it stands, not by which ways
//! it got there.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use anyhow::{Result, ensure};
use environment::Environment;
use futures::{StreamExt, TryStreamExt};
use kube::Api;
use kube::api::{ListParams, WatchEvent, WatchParams};
use model::remediation::Remediation;

use crate::cluster::Cluster;
use crate::eventually;

/// How long a watch that broke is left alone.
const PAUSE: Duration = Duration::from_millis(200);
/// How long what is there may take to be heard of.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was heard of Remediations, from a moment on. Cheap to clone; clones are the same.
#[derive(Clone, Default)]
pub struct History {
    versions: Arc<Mutex<Vec<Remediation>>>,
}

impl History {
    /// Listens from now on, until the environment's tasks end.
    pub fn follow(cluster: &Cluster, environment: &Environment) -> Self {
        let history = Self::default();
        let (own, api) = (history.clone(), cluster.own::<Remediation>());
        environment.spawn("history", async move {
            loop {
                // A watch that breaks is begun anew; what came meanwhile is in the list.
                let _ = own.listen(&api).await;
                tokio::time::sleep(PAUSE).await;
            }
        });
        history
    }

    /// How much was heard so far.
    pub fn mark(&self) -> usize {
        self.lock().len()
    }

    /// What was heard since a mark, once all that is there has been heard of.
    pub async fn since(&self, mark: usize, cluster: &Cluster) -> Result<Vec<Remediation>> {
        eventually("all remediations were heard of", PATIENCE, || async {
            let there = cluster.own::<Remediation>().list(&ListParams::default()).await?.items;
            let unheard = there.iter().find(|one| !self.knows(one));
            ensure!(unheard.is_none(), "not of {unheard:?}");
            Ok(())
        })
        .await?;
        Ok(self.lock().iter().skip(mark).cloned().collect())
    }

    async fn listen(&self, api: &Api<Remediation>) -> kube::Result<()> {
        let list = api.list(&ListParams::default()).await?;
        for remediation in list.items {
            self.note(remediation);
        }
        let version = list.metadata.resource_version.unwrap_or_default();
        let mut events = api.watch(&WatchParams::default(), &version).await?.boxed();
        while let Some(event) = events.try_next().await? {
            match event {
                WatchEvent::Added(remediation) | WatchEvent::Modified(remediation) => self.note(remediation),
                WatchEvent::Error(_) => return Ok(()),
                WatchEvent::Deleted(_) | WatchEvent::Bookmark(_) => {}
            }
        }
        Ok(())
    }

    fn note(&self, remediation: Remediation) {
        if !self.knows(&remediation) {
            self.lock().push(remediation);
        }
    }

    fn knows(&self, remediation: &Remediation) -> bool {
        let version = |one: &Remediation| (one.metadata.uid.clone(), one.metadata.resource_version.clone());
        let wanted = version(remediation);
        self.lock().iter().any(|known| version(known) == wanted)
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Remediation>> {
        self.versions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! Takes in the marks that nobody would take off.

use std::collections::BTreeMap;

use cluster::views::Node;
use model::remediation::Remediation;

use super::{Engine, Tenure};
use crate::facts::Look;
use crate::intake;
use crate::orphans::{self, Orphan};

/// Most marks taken in in one go: each takes two reads and two writes.
const BATCH: usize = 5;

impl Engine {
    /// Looks for such marks in what is watched, and where there are any once more in what a quorum
    /// says: a node may be seen as it was a moment ago, and its remediation as it is.
    pub(super) async fn take_in_marks(&mut self, tenure: &mut Tenure) {
        let suspected = {
            let state = self.shared.state();
            if !state.is_synced() {
                return;
            }
            orphans::find(state.nodes.objects.values(), &state.remediations.objects)
        };
        if suspected.is_empty() {
            return;
        }
        let listed = match self.bookkeeper.list::<Remediation>().await {
            Ok(listed) if listed.malformed.is_empty() => listed.items,
            // One that cannot be read may be the very one.
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(%error, "cannot read the remediations");
                return;
            }
        };
        let named = listed.into_iter().filter_map(|one| Some((one.metadata.name.clone()?, one)));
        let all: BTreeMap<String, Remediation> = named.collect();
        for suspect in suspected.into_iter().take(BATCH) {
            let look = Look { subject: Some(suspect.key.lineage.clone()), ..Look::default() };
            let facts = self.reader.read(&look).await;
            let node: Option<&Node> = facts.node();
            for orphan in orphans::find(node, &all) {
                self.take_in(tenure, &all, &orphan).await;
            }
        }
    }

    async fn take_in(&self, tenure: &mut Tenure, all: &BTreeMap<String, Remediation>, orphan: &Orphan) {
        let Orphan { node, by, .. } = orphan;
        tracing::warn!(
            node = node.name,
            by,
            "a mark is on a node, and no remediation that would take it off"
        );
        let written = match all.get(by) {
            Some(one) => self.remember_mark(one, orphan).await,
            None => self.make_for_mark(tenure.epoch, all, orphan).await,
        };
        match written {
            Ok(Some(one)) => {
                let name = one.metadata.name.clone().unwrap_or_default();
                tenure.due.insert(name, self.shared.environment.monotonic());
                self.shared.state().remediations.apply(one);
            }
            Ok(None) => {
                tracing::warn!(by, "it has too many attempts already: delete it, so that another is made");
            }
            Err(error) => tracing::warn!(%error, by, "the mark was not taken in; it is found again"),
        }
    }

    /// Its own remediation has ended and does not know of it.
    async fn remember_mark(
        &self,
        one: &Remediation,
        orphan: &Orphan,
    ) -> Result<Option<Remediation>, cluster::bookkeeping::Error> {
        let status = one.status.clone().unwrap_or_default();
        let Some(status) = orphans::remember(&status, &one.spec, orphan, self.shared.environment.now())
        else {
            return Ok(None);
        };
        let next = Remediation { status: Some(status), ..one.clone() };
        self.bookkeeper.replace_status(&next).await.map(Some)
    }

    /// Its own remediation is gone.
    async fn make_for_mark(
        &self,
        epoch: u64,
        all: &BTreeMap<String, Remediation>,
        orphan: &Orphan,
    ) -> Result<Option<Remediation>, cluster::bookkeeping::Error> {
        let now = self.shared.environment.now();
        let config = self.shared.config();
        // As the monitor names it, where that is known.
        let cluster =
            config.cluster.as_deref().or_else(|| all.values().next().map(|one| one.spec.cluster.as_str()));
        // By the number it names, too: that one is never made again.
        let names = all.keys().map(String::as_str).chain([orphan.by.as_str()]);
        let number = intake::next_number(&orphan.key, names, None, now);
        let new = orphans::take_in(orphan, number, cluster.unwrap_or_default(), &config, epoch, now);
        let made = self.bookkeeper.create(&new).await?;
        // The server takes no status with a new object.
        self.bookkeeper.replace_status(&Remediation { status: new.status, ..made }).await.map(Some)
    }
}

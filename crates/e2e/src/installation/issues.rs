//! Issues as they arrive at the alerter: what the monitor found, by whom it was found.

use std::time::Duration;

use anyhow::{Context, Result, ensure};
use model::alert::{PostableAlert, report};
use model::{Issue, Lineage};

use super::Installation;
use crate::{eventually, http};

impl Installation {
    /// The issues that the alerter has at the moment, of this cluster's monitor.
    pub async fn issues(&self) -> Result<Vec<Issue>> {
        let all: Vec<PostableAlert> =
            serde_json::from_value(http::get_json(self.alerts(), "/api/v2/alerts").await?)?;
        let open = all.iter().filter_map(|alert| report(alert).ok()).filter(|one| one.resolution.is_none());
        Ok(open.map(|report| report.issue).collect())
    }

    /// Waits until the alerter has the issue of a lineage and a check, and `holds` says of it that all
    /// is as it should be; its error is what was seen instead.
    pub async fn issue(
        &self,
        lineage: &Lineage,
        check: &str,
        patience: Duration,
        holds: impl Fn(&Issue) -> Result<()>,
    ) -> Result<Issue> {
        eventually(&format!("the issue {lineage} {check}"), patience, || async {
            let found = self.find(lineage, check).await?.context("there is none")?;
            holds(&found).with_context(|| format!("it is {found:?}"))?;
            Ok(found)
        })
        .await
    }

    /// Waits until the issue of a lineage and a check is over.
    pub async fn issue_over(&self, lineage: &Lineage, check: &str, patience: Duration) -> Result<()> {
        eventually(&format!("the end of the issue {lineage} {check}"), patience, || async {
            let found = self.find(lineage, check).await?;
            ensure!(found.is_none(), "it is {found:?}");
            Ok(())
        })
        .await
    }

    async fn find(&self, lineage: &Lineage, check: &str) -> Result<Option<Issue>> {
        let mut all = self.issues().await?.into_iter();
        Ok(all.find(|issue| issue.lineage == *lineage && issue.code == check))
    }
}

//! Faults of the testbed, undone when they go out of scope: a scenario that fails must not leave a
//! broken cluster to the next.

use anyhow::{Context, Result};

use crate::bed::Bed;

/// A fault that is in effect.
#[must_use = "a fault ends when this is dropped"]
pub struct Fault {
    bed: Bed,
    name: &'static str,
    node: Option<String>,
    over: bool,
}

impl Fault {
    /// Brings a fault about, on one node or, without one, on the cluster.
    pub async fn begin(bed: &Bed, name: &'static str, node: Option<&str>) -> Result<Self> {
        Self::begin_with(bed, name, node, &[]).await
    }

    /// The same with settings, such as `latency=1s`: `testbed fault list` has them.
    pub async fn begin_with(
        bed: &Bed,
        name: &'static str,
        node: Option<&str>,
        settings: &[&str],
    ) -> Result<Self> {
        let fault = Self { bed: bed.clone(), name, node: node.map(str::to_owned), over: false };
        let mut arguments = fault.arguments(false);
        arguments.extend(settings.iter().flat_map(|setting| ["--set", setting]));
        bed.control(&arguments).await.with_context(|| format!("bring about {name}"))?;
        Ok(fault)
    }

    /// Undoes it, and waits until that is done.
    pub async fn undo(mut self) -> Result<()> {
        self.bed.control(&self.arguments(true)).await.with_context(|| format!("undo {}", self.name))?;
        self.over = true;
        Ok(())
    }

    fn arguments(&self, undo: bool) -> Vec<&str> {
        let mut arguments = vec!["fault", self.name];
        if let Some(node) = &self.node {
            arguments.extend(["--node", node]);
        }
        if undo {
            arguments.push("--undo");
        }
        arguments
    }
}

impl Drop for Fault {
    fn drop(&mut self) {
        if self.over {
            return;
        }
        let undone = std::process::Command::new(&self.bed.control)
            .args(self.arguments(true))
            .env("SEAWORTHY_TESTBED", &self.bed.name)
            .output();
        match undone {
            Ok(output) if output.status.success() => {}
            other => eprintln!("{} could not be undone: {other:?}", self.name),
        }
    }
}

/// Restarts the API server and waits until it is ready. With `lose_history`, every watch that wants
/// to go on where it was gets 410 Gone.
pub async fn restart_api_server(bed: &Bed, lose_history: bool) -> Result<()> {
    let setting = format!("lose-history={lose_history}");
    bed.control(&["fault", "restart-apiserver", "--set", &setting]).await.map(drop)
}

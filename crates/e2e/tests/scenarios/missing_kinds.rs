//! A cluster without Seaworthy's custom resources: whoever needs them says which are missing and the
//! command that installs them.

use anyhow::{Result, ensure};
use e2e::bed::end;
use e2e::installation::{self, program};
use e2e::scenario::Stage;
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams};
use std::time::Duration;
use tokio::process::Command;

use e2e::eventually;

const PATIENCE: Duration = Duration::from_mins(1);
const WAY_OUT: &str = "seaworthy crds | kubectl apply -f -";

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    installation::install(&stage.suite).await?;
    let kinds = stage.cluster.cluster_wide::<CustomResourceDefinition>();
    let ours = |name: &str| name.ends_with(model::GROUP);
    for kind in kinds.list(&ListParams::default()).await? {
        let name = kind.metadata.name.unwrap_or_default();
        if ours(&name) {
            kinds.delete(&name, &DeleteParams::default()).await?;
        }
    }
    eventually("they are gone", PATIENCE, || async {
        let left = kinds.list(&ListParams::default()).await?;
        let left =
            left.items.iter().filter_map(|kind| kind.metadata.name.as_deref()).filter(|n| ours(n)).count();
        ensure!(left == 0, "{left} are left");
        Ok(())
    })
    .await?;
    for command in ["remediations", "pause"] {
        let ended =
            end(Command::new(&stage.bed.program).arg(command).env("KUBECONFIG", &stage.bed.kubeconfig))
                .await?;
        ensure!(ended.code == Some(3) && ended.complaint.contains(WAY_OUT), "{command}: {ended:?}");
    }
    // The way out is one.
    installation::install(&stage.suite).await?;
    eventually("they are back", PATIENCE, || async { program(&stage.bed, &["remediations"]).await.map(drop) })
        .await
}

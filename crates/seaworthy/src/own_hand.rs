//! What people do to the cluster with their own hands: under their own kubeconfig, with their own rights, in their own
//! name. These are not effects of the healer and need no Admit, which is why they stand apart, and why the architecture
//! test allows writes in this one file of the binary.

use anyhow::{Context, bail};
use jiff::Timestamp;
use k8s_openapi::api::authentication::v1::SelfSubjectReview;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::{Client, ResourceExt};
use model::brake::{self, Brake, BrakeSpec};
use model::remediation::{Approval, ApprovalVerdict, Phase, Remediation};
use serde_json::json;

/// Under which name the API server's managed fields show these changes.
const FIELD_MANAGER: &str = "seaworthy-cli";

/// Sets the Brake, and makes it where it is not yet there.
pub(crate) async fn set_brake(client: Client, spec: &BrakeSpec) -> anyhow::Result<()> {
    let brakes: Api<Brake> = Api::all(client);
    // Nulls, so that the reason and the date of an earlier pause do not stay behind.
    let patch = json!({ "spec": { "paused": spec.paused, "reason": spec.reason, "until": spec.until } });
    let parameters = PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() };
    match brakes.patch(brake::NAME, &parameters, &Patch::Merge(&patch)).await {
        Err(kube::Error::Api(status)) if status.is_not_found() => {
            let parameters =
                PostParams { field_manager: Some(FIELD_MANAGER.into()), ..PostParams::default() };
            brakes.create(&parameters, &Brake::new(brake::NAME, spec.clone())).await
        }
        outcome => outcome,
    }
    .context("the Brake was not changed")?;
    Ok(())
}

/// Writes a person's word on a remediation's plan.
pub(crate) async fn decide(
    client: Client,
    name: &str,
    verdict: ApprovalVerdict,
    expires: Option<Timestamp>,
) -> anyhow::Result<Remediation> {
    let remediations: Api<Remediation> = Api::all(client.clone());
    let remediation =
        remediations.get(name).await.with_context(|| format!("remediation {name} cannot be read"))?;
    let phase = remediation.status.as_ref().map(|status| status.phase).unwrap_or_default();
    if phase != Phase::AwaitingApproval {
        bail!("remediation {name} is {}: only one that is AwaitingApproval takes a decision", phase.as_str());
    }
    let plan_hash = remediation.spec.plan_hash.clone();
    let approval = Approval { by: whoami(client).await?, plan_hash, verdict, expires };
    // With the resourceVersion of what was read: if the healer moved on meanwhile, nothing is approved unseen.
    let patch = json!({
        "metadata": { "resourceVersion": remediation.resource_version() },
        "spec": { "approval": approval },
    });
    remediations
        .patch(
            name,
            &PatchParams { field_manager: Some(FIELD_MANAGER.into()), ..PatchParams::default() },
            &Patch::Merge(&patch),
        )
        .await
        .with_context(|| format!("the decision on {name} was not accepted; look at it again and repeat"))
}

/// The user's name as the API server knows it. An admission policy refuses an approval in another's name.
async fn whoami(client: Client) -> anyhow::Result<String> {
    let reviews: Api<SelfSubjectReview> = Api::all(client);
    let review = reviews
        .create(&PostParams::default(), &SelfSubjectReview::default())
        .await
        .context("the API server does not say who you are")?;
    let user = review.status.and_then(|status| status.user_info).and_then(|user| user.username);
    user.context("the API server does not say who you are")
}

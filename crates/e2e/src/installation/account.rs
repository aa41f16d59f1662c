//! ServiceAccounts as people who may do just what they are granted.

use std::path::Path;

use anyhow::{Context, Result};
use k8s_openapi::api::authentication::v1::TokenRequest;
use k8s_openapi::api::core::v1::ServiceAccount;
use kube::api::PostParams;
use kube::config::Kubeconfig;
use serde_json::json;

use super::{NAMESPACE, Service};
use crate::bed::Bed;
use crate::cluster::{Cluster, from};

/// Longer than any suite.
const VALID_S: u64 = 4 * 3600;

/// Writes a kubeconfig that speaks as a service's account to the server that `server` names.
pub(super) async fn kubeconfig(cluster: &Cluster, server: &Path, service: Service, to: &Path) -> Result<()> {
    let token = token(cluster, service.account()).await?;
    write_for(server, &token, to)
}

/// A token of an account in Seaworthy's namespace.
pub(super) async fn token(cluster: &Cluster, account: &str) -> Result<String> {
    let request: TokenRequest = from(json!({
        "metadata": {}, "spec": {"audiences": [], "expirationSeconds": VALID_S},
    }))?;
    let accounts = cluster.within::<ServiceAccount>(NAMESPACE);
    let granted = accounts
        .create_token_request(account, &PostParams::default(), &request)
        .await
        .with_context(|| format!("get a token for {NAMESPACE}/{account}"))?;
    granted.status.and_then(|status| status.token).context("the server granted no token")
}

/// Writes the administrator's kubeconfig with somebody else's token.
pub fn write(bed: &Bed, token: &str, to: &Path) -> Result<()> {
    write_for(&bed.kubeconfig, token, to)
}

fn write_for(server: &Path, token: &str, to: &Path) -> Result<()> {
    let server = Kubeconfig::read_from(server)?;
    let cluster = server.clusters.first().context("a cluster in the kubeconfig")?;
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "bed",
        "clusters": [cluster],
        "users": [{"name": "account", "user": {"token": token}}],
        "contexts": [{"name": "bed", "context": {
            "cluster": cluster.name, "user": "account", "namespace": NAMESPACE,
        }}],
    });
    std::fs::write(to, config.to_string()).with_context(|| format!("write {}", to.display()))
}

//! From the command line to a connected cluster.

use cluster::connect::{self, Connection, Error, Options};
use k8s_openapi::api::core::v1::Namespace;
use kube::Api;

use crate::arguments::Cluster;
use crate::records::Records;

/// Connects to that cluster, and makes sure that it answers: what is wrong is to be said at once.
pub(crate) async fn to(cluster: &Cluster) -> Result<Connection, Error> {
    connect::connect(&options(cluster)).await
}

/// Connects to that cluster whether it answers or not: a service waits for it.
pub(crate) async fn open(cluster: &Cluster) -> Result<Connection, Error> {
    connect::open(&options(cluster)).await
}

fn options(cluster: &Cluster) -> Options {
    let Cluster { kubeconfig, context } = cluster.clone();
    Options { kubeconfig, context, impersonate: None }
}

/// Seaworthy's own resources in that cluster.
pub(crate) async fn records(cluster: &Cluster) -> Result<Records, Error> {
    Ok(Records::of(to(cluster).await?))
}

/// Fails where a namespace is not there: nothing would be found in it, and that would look like good news. Who may not
/// look at namespaces is believed.
pub(crate) async fn expect_namespace(client: &kube::Client, name: &str) -> anyhow::Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    match namespaces.get_opt(name).await {
        Ok(None) => anyhow::bail!("there is no namespace {name:?}: `kubectl get namespaces` lists them"),
        Ok(Some(_)) | Err(_) => Ok(()),
    }
}

//! From the command line to a connected cluster.

use cluster::connect::{Connection, Options, connect};

use crate::arguments::Cluster;

/// Connects to the cluster that the arguments mean.
pub(crate) async fn to(cluster: &Cluster) -> Result<Connection, cluster::connect::Error> {
    let Cluster { kubeconfig, context } = cluster.clone();
    connect(&Options { kubeconfig, context, impersonate: None }).await
}

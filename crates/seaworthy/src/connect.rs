//! From the command line to a connected cluster.

use cluster::connect::{Error, Options, connect};

use crate::arguments::Cluster;
use crate::records::Records;

/// Which cluster the arguments mean.
pub(crate) fn options(cluster: &Cluster) -> Options {
    let Cluster { kubeconfig, context } = cluster.clone();
    Options { kubeconfig, context, impersonate: None }
}

/// Seaworthy's own resources in that cluster.
pub(crate) async fn records(cluster: &Cluster) -> Result<Records, Error> {
    Ok(Records::of(connect(&options(cluster)).await?))
}

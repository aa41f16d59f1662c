//! What the cluster is called in labels.

use std::sync::Arc;
use std::time::Duration;

use cluster::{read, views};
use tokio::sync::SetOnce;

/// The namespace whose UID names a cluster that has no configured name: it lives as long as the
/// cluster does.
const NAMESPACE: &str = "kube-system";

/// How long one question may take, and how long to wait before the next.
const DEADLINE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(5);

/// Finds out the UID of kube-system, however long it takes: without a name nothing is posted.
pub(super) async fn find(client: kube::Client, name: Arc<SetOnce<String>>) {
    loop {
        match read::get::<views::Namespace>(&client, None, NAMESPACE, DEADLINE).await {
            Ok(namespace) => {
                // Nobody else sets it.
                let _ = name.set(namespace.metadata.uid.to_string());
                return;
            }
            Err(error) => {
                tracing::warn!(%error, "the cluster has no name yet; set `cluster` to do without kube-system's UID");
            }
        }
        tokio::time::sleep(PAUSE).await;
    }
}

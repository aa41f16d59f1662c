//! The policy files, read again when they change. The healer's own configuration is in force as it
//! was when the process began.

use std::sync::Arc;
use std::time::Duration;

use model::policy::HealingPolicy;

use super::policies;
use super::shared::Shared;

/// How often the files are looked at, as the other services look at theirs. A kubelet takes up to a
/// minute to bring a changed ConfigMap, and tells nobody.
const LOOK: Duration = Duration::from_secs(5);

/// Looks at the files for as long as the healer runs.
pub(super) async fn follow(shared: Arc<Shared>) {
    let mut failed = None;
    loop {
        tokio::time::sleep(LOOK).await;
        match policies::read_files(&shared.config.policies).await {
            Ok(files) => {
                failed = None;
                shared.metrics.configured(true);
                adopt(&shared, files);
            }
            Err(error) => {
                let error = error.to_string();
                shared.metrics.configured(false);
                if failed.as_ref() != Some(&error) {
                    tracing::error!(
                        error,
                        "a policy file is not fit for use; what it said before stays in force"
                    );
                    failed = Some(error);
                }
            }
        }
    }
}

/// Puts what the files say into force, if it is something else.
fn adopt(shared: &Shared, files: Vec<(String, HealingPolicy)>) {
    let is_same =
        |((file, policy), (other_file, other)): (&(String, HealingPolicy), &(String, HealingPolicy))| {
            file == other_file && policy.metadata == other.metadata && policy.spec == other.spec
        };
    {
        let mut state = shared.state();
        if state.files.len() == files.len() && state.files.iter().zip(&files).all(is_same) {
            return;
        }
        state.files = files;
        (state.dirty.policies, state.dirty.everything) = (true, true);
    }
    tracing::info!("the policy files have changed");
    shared.changed.notify_one();
}

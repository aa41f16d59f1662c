//! Policies from files and resources, into the book; what the book says of them, into their status.

use std::path::PathBuf;

use cluster::bookkeeping::{Bookkeeper, Error};
use jiff::Timestamp;
use model::policy::HealingPolicy;

use super::Error as ServiceError;
use super::settings::FromFile;
use super::shared::Shared;
use crate::policy::{self, Book, POLICIES_MAX, Source};

/// Reads the policy files: each policy with the name of its file.
pub(super) async fn read_files(paths: &[PathBuf]) -> Result<Vec<FromFile>, ServiceError> {
    let mut policies = Vec::new();
    for path in paths {
        let file = path.display().to_string();
        let error = |reason: String| ServiceError::PolicyFile { path: path.clone(), reason };
        let text = tokio::fs::read_to_string(path).await.map_err(|source| error(source.to_string()))?;
        let read = policy::parse(&file, &text).map_err(|source| error(source.to_string()))?;
        policies.extend(read.into_iter().map(|policy| (file.clone(), policy)));
    }
    Ok(policies)
}

/// Makes the book anew if a policy changed.
pub(super) fn refresh(shared: &Shared) -> bool {
    let mut state = shared.state();
    if !std::mem::take(&mut state.dirty.policies) {
        return false;
    }
    let files = state.files.iter().map(|(file, policy)| {
        let name = policy.metadata.name.clone().unwrap_or_default();
        (name, Source::File(file.clone()), 0, policy.spec.clone())
    });
    let resources = state.policies.objects.values().take(POLICIES_MAX).map(|policy| {
        let meta = &policy.metadata;
        let created = meta.creation_timestamp.as_ref().map_or(Timestamp::UNIX_EPOCH, |created| created.0);
        let name = meta.name.clone().unwrap_or_default();
        (name, Source::Resource(created), meta.generation.unwrap_or(0), policy.spec.clone())
    });
    let book = Book::new(files.chain(resources), &shared.own.namespace).succeeding(&state.book);
    for entry in book.entries().iter().filter(|entry| !entry.refusals.is_empty()) {
        let reasons: Vec<String> = entry.refusals.iter().map(ToString::to_string).collect();
        tracing::warn!(policy = entry.name, reasons = reasons.join("; "), "a policy is not used");
    }
    shared.metrics.policies(&book);
    state.book = book;
    true
}

/// Writes what is to be said of the policies into their status, where it is not said yet. Returns
/// whether all of it was written.
pub(super) async fn report(shared: &Shared, bookkeeper: &Bookkeeper) -> bool {
    let now = shared.environment.now();
    let news: Vec<HealingPolicy> = {
        let state = shared.state();
        let news = state.policies.objects.values().filter_map(|policy| {
            let status = state.book.status(policy, now)?;
            (policy.status.as_ref() != Some(&status)).then(|| {
                let mut policy = policy.clone();
                policy.status = Some(status);
                policy
            })
        });
        news.collect()
    };
    let mut is_written = true;
    for policy in news {
        match bookkeeper.replace_status(&policy).await {
            Ok(written) => drop(shared.state().policies.apply(written)),
            // Whoever changed it meanwhile will be heard of, and answered then.
            Err(Error::Conflict(_) | Error::Absent(_)) => is_written = false,
            Err(error) => {
                is_written = false;
                tracing::warn!(%error, "a policy's status was not written");
            }
        }
    }
    is_written
}

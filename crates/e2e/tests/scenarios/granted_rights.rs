//! The verbs in the audit log against those that the manifest grants: over the whole suite nothing
//! was used that is not granted, and no verb that writes is granted and unused.

use anyhow::{Result, ensure};
use e2e::audit::{Audit, Permission, is_write};
use e2e::installation::Service;
use e2e::rights;
use e2e::scenario::{Skipped, Stage};

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    for service in [Service::Monitor, Service::Healer] {
        let granted = rights::granted(&stage.cluster, service).await?;
        let used = stage.audit.used(&service.user(), Audit::beginning())?;
        let beyond: Vec<&Permission> = used.difference(&granted).filter(|one| !by_everybody(one)).collect();
        ensure!(beyond.is_empty(), "{} used what it is not granted: {}", service.name(), list(&beyond));
        let unused: Vec<&Permission> = granted.difference(&used).collect();
        let (writes, reads): (Vec<&Permission>, Vec<&Permission>) =
            unused.into_iter().partition(|one| is_write(&one.verb));
        stage.note(format!("{}: unused rights to read: {}", service.name(), list(&reads)));
        if !stage.whole {
            return Err(Skipped("only the whole suite can tell which verbs nobody needs".into()).into());
        }
        ensure!(writes.is_empty(), "{} does not need: {}", service.name(), list(&writes));
    }
    Ok(())
}

/// What every account may do: ask what it may do.
fn by_everybody(permission: &Permission) -> bool {
    permission.group == "authorization.k8s.io"
}

fn list(permissions: &[&Permission]) -> String {
    let texts: Vec<String> = permissions.iter().map(ToString::to_string).collect();
    if texts.is_empty() { "none".to_owned() } else { texts.join(", ") }
}

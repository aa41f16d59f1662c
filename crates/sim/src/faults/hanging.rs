//! Faults that let a pod hang besides what they are about, so that there is something to be done
//! meanwhile: how their subjects say so.

use super::Stage;

/// What stands behind the workload of which a pod hangs.
const HANGS: &str = " hangs";

/// Says of a workload that a pod of it hangs.
pub(super) fn phrase(workload: &str) -> String {
    format!("{workload}{HANGS}")
}

/// The workload of which a pod hangs by a subject.
pub(super) fn workload(subject: &str) -> Option<&str> {
    let (before, _) = subject.split_once(HANGS)?;
    before.rsplit(' ').next()
}

/// Lets the first pod of that workload hang.
pub(super) fn begin(stage: &Stage, subject: &str) {
    if let Some(pod) = workload(subject).and_then(|workload| stage.pods_of(workload).into_iter().next()) {
        stage.hang(&pod);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_is_read_again_wherever_it_stands() {
        let hangs = phrase("Deployment/shop/web");
        for subject in [
            hangs.clone(),
            format!("monitor pods 100% {hangs}"),
            format!("policies noted, {hangs}, 12"),
            format!("crash after intent, {hangs}"),
        ] {
            assert_eq!(workload(&subject), Some("Deployment/shop/web"), "{subject}");
        }
        assert_eq!(workload("crash after intent"), None);
    }
}

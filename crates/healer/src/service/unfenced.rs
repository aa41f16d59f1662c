//! What stands behind the rule Fencing: the claim to lead, which ends with the lease. Whoever passes
//! over the rule on purpose counts on a claim that was held once for ever.

use cluster::lease::Claim;
use environment::Environment;
use tokio::sync::watch;

/// The claim that is acted on: the elector's own.
#[cfg(not(feature = "defects"))]
#[inline]
pub(super) fn claim(_: &Environment, elected: watch::Receiver<Claim>) -> watch::Receiver<Claim> {
    elected
}

/// The claim that is acted on: the elector's own, or one that does not end.
#[cfg(feature = "defects")]
pub(super) fn claim(
    environment: &Environment,
    mut elected: watch::Receiver<Claim>,
) -> watch::Receiver<Claim> {
    use std::time::Duration;

    use jiff::Timestamp;

    use crate::governor::{defects, rules};

    if !defects::is_skipped(rules::FENCING) {
        return elected;
    }
    let (sender, receiver) = watch::channel(Claim::default());
    environment.spawn("claims for ever", async move {
        while let Ok(held) = elected.wait_for(|claim| claim.held).await.map(|claim| *claim) {
            let claim = Claim { expires: Duration::MAX, until: Timestamp::MAX, ..held };
            sender.send_if_modified(|known| std::mem::replace(known, claim) != claim);
            if elected.changed().await.is_err() {
                break;
            }
        }
        // Dropped, the sender would end the claim's readers.
        std::future::pending::<()>().await;
    });
    receiver
}

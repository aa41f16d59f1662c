//! The person on call: who says yes or no to a plan that waits, and is not waited for forever.

use std::collections::BTreeMap;
use std::time::Duration;

use model::remediation::{Approval, ApprovalVerdict};
use serde_json::json;
use sim::faults::Stage;
use sim::registry::Part;
use sim::run::cluster::remediation;
use sim::storage::Address;

use super::World;

/// How long a plan waits for whoever watches, before the person on call says yes.
const PATIENCE: Duration = Duration::from_mins(3);
/// How often the person on call looks.
const LOOK: Duration = Duration::from_secs(5);
/// Who that is.
pub(super) const ON_CALL: &str = "on-call";

/// Writes a person's word on a plan. Nothing happens where there is no such plan any more.
pub(super) fn decide(stage: &Stage, name: &str, verdict: ApprovalVerdict, by: &str) {
    let address = Address::new(remediation(), "", name);
    // A plan that is gone, or changes at this moment, is decided on anew by whoever asks again.
    let _ = stage.registry().modify(&address, Part::Main, |value| {
        let plan_hash = value["spec"]["planHash"].as_str().unwrap_or_default().to_owned();
        let approval = Approval { by: by.to_owned(), plan_hash, verdict, expires: None };
        value["spec"]["approval"] = json!(approval);
        Ok(())
    });
}

/// Looks at what waits, and approves what has waited for long.
pub(super) async fn answer(world: &World) {
    let mut waiting: BTreeMap<String, Duration> = BTreeMap::new();
    loop {
        tokio::time::sleep(LOOK).await;
        let now = world.monotonic();
        let names = world.story().waiting();
        waiting.retain(|name, _| names.contains(name));
        for name in names {
            let since = *waiting.entry(name.clone()).or_insert(now);
            if now.saturating_sub(since) >= PATIENCE {
                world.decide(&name, ApprovalVerdict::Approved, ON_CALL);
            }
        }
    }
}

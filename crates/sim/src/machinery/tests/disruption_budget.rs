//! What may be evicted.

use serde_json::{Value, json};

use super::Bed;
use super::bed::{name, uid};
use crate::blueprint::{Blueprint, Workload, budget};
use crate::kinds;

fn bed(field: &str, amount: Value) -> Bed {
    let plan = Blueprint::new().nodes(3, 3).workload(&Workload::deployment("shop", "web", 5));
    Bed::new(&plan.object(kinds::POD_DISRUPTION_BUDGET, "shop", budget("web", field, amount)))
}

/// Allowed, healthy, desired, expected.
fn counts(bed: &Bed) -> [i64; 4] {
    let status = bed.get(kinds::POD_DISRUPTION_BUDGET, "shop", "web")["status"].clone();
    ["disruptionsAllowed", "currentHealthy", "desiredHealthy", "expectedPods"]
        .map(|field| status[field].as_i64().unwrap_or(-1))
}

#[tokio::test(start_paused = true)]
async fn amounts_and_shares_are_counted_as_the_real_one_does() {
    for (field, amount, expected) in [
        ("minAvailable", json!(3), [2, 5, 3, 5]),
        ("minAvailable", json!("50%"), [2, 5, 3, 5]),
        ("maxUnavailable", json!(1), [1, 5, 4, 5]),
        ("maxUnavailable", json!("30%"), [2, 5, 3, 5]),
        ("maxUnavailable", json!(0), [0, 5, 5, 5]),
        ("minAvailable", json!(9), [0, 5, 9, 5]),
    ] {
        let bed = bed(field, amount.clone());
        bed.pass(20).await;
        assert_eq!(counts(&bed), expected, "{field} {amount}");
        let said = if expected[0] > 0 { "SufficientPods" } else { "InsufficientPods" };
        assert_eq!(bed.condition(kinds::POD_DISRUPTION_BUDGET, "web", "DisruptionAllowed").1, said);
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_is_not_ready_takes_from_what_is_allowed() {
    let bed = bed("minAvailable", json!(4));
    bed.pass(20).await;
    assert_eq!(counts(&bed), [1, 5, 4, 5]);
    bed.machinery.kubelets().disturb_pod(&uid(&bed.pods()[0]), "never-ready".parse().unwrap());
    bed.pass(10).await;
    assert_eq!(counts(&bed), [0, 4, 4, 5]);
}

#[tokio::test(start_paused = true)]
async fn a_grant_counts_until_its_pod_goes_or_two_minutes_are_over() {
    let bed = bed("minAvailable", json!(3));
    bed.pass(20).await;
    let pod = name(&bed.pods()[0]);
    let now = crate::registry::time(bed.registry.now());
    let address = crate::storage::Address::new(kinds::POD_DISRUPTION_BUDGET, "shop", "web");
    let grant = bed.registry.modify(&address, crate::registry::Part::Status, |own| {
        own["status"]["disruptedPods"] = json!({pod: now});
        own["status"]["disruptionsAllowed"] = 1.into();
        Ok(())
    });
    grant.unwrap();
    bed.pass(60).await;
    assert_eq!(counts(&bed), [1, 4, 3, 5]);
    bed.pass(90).await;
    assert_eq!(counts(&bed), [2, 5, 3, 5]);
}

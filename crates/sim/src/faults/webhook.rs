//! An admission webhook with `failurePolicy: Fail` is down: writes of what it is asked about are
//! refused, the control plane's own among them.

use rand::RngExt;

use super::{Kind, Stage, lasts};
use crate::registry::Operation;

/// What webhooks are asked about most.
const RULES: [(&str, Operation); 4] = [
    ("pods", Operation::Create),
    ("pods/eviction", Operation::Create),
    ("nodes", Operation::Update),
    ("deployments", Operation::Update),
];

pub(super) const KIND: Kind = Kind {
    name: "webhook",
    weight: 6,
    lasts: lasts(30, 600),
    subject: |_, rng| RULES[rng.random_range(0..RULES.len())].0.to_owned(),
    begin: |stage, resource| set(stage, resource, false),
    end: |stage, resource| set(stage, resource, true),
};

fn set(stage: &Stage, resource: &str, is_up: bool) {
    for (own, operation) in RULES.into_iter().filter(|(own, _)| *own == resource) {
        if is_up {
            stage.cluster.webhooks.recover(own, operation);
        } else {
            stage.cluster.webhooks.fail(own, operation);
        }
    }
}

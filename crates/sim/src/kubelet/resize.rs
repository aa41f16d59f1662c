//! Pods that are to have more or less than they began with: a kubelet gives it to them in place,
//! where its node has it.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};

use super::Fleet;
use super::local::Local;
use super::timers::Task;
use crate::controllers::Moment;
use crate::controllers::condition::{self, Condition};
use crate::registry::Part;
use crate::view::{Pod, Resources, Spec};

/// How long after a resize that did not fit a kubelet looks again.
const AGAIN: Duration = Duration::from_secs(30);

/// What came of a resize.
enum Outcome {
    Done,
    /// Not now: other pods have what it takes.
    Deferred,
    /// Never: the node is too small.
    Infeasible,
}

impl Fleet {
    /// A pod may have been changed to have other resources.
    pub(super) fn notice_resize(&mut self, pod: &Pod, at: Duration) {
        let Some(local) = self.pods.get_mut(&pod.object.uid) else { return };
        if local.spec != pod.spec && local.spec.containers.len() == pod.spec.containers.len() {
            local.wanted = Some(Arc::clone(&pod.spec));
            self.timers.set_earlier(Task::Pod(pod.object.uid.clone()), at);
        }
    }

    /// Gives a pod what it is to have, if it can.
    pub(super) fn resize(&mut self, local: &mut Local, moment: Moment<'_>) {
        let Some(wanted) = local.wanted.take() else { return };
        if local.spec.requests() == wanted.requests() {
            // Another image: that is for the next start.
            local.spec = wanted;
            return;
        }
        let outcome = self.fit(local, &wanted, moment);
        if let Outcome::Deferred = outcome {
            local.wanted = Some(Arc::clone(&wanted));
            self.timers.set(Task::Pod(local.uid.clone()), moment.at + AGAIN);
        }
        tell(local, &outcome, moment);
        if let Outcome::Done = outcome {
            local.spec = wanted;
        }
    }

    fn fit(&self, local: &Local, wanted: &Spec, moment: Moment<'_>) -> Outcome {
        let whole = moment.view.nodes.get(&local.node).map(|node| node.allocatable).unwrap_or_default();
        let others = self.machines.get(&local.node).into_iter().flat_map(|machine| &machine.pods);
        let others = others.filter(|uid| **uid != local.uid).filter_map(|uid| self.pods.get(uid));
        let used = others.fold(Resources::default(), |used, other| used.plus(other.spec.requests()));
        let (asked, all) = (wanted.requests(), wanted.requests().plus(used));
        let is_within =
            |own: Resources| own.cpu_milli <= whole.cpu_milli && own.memory_bytes <= whole.memory_bytes;
        match (is_within(asked), is_within(all)) {
            (false, _) => Outcome::Infeasible,
            (true, false) => Outcome::Deferred,
            (true, true) => Outcome::Done,
        }
    }
}

/// Writes what came of it: the condition, or what the containers have now.
fn tell(local: &Local, outcome: &Outcome, moment: Moment<'_>) {
    let now = moment.registry.now();
    // A pod that is gone needs no word.
    let _ = moment.registry.modify(&local.address, Part::Status, |pod| {
        let containers = pod["spec"]["containers"].clone();
        let status = &mut pod["status"];
        let (reason, message) = match outcome {
            Outcome::Done => {
                condition::remove(status, PENDING);
                write_resources(status, &containers);
                return Ok(());
            }
            Outcome::Deferred => ("Deferred", "Node didn't have enough resource"),
            Outcome::Infeasible => ("Infeasible", "Node didn't have enough capacity"),
        };
        condition::set(status, Condition { kind: PENDING, status: "True", reason, message }, now);
        Ok(())
    });
}

const PENDING: &str = "PodResizePending";

fn write_resources(status: &mut Value, containers: &Value) {
    let shown = status["containerStatuses"].as_array_mut();
    for (shown, container) in shown.into_iter().flatten().zip(containers.as_array().into_iter().flatten()) {
        let resources = &container["resources"];
        shown["resources"] = resources.clone();
        shown["allocatedResources"] =
            if resources["requests"].is_object() { resources["requests"].clone() } else { json!({}) };
    }
}

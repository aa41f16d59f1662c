//! I15: of two that act on one node, the healer changes only its own marks: every other taint and a
//! cordon stay as they were.

use serde_json::Value;

use super::{Books, Findings, Oracle};
use crate::kinds;
use crate::seen::{Seen, What};

/// Our own taint.
const OWN: &str = "seaworthy.dev/quarantine";

#[derive(Default)]
pub(super) struct OwnMarks {
    /// Changes of nodes since the last request, before and after.
    changes: Vec<(Value, Value)>,
}

fn others(node: &Value) -> Vec<(String, String, String)> {
    let taints = node["spec"]["taints"].as_array().into_iter().flatten();
    let part = |taint: &Value, name: &str| taint[name].as_str().unwrap_or_default().to_owned();
    let all = taints.map(|taint| (part(taint, "key"), part(taint, "value"), part(taint, "effect")));
    let mut all: Vec<_> = all.filter(|(key, ..)| key != OWN).collect();
    all.sort();
    all
}

impl Oracle for OwnMarks {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        match &seen.what {
            What::Change(change) if change.address.kind == kinds::NODE => {
                if let Some(before) = &change.before {
                    self.changes.push((before.value(), change.after.value()));
                }
            }
            // What a request changed was seen immediately before it.
            What::Request(request) => {
                let changes = std::mem::take(&mut self.changes);
                let Some(effect) = super::Effect::granted(request).filter(|effect| effect.plural == "nodes") else {
                    return;
                };
                let Some((before, after)) = changes.last().filter(|(_, after)| after["metadata"]["name"] == effect.name)
                else {
                    return;
                };
                if others(before) != others(after) {
                    found.add(format!("{effect}: the taints of others were {:?}, are {:?}", others(before), others(after)));
                }
                if before["spec"]["unschedulable"] != after["spec"]["unschedulable"] {
                    found.add(format!("{effect}: somebody's cordon was changed"));
                }
            }
            _ => {}
        }
    }
}

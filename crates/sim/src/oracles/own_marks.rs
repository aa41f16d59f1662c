//! I15: of two that act on one node, the healer changes only its own marks: every other taint and a
//! cordon stay as they were, and so does a quarantine that somebody else put there, or that another
//! trouble of the node still needs.

use std::collections::VecDeque;

use serde_json::Value;

use super::books::QUARANTINE;
use super::{Books, Effect, Findings, Oracle};
use crate::kinds;
use crate::seen::{Seen, What};

/// Where an attempt leaves its mark.
const MARK: &str = "seaworthy.dev/attempt";
/// So many changes are remembered.
const KEPT: usize = 64;

#[derive(Default)]
pub(super) struct OwnMarks {
    /// The latest changes of nodes that an attempt left its mark on, before and after.
    changes: VecDeque<(Value, Value)>,
}

fn others(node: &Value) -> Vec<(String, String, String)> {
    let taints = node["spec"]["taints"].as_array().into_iter().flatten();
    let part = |taint: &Value, name: &str| taint[name].as_str().unwrap_or_default().to_owned();
    let all = taints.map(|taint| (part(taint, "key"), part(taint, "value"), part(taint, "effect")));
    let mut all: Vec<_> = all.filter(|(key, ..)| key != QUARANTINE).collect();
    all.sort();
    all
}

/// What is wrong with changing a quarantine that is on a node already.
fn trespass(before: &Value, remediation: &str, books: &Books) -> Option<String> {
    let mut taints = before["spec"]["taints"].as_array().into_iter().flatten();
    if !taints.any(|taint| taint["key"] == QUARANTINE) {
        return None;
    }
    let Some(by) = before["metadata"]["annotations"][QUARANTINE].as_str() else {
        return Some("the quarantine is somebody else's: it bears no mark".to_owned());
    };
    let (theirs, own) = (books.remediations.get(by)?, books.remediations.get(remediation)?);
    (theirs.check != own.check).then(|| format!("the quarantine is that of {by}, for {}", theirs.check))
}

impl Oracle for OwnMarks {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        match &seen.what {
            What::Change(change) if change.address.kind == kinds::NODE => {
                let after = change.after.value();
                if let Some(before) =
                    change.before.as_ref().filter(|_| after["metadata"]["annotations"][MARK].is_string())
                {
                    self.changes.push_back((before.value(), after));
                    if self.changes.len() > KEPT {
                        self.changes.pop_front();
                    }
                }
            }
            // What a request changed was seen shortly before it was answered.
            What::Request(request) => {
                let granted = Effect::granted(request).filter(|effect| effect.plural == "nodes");
                let Some((effect, (remediation, number))) =
                    granted.and_then(|effect| Some((effect, effect.attempt()?)))
                else {
                    return;
                };
                let mark = format!("{remediation}/{number}");
                let is_its = |(_, after): &&(Value, Value)| {
                    let meta = &after["metadata"];
                    meta["name"] == effect.name && meta["annotations"][MARK] == mark.as_str()
                };
                // The first that bears its mark; later ones only still bear it.
                let Some((before, after)) = self.changes.iter().find(is_its) else { return };
                let why = effect.taints().and_then(|_| trespass(before, remediation, books));
                if let Some(why) = why {
                    found.add(format!("{effect}: {why}"));
                }
                if others(before) != others(after) {
                    found.add(format!(
                        "{effect}: others' taints were {:?}, are {:?}",
                        others(before),
                        others(after)
                    ));
                }
                if before["spec"]["unschedulable"] != after["spec"]["unschedulable"] {
                    found.add(format!("{effect}: somebody's cordon was changed"));
                }
            }
            _ => {}
        }
    }
}

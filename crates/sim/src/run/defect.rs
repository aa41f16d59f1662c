//! Deliberate defects, to see that they are noticed: a safety rule of the healer that is not asked,
//! or a service whose requests are tampered with on their way, as if it had sent them so.

use http::Method;
use serde_json::Value;

/// A defect.
#[derive(Debug)]
pub struct Defect {
    /// Its name.
    pub name: &'static str,
    /// The checker that must notice.
    pub noticed_by: &'static str,
    /// What is wrong.
    pub what: Wrong,
}

/// What can be wrong.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    /// The governor does not ask this rule.
    Rule(&'static str),
    /// Requests to the API are changed so.
    Request(fn(&mut Call)),
    /// Each effect is sent twice.
    Twice,
    /// Each so many-th message is said to have been taken, and is lost.
    MessagesLost,
    /// Each message is delivered twice.
    MessagesTwice,
}

/// A request that can be tampered with.
#[derive(Clone, Debug, PartialEq)]
pub struct Call {
    /// Its method.
    pub method: Method,
    /// Its path.
    pub path: String,
    /// Its body.
    pub body: Value,
}

impl Call {
    fn is_eviction(&self) -> bool {
        self.path.ends_with("/eviction")
    }

    fn is_on_node(&self) -> bool {
        self.path.starts_with("/api/v1/nodes/") && self.method == Method::PATCH
    }
}

/// All defects: one for each rule of the governor, and for each checker that a rule's defect does
/// not reach.
pub const TABLE: &[Defect] = &[
    rule("EmptyMeansNothing", "I10 odd policies"),
    rule("ObserveByDefault", "I10 odd policies"),
    rule("Fencing", "I7 leader"),
    rule("Veto", "I16 brake"),
    rule("SelfProtection", "I13 own"),
    rule("SomebodyReplacesIt", "I14 corrupted"),
    rule("FreshView", "I4 stale view"),
    rule("OwnMarks", "I15 own marks"),
    rule("OneActorPerTarget", "I15 one actor"),
    rule("EvictionFirst", "I2 disruption budgets"),
    rule("AttemptCap", "I12 attempts"),
    rule("OneIntent", "I6 one effect"),
    rule("ConditionStillTrue", "I4 stale view"),
    rule("CorrelatedFailure", "I11 mass failure"),
    rule("SmallPool", "I1 budget"),
    rule("Budget", "I1 budget"),
    Defect {
        name: "evictions without a UID",
        noticed_by: "I3 preconditions",
        what: Wrong::Request(|call| {
            if call.is_eviction() {
                call.body["deleteOptions"] = Value::Null;
            }
        }),
    },
    Defect {
        name: "changes without a version",
        noticed_by: "I3 preconditions",
        what: Wrong::Request(|call| {
            if let Some(meta) = call.body["metadata"].as_object_mut().filter(|_| call.method == Method::PATCH)
            {
                meta.remove("resourceVersion");
            }
        }),
    },
    Defect {
        name: "deletions for evictions",
        noticed_by: "I2 disruption budgets",
        what: Wrong::Request(|call| {
            if call.is_eviction() {
                call.path.truncate(call.path.len() - "/eviction".len());
                call.method = Method::DELETE;
                let uid = call.body["deleteOptions"]["preconditions"]["uid"].clone();
                call.body = serde_json::json!({
                    "apiVersion": "v1", "kind": "DeleteOptions", "preconditions": {"uid": uid},
                });
            }
        }),
    },
    Defect {
        name: "taints of others removed",
        noticed_by: "I15 own marks",
        what: Wrong::Request(|call| {
            if call.is_on_node() && call.body["spec"]["taints"].is_array() {
                let taints = call.body["spec"]["taints"].as_array().into_iter().flatten();
                let own =
                    taints.filter(|taint| taint["key"] == "seaworthy.dev/quarantine").cloned().collect();
                call.body["spec"]["taints"] = Value::Array(own);
            }
        }),
    },
    Defect { name: "effects sent twice", noticed_by: "I6 one effect", what: Wrong::Twice },
    Defect { name: "messages lost", noticed_by: "held pages", what: Wrong::MessagesLost },
    Defect { name: "messages twice", noticed_by: "duplicates", what: Wrong::MessagesTwice },
];

const fn rule(name: &'static str, noticed_by: &'static str) -> Defect {
    Defect { name, noticed_by, what: Wrong::Rule(name) }
}

/// The defect of a name.
pub fn get(name: &str) -> Option<&'static Defect> {
    TABLE.iter().find(|defect| defect.name == name)
}

/// Switches a rule of the healer off for this thread, or all on.
#[cfg_attr(
    feature = "defects",
    expect(clippy::unnecessary_wraps, reason = "without the feature it can fail")
)]
pub(super) fn switch_on(defect: Option<&Defect>) -> Result<(), super::play::Error> {
    let rule = defect.and_then(|defect| match defect.what {
        Wrong::Rule(name) => Some(name),
        _ => None,
    });
    #[cfg(feature = "defects")]
    healer::governor::defects::skip(rule);
    #[cfg(not(feature = "defects"))]
    if rule.is_some() {
        return Err(super::play::Error::NoDefects);
    }
    Ok(())
}

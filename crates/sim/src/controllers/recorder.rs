//! Events, as controllers, scheduler and kubelets write them: the same one again is counted, not
//! written anew, and one that is not told again for an hour is forgotten.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::{Value, json};

use crate::kinds;
use crate::registry::{Deletion, Registry, time};
use crate::storage::{Address, Object};

/// How long an Event is kept: the API server's default.
const KEPT: Duration = Duration::from_hours(1);
/// The same Event is written at most so often; what comes between is counted with the next.
const APART: Duration = Duration::from_secs(10);

/// Something worth telling of an object.
#[derive(Clone, Copy, Debug)]
pub struct Note<'a> {
    /// What it is about.
    pub about: &'a Address,
    /// Its UID.
    pub uid: &'a str,
    /// The machine's word. What is not routine is a warning.
    pub reason: &'a str,
    /// The sentence.
    pub message: &'a str,
    /// Who tells it: `kubelet`.
    pub by: &'a str,
}

/// Reasons that are no warnings.
const ROUTINE: &[&str] = &[
    "Killing",
    "ScalingReplicaSet",
    "NodeNotReady",
    "NodeReady",
    "NodeHasDiskPressure",
    "NodeHasInsufficientMemory",
    "TaintManagerEviction",
];

/// Who writes Events, and remembers which there are.
#[derive(Debug, Default)]
pub struct Recorder {
    known: RefCell<BTreeMap<Address, Known>>,
    expiries: RefCell<BTreeSet<(Duration, Address)>>,
}

#[derive(Debug)]
struct Known {
    count: u64,
    written: Duration,
}

impl Recorder {
    /// Tells something.
    pub fn tell(&self, registry: &Registry, note: Note<'_>, at: Duration) {
        let address = note.address();
        let mut known = self.known.borrow_mut();
        if let Some(before) = known.get_mut(&address) {
            before.count += 1;
            if at >= before.written + APART {
                let expiry = (before.written + KEPT, address.clone());
                before.written = at;
                self.expiries.borrow_mut().remove(&expiry);
                self.expiries.borrow_mut().insert((at + KEPT, address.clone()));
                count(registry, &address, before.count);
            }
            return;
        }
        // A namespace that is going takes no Events any more.
        if registry.create(kinds::EVENT, &address.namespace, note.event(&address, registry)).is_ok() {
            self.expiries.borrow_mut().insert((at + KEPT, address.clone()));
            known.insert(address, Known { count: 1, written: at });
        }
    }

    /// Forgets what was told long enough ago.
    pub fn forget_old(&self, registry: &Registry, at: Duration) {
        let mut expiries = self.expiries.borrow_mut();
        while expiries.first().is_some_and(|(expiry, _)| *expiry <= at) {
            if let Some((_, address)) = expiries.pop_first() {
                self.known.borrow_mut().remove(&address);
                // Somebody may have deleted it.
                let _ = registry.delete(&address, &Deletion::default());
            }
        }
    }

    /// When there is something to forget next.
    pub fn next(&self) -> Option<Duration> {
        self.expiries.borrow().first().map(|(expiry, _)| *expiry)
    }
}

impl<'a> Note<'a> {
    /// Something of an object that is stored.
    pub fn of(
        about: &'a Address,
        object: &'a Object,
        by: &'a str,
        reason: &'a str,
        message: &'a str,
    ) -> Self {
        Self { about, uid: &object.uid, reason, message, by }
    }

    /// Where its Event is; the same for the same words about the same object.
    fn address(&self) -> Address {
        // What happens to objects without a namespace is told in this one.
        let namespace = if self.about.namespace.is_empty() { "default" } else { &self.about.namespace };
        let words = [self.uid, self.reason, self.message, self.by];
        let hash = words.iter().fold(FNV_OFFSET, |hash, word| fnv(fnv_byte(hash, 0), word));
        Address::new(kinds::EVENT, namespace, &format!("{}.{hash:016x}", self.about.name))
    }

    fn event(&self, address: &Address, registry: &Registry) -> Value {
        let (kind, now) = (self.about.kind, time(registry.now()));
        let class = if ROUTINE.contains(&self.reason) { "Normal" } else { "Warning" };
        let mut about = json!({
            "kind": kind.kind, "apiVersion": kind.api_version(), "name": self.about.name, "uid": self.uid,
        });
        if kind.is_namespaced {
            about["namespace"] = self.about.namespace.as_str().into();
        }
        json!({
            "metadata": {"name": address.name}, "involvedObject": about, "type": class, "reason": self.reason,
            "message": self.message, "source": {"component": self.by}, "reportingComponent": self.by,
            "reportingInstance": "", "firstTimestamp": now, "lastTimestamp": now, "count": 1,
        })
    }
}

fn count(registry: &Registry, address: &Address, count: u64) {
    let now = time(registry.now());
    // Somebody may have deleted it.
    let _ = registry.modify(address, crate::registry::Part::Main, |event| {
        event["count"] = count.into();
        event["lastTimestamp"] = now.into();
        Ok(())
    });
}

/// FNV-1a, 64 bits: the names need not be secret, only the same in every run.
const FNV_OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
const FNV_PRIME: u64 = 0x0100_0000_01b3;

fn fnv(hash: u64, text: &str) -> u64 {
    text.bytes().fold(hash, fnv_byte)
}

fn fnv_byte(hash: u64, byte: u8) -> u64 {
    (hash ^ u64::from(byte)).wrapping_mul(FNV_PRIME)
}

#[cfg(test)]
mod tests {
    use environment::Environment;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_same_again_is_counted_and_forgotten_after_an_hour() {
        let registry = Registry::new(&Environment::test(1));
        registry.create(kinds::NAMESPACE, "", json!({"metadata": {"name": "shop"}})).unwrap();
        let (recorder, about) = (Recorder::default(), Address::new(kinds::POD, "shop", "web-1"));
        let note = |message| Note { about: &about, uid: "u-1", reason: "BackOff", message, by: "kubelet" };
        let events = || registry.storage().list(kinds::EVENT, Some("shop")).0;
        let second = Duration::from_secs;
        for at in [0, 1, 2, 11, 12] {
            recorder.tell(&registry, note("again"), second(at));
        }
        let all = events();
        let event = all[0].1.value();
        assert_eq!((all.len(), &event["count"], &event["type"]), (1, &json!(4), &json!("Warning")));
        recorder.tell(&registry, note("and otherwise"), second(20));
        assert_eq!((events().len(), recorder.next()), (2, Some(second(3611))));
        recorder.forget_old(&registry, second(3611));
        assert_eq!((events().len(), recorder.next()), (1, Some(second(3620))));
    }
}

//! Which requests to the API server a fault is about, and how many of them: the first words of its
//! subject. `healer-0 writes 30%`, `all pods 100%`.

use std::ops::RangeInclusive;

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::Stage;
use crate::api::{Calls, Fault, Trouble};

/// The clients of the API server; `all` for all of them.
const CLIENTS: [&str; 4] = ["healer-0", "healer-1", "monitor", "all"];

/// Requests by what they do.
const READS: [&str; 3] = ["get", "list", "watch"];
const WRITES: [&str; 5] = ["create", "update", "patch", "delete", "deletecollection"];

/// What watches are of.
const WATCHED: [&str; 5] = ["pods", "nodes", "leases", "remediations", "replicasets"];

/// Some requests of some client, so many of a hundred.
pub(super) fn requests(rng: &mut ChaCha12Rng, percent: RangeInclusive<u32>) -> String {
    let kinds = ["all", "all", "reads", "writes", "writes"];
    format!("{} {} {}%", one(rng, &CLIENTS), one(rng, &kinds), rng.random_range(percent))
}

/// Some watches of some client: all of them, or those of a kind. So many of a hundred events.
pub(super) fn watches(rng: &mut ChaCha12Rng, percent: RangeInclusive<u32>) -> String {
    let kind = if rng.random_bool(0.5) { "all" } else { one(rng, &WATCHED) };
    format!("{} {kind} {}%", one(rng, &CLIENTS), rng.random_range(percent))
}

/// One of several words.
pub(super) fn one<'a>(rng: &mut ChaCha12Rng, from: &[&'a str]) -> &'a str {
    from[rng.random_range(0..from.len())]
}

/// What stands in a subject behind whose it is.
pub(super) fn rest(subject: &str) -> &str {
    subject.splitn(4, ' ').nth(3).unwrap_or_default()
}

/// Switches a trouble on for those whom a subject is about.
pub(super) fn begin(stage: &Stage, name: &'static str, subject: &str, trouble: Trouble) {
    let fault = of(subject, trouble);
    stage.switched().on(name, subject, [fault]);
}

/// Switches it off again.
pub(super) fn end(stage: &Stage, name: &'static str, subject: &str) {
    stage.switched().off(name, subject);
}

/// The trouble of those whom a subject is about.
pub(super) fn of(subject: &str, trouble: Trouble) -> Fault {
    let mut words = subject.split(' ');
    let mut word = || words.next().unwrap_or_default();
    let (client, kind, share) = (word(), word(), word());
    let peer = (client != "all").then(|| client.to_owned());
    let percent: u32 = share.trim_end_matches('%').parse().unwrap_or(100);
    let strings = |words: &[&str]| words.iter().map(ToString::to_string).collect();
    let (verbs, resources) = match kind {
        "all" => (Vec::new(), Vec::new()),
        "reads" => (strings(&READS), Vec::new()),
        "writes" => (strings(&WRITES), Vec::new()),
        resource => (vec!["watch".to_owned()], vec![resource.to_owned()]),
    };
    let share = f64::from(percent.min(100)) / 100.0;
    Fault { peer, calls: Calls { verbs, resources }, share, times: None, trouble }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_drawn_is_read_again() {
        let mut rng = environment::Environment::real(1).rng("test");
        for _ in 0..100 {
            let (some, watched) = (requests(&mut rng, 5..=50), watches(&mut rng, 10..=100));
            assert!((0.05..=0.5).contains(&of(&some, Trouble::Cut).share), "{some}");
            let fault = of(&watched, Trouble::EventsDropped);
            assert!(fault.calls.verbs.is_empty() || fault.calls.verbs == ["watch"], "{watched}");
        }
        let fault = of("healer-0 nodes 30% 8 s", Trouble::EventsDropped);
        assert_eq!((fault.peer.as_deref(), fault.share), (Some("healer-0"), 0.3));
        assert_eq!(fault.calls, Calls::new("watch", "nodes"));
        assert_eq!(rest("healer-0 nodes 30% 8 s"), "8 s");
        assert_eq!(of("all writes 5%", Trouble::Cut).calls.verbs, WRITES);
    }
}

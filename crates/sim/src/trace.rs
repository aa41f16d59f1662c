//! The record of a run: everything that happened, with its virtual time, in order. Two runs are the
//! same when their hashes are.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// How much of what is recorded can be read again. The hash covers all of it in any case.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Keep {
    /// The newest lines, so many.
    Last(usize),
    /// Every line: for a replay, at some 100 bytes each.
    All,
    /// Every line, and below it what it leaves out: bodies and objects, at some kilobytes each.
    Bodies,
    /// Nothing.
    #[default]
    Nothing,
}

/// An append-only record. Cheap to clone; clones are the same record.
#[derive(Clone)]
pub struct Trace {
    state: Arc<Mutex<State>>,
}

struct State {
    keep: Keep,
    hasher: Sha256,
    count: u64,
    lines: VecDeque<String>,
}

impl Trace {
    /// An empty record.
    pub fn new(keep: Keep) -> Self {
        let state = State { keep, hasher: Sha256::new(), count: 0, lines: VecDeque::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Appends one line: when (since the run began), who, and what. `detail` is the whole of an object
    /// or a body: it counts for the hash, and is shown with [`Keep::Bodies`] alone.
    pub fn note(&self, at: Duration, who: &str, what: &str, detail: &[u8]) {
        let mut state = self.lock();
        state.count += 1;
        let millis = at.as_millis() as u64;
        state.hasher.update(millis.to_be_bytes());
        for part in [who.as_bytes(), what.as_bytes(), detail] {
            // With its length, so that two parts never read like one.
            state.hasher.update((part.len() as u64).to_be_bytes());
            state.hasher.update(part);
        }
        if state.keep == Keep::Nothing {
            return;
        }
        let (seconds, millis) = (millis / 1000, millis % 1000);
        state.lines.push_back(format!("{seconds:6}.{millis:03} {who:<11} {what}"));
        match state.keep {
            Keep::Last(most) if state.lines.len() > most => drop(state.lines.pop_front()),
            Keep::Bodies if !detail.is_empty() => {
                state.lines.push_back(format!("{:11}{}", "", String::from_utf8_lossy(detail)));
            }
            _ => {}
        }
    }

    /// The hash of everything so far, in hexadecimal.
    pub fn hash(&self) -> String {
        let digest = self.lock().hasher.clone().finalize();
        hex::encode(digest)
    }

    /// How many lines there were.
    pub fn count(&self) -> u64 {
        self.lock().count
    }

    /// The lines that were kept.
    pub fn lines(&self) -> Vec<String> {
        self.lock().lines.iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn second(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    #[test]
    fn the_hash_tells_every_difference() {
        let hash = |at, who, what, detail: &str| {
            let trace = Trace::new(Keep::Nothing);
            trace.note(second(at), who, what, detail.as_bytes());
            trace.hash()
        };
        let one = hash(1, "api", "get", "x");
        assert_eq!(one, hash(1, "api", "get", "x"));
        for other in [
            hash(2, "api", "get", "x"),
            hash(1, "ap", "iget", "x"),
            hash(1, "api", "getx", ""),
            hash(1, "api", "get", "y"),
        ] {
            assert_ne!(one, other);
        }
    }

    #[test]
    fn what_is_kept_does_not_change_the_hash() {
        let of = |keep| {
            let trace = Trace::new(keep);
            (0..5).for_each(|n| trace.note(second(n), "api", &format!("line {n}"), b""));
            (trace.hash(), trace.lines().len(), trace.count())
        };
        let (hash, ..) = of(Keep::Nothing);
        assert_eq!(of(Keep::Nothing), (hash.clone(), 0, 5));
        assert_eq!(of(Keep::Last(2)), (hash.clone(), 2, 5));
        assert_eq!(of(Keep::All), (hash, 5, 5));
    }

    #[test]
    fn a_line_reads_well() {
        let trace = Trace::new(Keep::All);
        trace.note(Duration::from_millis(61_042), "healer-0", "PATCH /api/v1/nodes/n1 200", b"");
        assert_eq!(trace.lines(), ["    61.042 healer-0    PATCH /api/v1/nodes/n1 200"]);
    }

    #[test]
    fn a_body_stands_below_its_line() {
        let trace = Trace::new(Keep::Bodies);
        trace.note(second(7), "hook", "message", b"{}");
        trace.note(second(8), "fault", "begins", b"");
        let lines = ["     7.000 hook        message", "           {}", "     8.000 fault       begins"];
        assert_eq!((trace.lines(), trace.count()), (lines.map(str::to_owned).to_vec(), 2));
    }
}

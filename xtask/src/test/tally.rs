//! Counting: what the test runners said, summed.

use std::fmt;
use std::ops::AddAssign;

/// How many passed, failed and were skipped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tally {
    pub(super) passed: u64,
    pub(super) failed: u64,
    pub(super) skipped: u64,
}

impl Tally {
    pub(super) fn one(good: bool) -> Self {
        Self { passed: u64::from(good), failed: u64::from(!good), skipped: 0 }
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

/// What Rust's test runner says, line by line.
///
/// A test that finds out only while it runs that it cannot be run prints a line `SKIPPED name: reason` (and passes,
/// because the runner knows nothing else): such a test is moved from the passed to the skipped.
#[derive(Debug, Default)]
pub(super) struct Libtest {
    summed: Tally,
    skips: Vec<String>,
    failures: Vec<String>,
    /// What the failed tests printed, each below the runner's `---- name stdout ----`.
    words: Vec<String>,
    /// Whether the lines that come belong to it.
    is_listening: bool,
}

/// Lines kept of what failed tests printed: some tests' worth, and no flood on the screen.
const WORDS_MAX: usize = 120;

impl Libtest {
    pub(super) fn hear(&mut self, line: &str) {
        self.listen(line);
        let line = line.trim();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.summed += result_line(result);
        } else if let Some(skip) = line.strip_prefix("SKIPPED ") {
            self.skips.push(format!("skipped: {skip}"));
        } else if let Some((name, outcome)) =
            line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
        {
            if outcome == "FAILED" {
                self.failures.push(format!("failed: {name}"));
            } else if let Some(reason) = outcome.strip_prefix("ignored") {
                self.summed.skipped += 1;
                let reason = reason.trim_start_matches([',', ' ']);
                self.skips
                    .push(format!("skipped: {name}: {}", if reason.is_empty() { "ignored" } else { reason }));
            }
        }
    }

    fn listen(&mut self, line: &str) {
        if line.starts_with("---- ") {
            self.is_listening = true;
        } else if line == "failures:" || line.starts_with("test result: ") {
            self.is_listening = false;
        }
        if self.is_listening && self.words.len() < WORDS_MAX {
            self.words.push(line.to_owned());
        }
    }

    /// What the failed tests printed, as far as the runner told.
    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    /// The runner's counts. A runner that failed without saying which test (it did not compile, it was killed) counts
    /// as one failure; so does one that says it is fine but ran no test, since then nothing was shown: unless `narrowed`
    /// to tests that may lie elsewhere.
    pub(super) fn tally(&self, good: bool, narrowed: bool) -> Tally {
        let mut tally = self.summed;
        let moved = (self.skips.len() as u64).saturating_sub(tally.skipped).min(tally.passed);
        tally.passed -= moved;
        tally.skipped += moved;
        let nothing_shown = tally == Tally::default() && !narrowed;
        if tally.failed == 0 && (!good || nothing_shown) {
            tally.failed = 1;
        }
        tally
    }

    /// What a person wants to read about it: failures first.
    pub(super) fn notes(&self) -> Vec<String> {
        self.failures.iter().chain(&self.skips).cloned().collect()
    }
}

/// `ok. 12 passed; 1 failed; 2 ignored; …`. The ignored are counted by their own lines, which carry the reasons.
fn result_line(result: &str) -> Tally {
    let mut tally = Tally::default();
    for part in result.split(['.', ';']) {
        match part.trim().split_once(' ') {
            Some((count, "passed")) => tally.passed = count.parse().unwrap_or(0),
            Some((count, "failed")) => tally.failed = count.parse().unwrap_or(0),
            _ => {}
        }
    }
    tally
}

#[cfg(test)]
mod tests {
    use super::{Libtest, Tally};

    fn check(lines: &[&str], good: bool, expected: (u64, u64, u64)) {
        let mut said = Libtest::default();
        for line in lines {
            said.hear(line);
        }
        let (passed, failed, skipped) = expected;
        assert_eq!(said.tally(good, false), Tally { passed, failed, skipped }, "{lines:?}");
    }

    #[test]
    fn only_who_looks_for_some_tests_may_find_none() {
        let none =
            "test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; 9 filtered out; finished in 0.1s";
        let mut said = Libtest::default();
        said.hear(none);
        assert_eq!(said.tally(true, false), Tally::one(false));
        assert_eq!(said.tally(true, true), Tally::default());
        assert_eq!(said.tally(false, true), Tally::one(false));
    }

    #[test]
    fn counts_what_the_runner_says() {
        let fine =
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.1s";
        let bad = "test result: FAILED. 2 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.1s";
        check(&[fine, "test a ... ignored, needs a tape drive"], true, (3, 0, 1));
        check(&[fine, fine, bad], false, (8, 2, 0));
        check(&["error: could not compile"], false, (0, 1, 0));
        check(&[], true, (0, 1, 0));
        check(&["SKIPPED prometheus: no Go here", fine], true, (2, 0, 1));
    }

    #[test]
    fn says_why() {
        let mut said = Libtest::default();
        for line in ["test a ... ignored, needs a tape drive", "test b ... FAILED", "test c ... ok"] {
            said.hear(line);
        }
        assert_eq!(said.notes(), ["failed: b", "skipped: a: needs a tape drive"]);
    }

    #[test]
    fn keeps_what_failed_tests_printed_wherever_it_stands() {
        let mut said = Libtest::default();
        let log = "test b ... FAILED\n\nfailures:\n\n---- b stdout ----\nleft: 1\n\nfailures:\n    b\n\n\
                   test result: FAILED. 0 passed; 1 failed\n\nDoc-tests net\n";
        log.lines().for_each(|line| said.hear(line));
        assert_eq!(said.words(), ["---- b stdout ----", "left: 1", ""]);
    }
}

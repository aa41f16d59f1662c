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
    failures: Vec<Failure>,
    /// What the failed tests printed, each below the runner's `---- name stdout ----`.
    words: Vec<String>,
    /// Whether the lines that come belong to it.
    is_listening: bool,
    /// Which failure the lines that come tell of.
    told_of: Option<usize>,
}

/// Lines kept of what failed tests printed: some tests' worth, and no flood on the screen.
const WORDS_MAX: usize = 120;
/// Characters kept of why a test failed: what was expected and what came instead, seldom more.
const REASON_MAX: usize = 600;

/// A test that failed, and why, as far as its runner said so.
#[derive(Debug)]
struct Failure {
    name: String,
    reason: String,
}

impl Failure {
    /// Takes another line of what was printed about it.
    fn because(&mut self, line: &str) {
        let room = REASON_MAX.saturating_sub(self.reason.chars().count());
        if !line.is_empty() && room > 0 {
            let space = if self.reason.is_empty() { "" } else { " " };
            self.reason.extend(space.chars().chain(line.chars()).take(room));
        }
    }
}

impl Libtest {
    pub(super) fn hear(&mut self, line: &str) {
        self.listen(line);
        self.understand(line);
        let line = line.trim();
        if let Some(result) = line.strip_prefix("test result: ") {
            self.summed += result_line(result);
        } else if let Some(skip) = line.strip_prefix("SKIPPED ") {
            self.skips.push(format!("skipped: {skip}"));
        } else if let Some((name, outcome)) =
            line.strip_prefix("test ").and_then(|rest| rest.split_once(" ... "))
        {
            if outcome == "FAILED" {
                self.told_of = Some(self.failures.len());
                self.failures.push(Failure { name: name.to_owned(), reason: String::new() });
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

    /// Finds out why a test failed: what stands below its outcome, indented, or below its name at the end.
    fn understand(&mut self, line: &str) {
        if let Some(name) = line.strip_prefix("---- ") {
            let name = name.trim_end_matches('-').trim_end().trim_end_matches(" stdout");
            self.told_of = self.failures.iter().position(|failure| failure.name == name);
        } else if !self.is_listening && !line.starts_with(' ') {
            self.told_of = None;
        } else if let Some(failure) = self.told_of.and_then(|nth| self.failures.get_mut(nth)) {
            failure.because(line.trim());
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
        let failures = self.failures.iter().map(|Failure { name, reason }| {
            if reason.is_empty() { format!("failed: {name}") } else { format!("failed: {name}: {reason}") }
        });
        failures.chain(self.skips.iter().cloned()).collect()
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
    fn says_why_a_test_failed_wherever_its_runner_does() {
        let mut said = Libtest::default();
        let log = "test a ... FAILED\n     (120.0 s) waited for a pod:\n     it runs\ntest c ... ok\n     (0.1 s)\n\
                   test b ... FAILED\ntest d ... FAILED\n\nfailures:\n\n---- b stdout ----\n\nleft: 1\nright: 2\n\n\
                   failures:\n    b\n    d\n\ntest result: FAILED. 1 passed; 3 failed\n";
        log.lines().for_each(|line| said.hear(line));
        let expected =
            ["failed: a: (120.0 s) waited for a pod: it runs", "failed: b: left: 1 right: 2", "failed: d"];
        assert_eq!(said.notes(), expected);
    }

    #[test]
    fn a_long_reason_is_cut() {
        let mut said = Libtest::default();
        said.hear("test a ... FAILED");
        for _ in 0..2 {
            said.hear(&format!("  {}", "ä".repeat(super::REASON_MAX - 2)));
        }
        assert_eq!(said.notes()[0].chars().count(), "failed: a: ".len() + super::REASON_MAX);
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

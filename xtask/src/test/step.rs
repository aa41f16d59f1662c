//! The steps of one stage, each run, timed, counted and reported.

use super::report::{Report, Row};
use super::tally::{Libtest, Tally};
use crate::process::{run_logged, shown};
use crate::stopwatch::{Stopwatch, readable};
use anyhow::{Error, Result};
use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Lines of a failing step's log that are shown at once; the whole is in the file.
const TAIL_LINES: usize = 40;

/// A step that others need has failed, and said so.
#[derive(Debug)]
struct Stopped;

impl std::fmt::Display for Stopped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a step that others need has failed")
    }
}

impl std::error::Error for Stopped {}

/// Runs steps of one stage and writes each into the report.
pub(super) struct Steps<'a> {
    stage: &'static str,
    logs: &'a Path,
    only: Option<&'a str>,
    report: &'a mut Report,
}

impl<'a> Steps<'a> {
    pub(super) fn new(
        stage: &'static str,
        logs: &'a Path,
        only: Option<&'a str>,
        report: &'a mut Report,
    ) -> Self {
        Self { stage, logs, only, report }
    }

    /// The tests a person asked for, if not all.
    pub(super) fn only(&self) -> Option<&'a str> {
        self.only
    }

    /// A step that is one thing: its exit status says whether it holds.
    pub(super) fn one(&mut self, name: &str, command: &mut Command) -> Result<()> {
        self.execute(name, command, |_, good| Tally::one(good))
    }

    /// A step that others need and that shows nothing by itself: counted only when it fails, which ends the stage.
    pub(super) fn prepare(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let before = self.report.failed();
        self.execute(name, command, |_, good| if good { Tally::default() } else { Tally::one(false) })?;
        if self.report.failed() > before { Err(Error::new(Stopped)) } else { Ok(()) }
    }

    /// A step that runs many tests and says how many, in the form of Rust's test runner.
    pub(super) fn counted(&mut self, name: &str, command: &mut Command) -> Result<()> {
        let narrowed = self.only.is_some();
        self.execute(name, command, |said, good| said.tally(good, narrowed))
    }

    /// The stage could not go on. What a step has reported already is not reported again.
    pub(super) fn broken(&mut self, error: &Error) {
        if error.is::<Stopped>() {
            return;
        }
        println!("FAIL {}: {error:#}", self.stage);
        self.report.add(Row {
            notes: vec![format!("{error:#}")],
            tally: Tally::one(false),
            ..self.row("set-up")
        });
    }

    fn execute(
        &mut self,
        name: &str,
        command: &mut Command,
        tally: impl FnOnce(&Libtest, bool) -> Tally,
    ) -> Result<()> {
        let title = format!("{} · {name}", self.stage);
        let log = self.log(name);
        println!("RUN  {title}: {}", shown(command));
        let (since, mut said, mut tail) = (Stopwatch::start(), Libtest::default(), VecDeque::new());
        let status = run_logged(&title, command, &log, |line| {
            said.hear(line);
            tail.push_back(line.to_owned());
            if tail.len() > TAIL_LINES {
                tail.pop_front();
            }
        })?;
        let (took, tally) = (since.elapsed(), tally(&said, status.success()));
        let mut notes = said.notes();
        if tally.failed == 0 {
            println!("OK   {title}{} in {}", shown_tally(tally), readable(took));
        } else {
            // The end of a log of many runners says nothing about the one that failed in its middle.
            let telling = said.words();
            for line in telling.iter().chain(tail.iter().filter(|_| telling.is_empty())) {
                println!("     | {line}");
            }
            println!("FAIL {title}: {tally} in {}; all of it in {}", readable(took), log.display());
            notes.push(format!("log: {}", log.display()));
        }
        self.report.add(Row { took, tally, notes, ..self.row(name) });
        Ok(())
    }

    fn log(&self, name: &str) -> PathBuf {
        self.logs.join(format!("{}-{}.log", self.stage, name.replace(' ', "-")))
    }

    fn row(&self, name: &str) -> Row {
        Row { stage: self.stage, step: name.to_owned(), ..Row::default() }
    }
}

fn shown_tally(tally: Tally) -> String {
    if tally == Tally::default() { String::new() } else { format!(": {tally}") }
}

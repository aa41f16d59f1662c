//! The whole story for people, to be read.

use std::fmt::Write;
use std::time::Duration;

use super::Report;
use super::report::{Done, Found, Sent};
use super::words::short;
use crate::lines::clock;

impl Report {
    /// What befell, what was found, what was decided and done, what was sent, and what it came to.
    pub fn text(&self) -> String {
        let mut text = format!("The story of seed {}\n\nWhat befell\n", self.seed);
        for chapter in &self.chapters {
            let _ = writeln!(text, "  {}  {}", at(chapter.began_ms), chapter.title);
        }
        text.push_str("\nWhat was found\n");
        self.found.iter().for_each(|found| tell_found(&mut text, found));
        text.push_str("\nWhat was decided and done\n");
        self.remediations.iter().for_each(|done| tell_done(&mut text, done));
        text.push_str("\nWhat was sent\n");
        self.sent.iter().for_each(|sent| tell_sent(&mut text, sent));
        let _ = write!(text, "\n{}\n", self.tally.sentence());
        text
    }
}

fn at(millis: u64) -> String {
    clock(Duration::from_millis(millis))
}

fn tell_found(text: &mut String, found: &Found) {
    let Found { lineage, check, cause, found_ms, ended_ms, .. } = found;
    let ended = ended_ms.map_or_else(|| "not over".to_owned(), |ended| format!("over at {}", at(ended)));
    let cause = cause.as_ref().map(|cause| format!(", a symptom of {cause}")).unwrap_or_default();
    let _ = writeln!(text, "  {}  {check} {}, {ended}{cause}", at(*found_ms), short(lineage));
}

fn tell_done(text: &mut String, done: &Done) {
    let Done { lineage, check, policy, mode, phase, message, .. } = done;
    let whose = short(lineage);
    let _ = writeln!(text, "  {}  {whose} {check}: {phase} (policy {policy}, {mode})", at(done.taken_up_ms));
    for held in &done.held {
        let _ = writeln!(text, "         held by {}: {}", held.rule, held.reason);
    }
    for attempt in &done.attempts {
        let _ = writeln!(
            text,
            "         {}. {} {}: {:?}",
            attempt.number, attempt.action, attempt.target, attempt.result
        );
    }
    if !message.is_empty() {
        let _ = writeln!(text, "         {message}");
    }
}

fn tell_sent(text: &mut String, sent: &Sent) {
    let Sent { at_ms, to, status, subject, .. } = sent;
    let _ = writeln!(text, "  {}  {to:<5}  {status:<8}  {subject}", at(*at_ms));
}

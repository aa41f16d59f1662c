//! The whole story for a program: what was found, decided, done and sent.

use std::time::Duration;

use model::issue::Resolution;
use model::remediation::{Attempt, Remediation};
use serde::Serialize;

use super::{Letter, Played, Repair, Story, Tally, Trouble};

/// The whole story.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// The seed that it follows from.
    pub seed: u64,
    /// What befell.
    pub chapters: Vec<Befell>,
    /// What was found, in order.
    pub found: Vec<Found>,
    /// What was decided and done, in order.
    pub remediations: Vec<Done>,
    /// What was sent, in order.
    pub sent: Vec<Sent>,
    /// What it came to.
    pub tally: Tally,
}

/// A chapter.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Befell {
    /// Its name.
    pub name: &'static str,
    /// Its headline.
    pub title: &'static str,
    /// When it began, in milliseconds since the story began.
    pub began_ms: u64,
    /// When it was mended.
    pub ended_ms: Option<u64>,
}

/// A trouble.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Found {
    /// Whose it is.
    pub lineage: String,
    /// The check that found it.
    pub check: String,
    /// What it says.
    pub summary: String,
    /// What explains it: lineage and check.
    pub cause: Option<String>,
    /// When it was found.
    pub found_ms: u64,
    /// When it was over.
    pub ended_ms: Option<u64>,
    /// How it ended.
    pub resolution: Option<Resolution>,
}

/// A remediation.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Done {
    /// Its name.
    pub name: String,
    /// Whose trouble it is for.
    pub lineage: String,
    /// The check that found it.
    pub check: String,
    /// The policy by which it was taken up, and its mode.
    pub policy: String,
    /// The policy's mode.
    pub mode: &'static str,
    /// When it was taken up.
    pub taken_up_ms: u64,
    /// When it was over.
    pub ended_ms: Option<u64>,
    /// Where it stands.
    pub phase: &'static str,
    /// Why, in plain words.
    pub message: String,
    /// The rules that held it, each with its last reason.
    pub held: Vec<Held>,
    /// What was done.
    pub attempts: Vec<Attempt>,
}

/// A refusal of the governor.
#[derive(Clone, Debug, Serialize)]
pub struct Held {
    /// The rule.
    pub rule: String,
    /// Why.
    pub reason: String,
}

/// A message.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Sent {
    /// When it arrived.
    pub at_ms: u64,
    /// Whom it went to.
    pub to: String,
    /// `firing` or `resolved`.
    pub status: &'static str,
    /// What it is about.
    pub subject: String,
    /// What it says.
    pub lines: Vec<String>,
}

impl Story {
    /// The whole story.
    pub fn report(&self, seed: u64) -> Report {
        Report {
            seed,
            chapters: self.playing.all().iter().map(befell).collect(),
            found: self.troubles.all().iter().map(found).collect(),
            remediations: self.repairs.in_order().into_iter().map(done).collect(),
            sent: self.letters.all().iter().map(sent).collect(),
            tally: self.tally(),
        }
    }
}

fn millis(at: Duration) -> u64 {
    at.as_millis() as u64
}

fn befell(played: &Played) -> Befell {
    let Played { chapter, began, ended } = played;
    Befell { name: chapter.name, title: chapter.title, began_ms: millis(*began), ended_ms: ended.map(millis) }
}

fn found(trouble: &Trouble) -> Found {
    let Trouble { issue, found, ended, .. } = trouble;
    Found {
        lineage: issue.lineage.to_string(),
        check: issue.code.clone(),
        summary: issue.summary.clone(),
        cause: issue.cause.as_ref().map(|cause| format!("{} {}", cause.lineage, cause.code)),
        found_ms: millis(*found),
        ended_ms: ended.map(|(at, _)| millis(at)),
        resolution: ended.map(|(_, resolution)| resolution),
    }
}

fn done(repair: &Repair) -> Done {
    let Remediation { spec, status, .. } = &repair.remediation;
    let status = status.clone().unwrap_or_default();
    Done {
        name: repair.name.clone(),
        lineage: spec.lineage.to_string(),
        check: spec.check.clone(),
        policy: spec.policy.clone(),
        mode: spec.mode.as_str(),
        taken_up_ms: millis(repair.taken_up),
        ended_ms: repair.ended.map(millis),
        phase: status.phase.as_str(),
        message: status.message,
        held: repair
            .holds
            .iter()
            .map(|(rule, reason)| Held { rule: rule.clone(), reason: reason.clone() })
            .collect(),
        attempts: status.attempts,
    }
}

fn sent(letter: &Letter) -> Sent {
    Sent {
        at_ms: millis(letter.at),
        to: letter.to.clone(),
        status: if letter.is_firing { "firing" } else { "resolved" },
        subject: letter.subject.clone(),
        lines: letter.lines.clone(),
    }
}

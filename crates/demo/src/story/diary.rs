//! What happened, in order, in plain words. What happens to many at once is one entry.

use std::time::Duration;

use model::policy::ActionName;
use model::remediation::{Attempt, Phase, RemediationStatus};

use super::Letter;
use super::repairs::{self, Repair};
use super::troubles::{Trouble, Turn};
use crate::chapters::Chapter;

/// Entries of one kind that come within this time of each other are told as one.
const AT_ONCE: Duration = Duration::from_secs(30);
/// So many of the newest entries are looked through for one to join.
const NEAR: usize = 12;

/// What an entry tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// Something befalls the shop.
    Chapter,
    /// Somebody mends it.
    Mended,
    /// Something is wrong.
    Found,
    /// What was found is a symptom of something else.
    Folded,
    /// The healer waits for a person's word.
    Asked,
    /// The healer does something.
    Did,
    /// A rule holds the healer.
    Held,
    /// The policy only observes.
    Observed,
    /// The trouble is healed.
    Healed,
    /// The healer gives up, and a person has to know.
    GaveUp,
    /// The trouble is over, without the healer.
    Over,
    /// A person is told that something is wrong.
    Paged,
    /// A person is told that it is over.
    Told,
}

impl Kind {
    /// One word, of eight letters at most.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Chapter => "CHAPTER",
            Self::Mended => "mended",
            Self::Found => "found",
            Self::Folded => "folded",
            Self::Asked => "asked",
            Self::Did => "did",
            Self::Held => "held",
            Self::Observed => "observed",
            Self::Healed => "healed",
            Self::GaveUp => "gave up",
            Self::Over => "over",
            Self::Paged => "paged",
            Self::Told => "told",
        }
    }
}

/// What an entry is about, to be asked why.
#[derive(Clone, Debug)]
pub enum About {
    /// Whose trouble it is.
    Lineage(String),
    /// A chapter.
    Chapter(&'static Chapter),
    /// A message, by its number.
    Letter(usize),
}

/// One entry.
#[derive(Clone, Debug)]
pub struct Entry {
    /// When, since the story began.
    pub at: Duration,
    /// What kind of thing happened.
    pub kind: Kind,
    /// Whom it is about; several where it happened to several at once.
    pub whom: Vec<String>,
    /// What happened.
    pub words: String,
    /// What can be asked about.
    pub about: About,
    /// Entries that say the same join: the check or the rule.
    group: String,
}

impl Entry {
    /// The whole of it in a line.
    pub fn text(&self) -> String {
        match &self.whom[..] {
            [] => self.words.clone(),
            [one] => format!("{one}: {}", self.words),
            [first, .., last] => format!("{} ({first} to {last}): {}", self.whom.len(), self.words),
        }
    }
}

/// All entries, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Diary {
    entries: Vec<Entry>,
    letters: usize,
}

impl Diary {
    /// All of them.
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    pub(super) fn chapter(&mut self, chapter: &'static Chapter, begins: bool, at: Duration) {
        let (kind, words) = match (begins, chapter.mended) {
            (true, _) => (Kind::Chapter, format!("{}. {}", chapter.title, chapter.befalls)),
            (false, "") => return,
            (false, mended) => (Kind::Mended, mended.to_owned()),
        };
        let about = About::Chapter(chapter);
        self.entries.push(Entry { at, kind, whom: Vec::new(), words, about, group: String::new() });
    }

    pub(super) fn trouble(&mut self, turn: &Turn<'_>, at: Duration) {
        let folded = |trouble: &Trouble| {
            let issue = &trouble.issue;
            let cause = issue.cause.as_ref()?;
            Some(format!("{} is a symptom of {} {}", issue.code, short(&cause.lineage.to_string()), cause.code))
        };
        let (kind, trouble, words) = match turn {
            Turn::Found(trouble) => match folded(trouble) {
                Some(words) => (Kind::Folded, trouble, words),
                None => (Kind::Found, trouble, found(trouble)),
            },
            Turn::Explained(trouble) => match folded(trouble) {
                Some(words) => (Kind::Folded, trouble, words),
                None => (Kind::Found, trouble, found(trouble)),
            },
            Turn::Ended(trouble) => {
                let resolution = trouble.ended.map_or("", |(_, how)| how.as_str());
                (Kind::Over, trouble, format!("{} is over ({resolution})", trouble.issue.code))
            }
        };
        let group = trouble.issue.code.clone();
        self.note(kind, &trouble.issue.lineage.to_string(), words, group, at);
    }

    pub(super) fn repair(&mut self, before: Option<RemediationStatus>, repair: &Repair, at: Duration) {
        let Some(status) = repair.status() else { return };
        let before = before.unwrap_or_default();
        let lineage = repair.remediation.spec.lineage.to_string();
        for attempt in status.attempts.iter().skip(before.attempts.len()) {
            self.note(Kind::Did, &lineage, done(attempt), attempt.action.to_string(), at);
        }
        let held = repairs::hold(status);
        if let Some((rule, reason)) = held
            && repairs::hold(&before).is_none_or(|(former, _)| former != rule)
        {
            let words = format!("rule {rule} says {}: {reason}", if status.phase == Phase::Denied { "no" } else { "not now" });
            self.note(Kind::Held, &lineage, words, rule.to_owned(), at);
        }
        if status.phase != before.phase
            && let Some((kind, words)) = turned(repair, status)
        {
            self.note(kind, &lineage, words, status.phase.as_str().to_owned(), at);
        }
    }

    pub(super) fn letter(&mut self, letter: &Letter, at: Duration) {
        let kind = if letter.is_firing { Kind::Paged } else { Kind::Told };
        let healing = letter.lines.iter().find_map(|line| line.strip_prefix("healing: "));
        let healing = healing.map(|words| format!(" ({words})")).unwrap_or_default();
        let state = if letter.is_firing { "FIRING" } else { "RESOLVED" };
        let words = format!("{} gets [{state}] {}{healing}", letter.to, letter.subject);
        let about = About::Letter(self.letters);
        self.letters += 1;
        self.entries.push(Entry { at, kind, whom: Vec::new(), words, about, group: String::new() });
    }

    /// Notes something, or joins it to what just happened to others.
    fn note(&mut self, kind: Kind, lineage: &str, words: String, group: String, at: Duration) {
        let whom = short(lineage);
        let near = self.entries.iter_mut().rev().take(NEAR);
        let joined = near.into_iter().find(|entry| {
            entry.kind == kind
                && entry.group == group
                && at.saturating_sub(entry.at) <= AT_ONCE
                && !entry.whom.contains(&whom)
        });
        if let Some(entry) = joined {
            entry.whom.push(whom);
            entry.words = words;
            return;
        }
        let about = About::Lineage(lineage.to_owned());
        self.entries.push(Entry { at, kind, whom: vec![whom], words, about, group });
    }
}

/// A lineage as people say it: a node by its name, what is namespaced by namespace and name.
pub(crate) fn short(lineage: &str) -> String {
    lineage.split_once('/').map_or(lineage, |(_, rest)| rest).to_owned()
}

fn found(trouble: &Trouble) -> String {
    let issue = &trouble.issue;
    format!("{}: {}", issue.code, issue.summary)
}

fn done(attempt: &Attempt) -> String {
    let name = &attempt.target.name;
    match attempt.action {
        ActionName::CollectEvidence => format!("keeps what is known of {name} before anything is changed"),
        ActionName::EvictPod => format!("evicts pod {name}"),
        ActionName::RolloutRestart => format!("restarts {name}, as its own strategy has it"),
        ActionName::QuarantineNode => format!("keeps new pods off {name}"),
        ActionName::DrainNode => format!("drains {name}"),
        ActionName::ReleaseNode => format!("lets new pods on {name} again"),
    }
}

/// What a remediation's new phase is told with.
fn turned(repair: &Repair, status: &RemediationStatus) -> Option<(Kind, String)> {
    let spec = &repair.remediation.spec;
    let plan = || {
        let names: Vec<&str> = spec.steps.iter().map(|step| step.action.as_str()).collect();
        names.join(", then ")
    };
    match status.phase {
        Phase::AwaitingApproval => Some((Kind::Asked, format!("policy {} asks first: may it {}?", spec.policy, plan()))),
        Phase::Observed => {
            let words = format!("policy {} only observes: {} is written down, and not done", spec.policy, plan());
            Some((Kind::Observed, words))
        }
        Phase::Succeeded => {
            let acted = status.attempts.iter().rev().find(|attempt| attempt.happened());
            let by = acted.map(|attempt| format!(" by {}", attempt.action)).unwrap_or_default();
            Some((Kind::Healed, format!("{} healed{by}, and watched for {} s", spec.check, spec.healthy_for_s)))
        }
        Phase::Escalated => Some((Kind::GaveUp, format!("stops trying: {}", status.message))),
        Phase::Rejected => Some((Kind::GaveUp, format!("not approved: {}", status.message))),
        Phase::Cancelled => Some((Kind::Over, format!("given up: {}", status.message))),
        Phase::Pending | Phase::Deferred | Phase::Denied | Phase::Acting | Phase::Verifying | Phase::Cleared => None,
    }
}

//! What happened, in order, in plain words. What happens to many at once is one entry.

use std::time::Duration;

use model::policy::ActionName;
use model::remediation::{
    Approval, ApprovalVerdict, Attempt, AttemptResult, Phase, Remediation, RemediationStatus,
};

use super::Letter;
use super::repairs::{self, Repair};
use super::troubles::Turn;
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
    /// A person says it.
    Answered,
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
            Self::Answered => "answered",
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
    /// What happened, to one.
    pub words: String,
    /// What happened, to several at once.
    many: String,
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
            several => format!("{}: {}", names(several), self.many),
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
        self.alone(kind, words, About::Chapter(chapter), at);
    }

    pub(super) fn trouble(&mut self, turn: &Turn<'_>, at: Duration) {
        let (Turn::Found(trouble) | Turn::Explained(trouble) | Turn::Ended(trouble)) = turn;
        let (issue, code) = (&trouble.issue, &trouble.issue.code);
        let told = match (turn, &issue.cause) {
            (Turn::Ended(_), _) => {
                let resolution = trouble.ended.map_or("", |(_, how)| how.as_str());
                Told::alike(Kind::Over, code, format!("{code} is over ({resolution})"))
            }
            (_, Some(cause)) => Told {
                many: format!("{code}, symptoms of {}", cause.code),
                ..Told::alike(
                    Kind::Folded,
                    code,
                    format!("{code}, a symptom of {} on {}", cause.code, short(&cause.lineage.to_string())),
                )
            },
            (_, None) => {
                let said = unnamed(&issue.summary);
                Told::alike(Kind::Found, code, format!("{code}: {said}"))
            }
        };
        self.note(&issue.lineage.to_string(), told, at);
    }

    pub(super) fn repair(&mut self, before: Option<&Remediation>, repair: &Repair, at: Duration) {
        let lineage = repair.remediation.spec.lineage.to_string();
        let was_answered = before.is_some_and(|before| before.spec.approval.is_some());
        if let Some(approval) = repair.remediation.spec.approval.as_ref().filter(|_| !was_answered) {
            self.note(&lineage, answered(approval), at);
        }
        let Some(status) = repair.status() else { return };
        let before = before.and_then(|before| before.status.clone()).unwrap_or_default();
        for (number, attempt) in status.attempts.iter().enumerate() {
            let was_done = before.attempts.get(number).is_some_and(is_done);
            if is_done(attempt) && !was_done {
                self.note(&lineage, done(attempt), at);
            }
        }
        if let Some((rule, reason)) = repairs::hold(status)
            && repairs::hold(&before).is_none_or(|(former, _)| former != rule)
        {
            let says = if status.phase == Phase::Denied { "no" } else { "not now" };
            self.note(
                &lineage,
                Told::alike(Kind::Held, rule, format!("rule {rule} says {says}: {reason}")),
                at,
            );
        }
        if status.phase != before.phase
            && let Some((kind, words)) = turned(repair, status)
        {
            self.note(&lineage, Told::alike(kind, status.phase.as_str(), words), at);
        }
    }

    pub(super) fn letter(&mut self, letter: &Letter, at: Duration) {
        let kind = if letter.is_firing { Kind::Paged } else { Kind::Told };
        let about = About::Letter(self.letters);
        self.letters += 1;
        self.alone(kind, letter.headline(), about, at);
    }

    /// Notes what happens to nobody in particular.
    fn alone(&mut self, kind: Kind, words: String, about: About, at: Duration) {
        self.entries.push(Entry {
            at,
            kind,
            whom: Vec::new(),
            words,
            many: String::new(),
            about,
            group: String::new(),
        });
    }

    /// Notes something, or joins it to what just happened to others.
    fn note(&mut self, lineage: &str, told: Told, at: Duration) {
        let (whom, Told { kind, group, words, many }) = (short(lineage), told);
        let near = self.entries.iter_mut().rev().take(NEAR);
        let joined = near.into_iter().find(|entry| {
            entry.kind == kind
                && entry.group == group
                && at.saturating_sub(entry.at) <= AT_ONCE
                && !entry.whom.contains(&whom)
        });
        if let Some(entry) = joined {
            entry.whom.push(whom);
            (entry.words, entry.many) = (words, many);
            return;
        }
        let about = About::Lineage(lineage.to_owned());
        self.entries.push(Entry { at, kind, whom: vec![whom], words, many, about, group });
    }
}

/// What is to be told: to one, to several, and what makes it the same.
struct Told {
    kind: Kind,
    group: String,
    words: String,
    many: String,
}

impl Told {
    /// What is told of several as it is of one.
    fn alike(kind: Kind, group: &str, words: String) -> Self {
        Self { kind, group: group.to_owned(), many: words.clone(), words }
    }
}

/// A lineage as people say it: a node by its name, what is namespaced by namespace and name.
pub(crate) fn short(lineage: &str) -> String {
    lineage.split_once('/').map_or(lineage, |(_, rest)| rest).to_owned()
}

/// Names in a few words: `b-01, b-02 and 8 more`.
pub(super) fn names(names: &[String]) -> String {
    let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
    names.sort_unstable();
    match &names[..] {
        [first, second, _, ..] => format!("{first}, {second} and {} more", names.len() - 2),
        few => few.join(", "),
    }
}

/// A summary without whose it is, which is said already.
pub(super) fn unnamed(summary: &str) -> &str {
    summary.split_once(": ").map_or(summary, |(_, rest)| rest)
}

/// Whether it is known to have happened: what was only meant is no news. Looking has no effects.
fn is_done(attempt: &Attempt) -> bool {
    attempt.happened() || (attempt.parts.is_empty() && attempt.result != AttemptResult::Open)
}

fn done(attempt: &Attempt) -> Told {
    let name = &attempt.target.name;
    let (one, many) = match attempt.action {
        ActionName::CollectEvidence => (
            format!("keeps what is known of {name}, before anything is changed"),
            "keeps what is known of them",
        ),
        ActionName::EvictPod => (format!("evicts pod {name}"), "evicts a pod of each"),
        ActionName::RolloutRestart => (format!("restarts {name}, as its strategy has it"), "restarts them"),
        ActionName::QuarantineNode => (format!("keeps new pods off {name}"), "keeps new pods off them"),
        ActionName::DrainNode => (format!("drains {name}"), "drains them"),
        ActionName::ReleaseNode => (format!("lets new pods on {name} again"), "lets new pods on them again"),
    };
    Told { kind: Kind::Did, group: attempt.action.to_string(), words: one, many: many.to_owned() }
}

fn answered(Approval { by, verdict, .. }: &Approval) -> Told {
    let words = match verdict {
        ApprovalVerdict::Approved => format!("{by} allows it"),
        ApprovalVerdict::Rejected => format!("{by} forbids it"),
    };
    Told::alike(Kind::Answered, by, words)
}

/// What a remediation's new phase is told with.
fn turned(repair: &Repair, status: &RemediationStatus) -> Option<(Kind, String)> {
    let spec = &repair.remediation.spec;
    let plan = || {
        let names: Vec<&str> = spec.steps.iter().map(|step| step.action.as_str()).collect();
        names.join(", then ")
    };
    match status.phase {
        Phase::AwaitingApproval => {
            Some((Kind::Asked, format!("policy {} asks first: may it {}?", spec.policy, plan())))
        }
        Phase::Observed => {
            let words =
                format!("policy {} only observes: {} is written down, and not done", spec.policy, plan());
            Some((Kind::Observed, words))
        }
        Phase::Succeeded => {
            let acted = status.attempts.iter().rev().find(|attempt| attempt.happened());
            let by = acted.map(|attempt| format!(" by {}", attempt.action)).unwrap_or_default();
            Some((
                Kind::Healed,
                format!("{} healed{by}, and watched for {} s", spec.check, spec.healthy_for_s),
            ))
        }
        Phase::Escalated => Some((Kind::GaveUp, format!("stops trying: {}", status.message))),
        Phase::Rejected => Some((Kind::GaveUp, format!("not approved: {}", status.message))),
        Phase::Cancelled => Some((Kind::Over, format!("given up: {}", status.message))),
        Phase::Pending
        | Phase::Deferred
        | Phase::Denied
        | Phase::Acting
        | Phase::Verifying
        | Phase::Cleared => None,
    }
}

//! What happened, in order, in plain words. What happens to many at once is one entry.

use std::time::Duration;

use model::remediation::Phase;

use super::Letter;
use super::repairs;
use super::troubles::Turn;
use super::words::{self, Told, names, short};
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
        self.text_from(0)
    }

    /// What it says of those that came to it after so many others.
    pub(crate) fn text_from(&self, told: usize) -> String {
        match &self.whom[told..] {
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
        self.note(&trouble.issue.lineage.to_string(), words::trouble(turn), at);
    }

    pub(super) fn repair(&mut self, turn: &repairs::Turn<'_>, at: Duration) {
        let (before, repair) = (turn.before.as_ref(), turn.now);
        let lineage = repair.remediation.spec.lineage.to_string();
        let was_answered = before.is_some_and(|before| before.spec.approval.is_some());
        if let Some(approval) = repair.remediation.spec.approval.as_ref().filter(|_| !was_answered) {
            self.note(&lineage, words::answered(approval), at);
        }
        let Some(status) = repair.status() else { return };
        let before = before.and_then(|before| before.status.clone()).unwrap_or_default();
        for (number, attempt) in status.attempts.iter().enumerate() {
            let was_done = before.attempts.get(number).is_some_and(words::is_done);
            if words::is_done(attempt) && !was_done {
                self.note(&lineage, words::done(attempt), at);
            }
        }
        if let Some((rule, reason)) = repairs::hold(status).filter(|_| turn.is_newly_held) {
            let says = if status.phase == Phase::Denied { "no" } else { "not now" };
            let words = format!("rule {rule} says {says}: {reason}");
            self.note(&lineage, Told::alike(Kind::Held, rule, words), at);
        }
        if status.phase != before.phase
            && let Some((kind, words)) = words::turned(repair, status)
        {
            self.note(&lineage, Told::alike(kind, status.phase.as_str(), words), at);
        }
    }

    pub(super) fn letter(&mut self, letter: &Letter, at: Duration) {
        let kind = if letter.is_page() { Kind::Paged } else { Kind::Told };
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

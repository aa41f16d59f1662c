//! The story: from what is seen of the world to what a person is told of it. Pure: it is fed with what
//! was seen and when, and asked.
//!
//! `nodes`, `pods`, `troubles`, `repairs`, `letters` and `chapters` are what is known; `diary` is what
//! happened, in order; `tally` counts, `why` answers, `report` is all of it for a program.

mod chapters;
mod diary;
#[cfg(test)]
pub(crate) mod fixture;
mod groups;
mod letters;
mod nodes;
mod pods;
mod repairs;
mod report;
mod tally;
#[cfg(test)]
mod tests;
mod text;
mod troubles;
mod why;
mod words;

use std::time::Duration;

use jiff::Timestamp;
use model::alert::{self, PostableAlert};
use model::brake::BrakeSpec;
use model::policy::HealingPolicy;
use model::remediation::Remediation;
use serde_json::Value;
use sim::seen::{Fault, Message, Post, Seen, What};
use sim::storage::Change;

pub use chapters::{Played, Playing};
pub use diary::{About, Diary, Entry, Kind};
pub use groups::{Group, Standing};
pub use letters::{Letter, Letters};
pub use nodes::{Health, Node, Nodes};
pub use pods::Pods;
pub use repairs::{Repair, Repairs};
pub use report::{Befell, Done, Found, Held, Report, Sent};
pub use tally::{Spread, Tally};
pub use troubles::{Row, Trouble, Troubles};

use crate::chapters::Chapter;

/// Everything that is known of the world.
pub struct Story {
    /// What the wall clock said at `origin`.
    start: Timestamp,
    origin: Duration,
    /// When the story began; what was before is not told.
    began: Option<Duration>,
    nodes: Nodes,
    pods: Pods,
    troubles: Troubles,
    repairs: Repairs,
    policies: Vec<HealingPolicy>,
    brake: Option<BrakeSpec>,
    letters: Letters,
    playing: Playing,
    diary: Diary,
}

impl Story {
    /// Nothing is known yet; the wall clock says `start` when `origin` has passed of the world's time.
    pub fn new(start: Timestamp, origin: Duration) -> Self {
        Self {
            start,
            origin,
            began: None,
            nodes: Nodes::default(),
            pods: Pods::default(),
            troubles: Troubles::default(),
            repairs: Repairs::default(),
            policies: Vec::new(),
            brake: None,
            letters: Letters::default(),
            playing: Playing::default(),
            diary: Diary::default(),
        }
    }

    /// The story begins: times are told since now.
    pub fn begin(&mut self, at: Duration) {
        self.began = Some(at);
    }

    /// Something was seen.
    pub fn hear(&mut self, seen: &Seen) {
        let at = self.told_at(seen.at);
        match &seen.what {
            What::Change(change) => self.change(change, at),
            What::Post(post) => self.post(post, at),
            What::Message(message) => self.message(message, at),
            // Chapters are told by who plays them.
            What::Request(_) | What::Acknowledged(..) | What::Life(_) | What::Fault(_) | What::Calm => {}
        }
    }

    /// A chapter begins or ends.
    pub fn chapter(&mut self, fault: &Fault, at: Duration) {
        let at = self.told_at(at);
        if let Some(chapter) = crate::chapters::get(fault.name) {
            self.playing.turn(chapter, fault.begins, at);
            self.diary.chapter(chapter, fault.begins, at);
        }
    }

    /// Whether a chapter has begun and is not over.
    pub fn is_playing(&self, chapter: &Chapter) -> bool {
        self.playing.is_playing(chapter)
    }

    /// The plans that wait for a person, by the names of their remediations.
    pub fn waiting(&self) -> Vec<String> {
        self.repairs.waiting().map(|repair| repair.name.clone()).collect()
    }

    /// Whether nothing may be healed: the Brake is on, or gone.
    pub fn is_braked(&self, at: Duration) -> bool {
        self.brake.as_ref().is_none_or(|brake| brake.holds(self.wall(at)))
    }

    /// The nodes.
    pub fn nodes(&self) -> &Nodes {
        &self.nodes
    }

    /// The pods.
    pub fn pods(&self) -> &Pods {
        &self.pods
    }

    /// What is, and was, wrong.
    pub fn troubles(&self) -> &Troubles {
        &self.troubles
    }

    /// What the healer took up.
    pub fn repairs(&self) -> &Repairs {
        &self.repairs
    }

    /// What people were told.
    pub fn letters(&self) -> &Letters {
        &self.letters
    }

    /// The chapters so far.
    pub fn playing(&self) -> &Playing {
        &self.playing
    }

    /// What happened, in order.
    pub fn diary(&self) -> &Diary {
        &self.diary
    }

    /// What the wall clock says so long after the story began.
    pub fn wall(&self, at: Duration) -> Timestamp {
        let since = (at + self.began.unwrap_or(self.origin)).checked_sub(self.origin).unwrap();
        self.start.saturating_add(since).unwrap_or(self.start)
    }

    /// Since the story began.
    fn told_at(&self, at: Duration) -> Duration {
        at.saturating_sub(self.began.unwrap_or(at))
    }

    fn change(&mut self, change: &Change, at: Duration) {
        let (address, object) = (&change.address, &change.after);
        let is_gone = change.is_deletion;
        match address.kind.plural {
            "nodes" => self.nodes.see(&address.name, (!is_gone).then(|| object.value())),
            "pods" => {
                let key = (address.namespace.to_string(), address.name.to_string());
                self.pods.see(key, (!is_gone).then(|| object.value()));
            }
            "remediations" if !is_gone => {
                if let Some(remediation) = object.read::<Remediation>() {
                    self.remediation(remediation, at);
                }
            }
            "healingpolicies" => {
                let name = address.name.as_str();
                self.policies.retain(|own| own.metadata.name.as_deref() != Some(name));
                self.policies.extend(object.read::<HealingPolicy>().filter(|_| !is_gone));
            }
            "brakes" => {
                self.brake = object
                    .read::<Value>()
                    .filter(|_| !is_gone)
                    .and_then(|brake| serde_json::from_value(brake["spec"].clone()).ok());
            }
            _ => {}
        }
    }

    fn remediation(&mut self, remediation: Remediation, at: Duration) {
        if let Some(turn) = self.repairs.see(remediation, at) {
            self.diary.repair(&turn, at);
        }
    }

    /// The monitor tells the alerter what is wrong; the healers hear the same.
    fn post(&mut self, post: &Post, at: Duration) {
        let is_taken = post.served.is_some_and(|code| (200..300).contains(&code));
        if !is_taken || post.from != "monitor" || post.to != "alerter" || post.path != "/api/v2/alerts" {
            return;
        }
        for alert in post.body.as_array().into_iter().flatten() {
            let alert = serde_json::from_value::<PostableAlert>(alert.clone()).ok();
            let Some(Ok(report)) = alert.map(|alert| alert::report(&alert)) else { continue };
            let begun = self.playing.begun(&report.issue.lineage.to_string());
            if let Some(turn) = self.troubles.see(report, begun, at) {
                self.diary.trouble(&turn, at);
            }
        }
    }

    fn message(&mut self, message: &Message, at: Duration) {
        if message.answered == Some(200)
            && let Some(letter) = Letter::read(&message.receiver, &message.body, at)
        {
            self.diary.letter(&letter, at);
            self.letters.take(letter);
        }
    }
}

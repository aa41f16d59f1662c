//! What people are told: messages, as they would get them.

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::Value;

use super::words::short;

/// The receiver that wakes somebody.
const PAGER: &str = "pager";

/// One message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Letter {
    /// When it arrived.
    pub at: Duration,
    /// Whom it went to.
    pub to: String,
    /// Whether it says that something is wrong; it says that something is over otherwise.
    pub is_firing: bool,
    /// What it is about: `NodeUnreachable, 10 nodes`.
    pub subject: String,
    /// One line for each trouble, and what is said of healing.
    pub lines: Vec<String>,
    /// The lineages that it is about.
    pub lineages: Vec<String>,
}

/// All messages, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Letters {
    all: Vec<Letter>,
}

impl Letters {
    pub(super) fn take(&mut self, letter: Letter) {
        self.all.push(letter);
    }

    /// All of them.
    pub fn all(&self) -> &[Letter] {
        &self.all
    }

    /// How many woke somebody.
    pub fn pages(&self) -> usize {
        self.all.iter().filter(|letter| letter.is_page()).count()
    }
}

impl Letter {
    /// Whether it wakes somebody because something is wrong.
    pub fn is_page(&self) -> bool {
        self.is_firing && self.to == PAGER
    }

    /// `FIRING`, or `RESOLVED`.
    pub const fn state(&self) -> &'static str {
        if self.is_firing { "FIRING" } else { "RESOLVED" }
    }

    /// Whom it went to, what it is about, and what it says of healing.
    pub(super) fn headline(&self) -> String {
        format!("{} gets [{}] {}{}", self.to, self.state(), self.subject, self.healing())
    }

    /// What it says of healing: in whole where that is the same of all, else of how many it says what.
    fn healing(&self) -> String {
        let said: Vec<&str> = self.lines.iter().filter_map(|line| line.strip_prefix("healing: ")).collect();
        let Some(first) = said.first() else { return String::new() };
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for words in &said {
            // The phase and the rule; what follows is the reason.
            *counts.entry(words.split(": ").next().unwrap_or(words)).or_default() += 1;
        }
        if counts.len() == 1 && said.len() == self.lineages.len() {
            return format!(" - {first}");
        }
        let counts: Vec<String> = counts.into_iter().map(|(what, count)| format!("{count} {what}")).collect();
        format!(" - {}", counts.join(", "))
    }

    /// Reads Alertmanager's payload.
    pub(super) fn read(to: &str, body: &Value, at: Duration) -> Option<Self> {
        let alerts = body["alerts"].as_array()?;
        let is_firing = body["status"] == "firing";
        let told = alerts.iter().filter(|alert| (alert["status"] == "firing") == is_firing);
        let told: Vec<&Value> = told.collect();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let mut lines = Vec::new();
        for alert in &told {
            let annotations = &alert["annotations"];
            lines.push(text(&annotations["summary"]));
            let healing = text(&annotations["healing"]);
            if !healing.is_empty() {
                lines.push(format!("healing: {healing}"));
            }
        }
        let name = text(&told.first()?["labels"]["alertname"]);
        let lineages: Vec<String> = told.iter().map(|alert| text(&alert["labels"]["lineage"])).collect();
        let subject = match &lineages[..] {
            [one] => format!("{name} {}", short(one)),
            several => format!("{name}, {} at once", several.len()),
        };
        Some(Self { at, to: to.to_owned(), is_firing, subject, lines, lineages })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_said_of_one_is_not_said_of_all() {
        for (healing, expected) in [
            (&["", ""][..], ""),
            (&["Escalated: no help", "Escalated: no help"], " - Escalated: no help"),
            (&["Escalated: no help", ""], " - 1 Escalated"),
            (
                &["Escalated: no help", "Deferred by Budget: 4 of 4", "Deferred by Budget: 4 of 4"],
                " - 2 Deferred by Budget, 1 Escalated",
            ),
        ] {
            let said = healing.iter().filter(|said| !said.is_empty());
            let letter = Letter {
                at: Duration::ZERO,
                to: PAGER.to_owned(),
                is_firing: true,
                subject: "NodeUnreachable".to_owned(),
                lines: said.map(|said| format!("healing: {said}")).collect(),
                lineages: healing.iter().map(|_| "Node/n".to_owned()).collect(),
            };
            assert_eq!(letter.headline(), format!("pager gets [FIRING] NodeUnreachable{expected}"));
        }
    }
}

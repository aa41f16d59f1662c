//! What people are told: messages, as they would get them.

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
        let healing = self.lines.iter().find_map(|line| line.strip_prefix("healing: "));
        let healing = healing.map(|words| format!(" - {words}")).unwrap_or_default();
        format!("{} gets [{}] {}{healing}", self.to, self.state(), self.subject)
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

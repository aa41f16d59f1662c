//! Answers to "why?".

use std::fmt::Write;
use std::time::Duration;

use model::account::{Healing, Known};
use model::subject::Subject;

use super::diary::About;
use super::{Letter, Story};

impl Story {
    /// Why something stands where it stands, as it is known at `now`: the words of `seaworthy explain`.
    pub fn why(&self, about: &About, now: Duration) -> String {
        match about {
            About::Lineage(lineage) => self.account(lineage, now),
            About::Chapter(chapter) => {
                let mended = if chapter.mended.is_empty() {
                    String::new()
                } else {
                    format!("\n\nWhat mends it in the end: {}.", chapter.mended)
                };
                format!(
                    "{}\n\n{}\n\nWhat to look for: {}{mended}",
                    chapter.title, chapter.befalls, chapter.look_for
                )
            }
            About::Letter(number) => {
                self.letters.all().get(*number).map(|letter| self.letter(letter, now)).unwrap_or_default()
            }
        }
    }

    fn account(&self, lineage: &str, now: Duration) -> String {
        // A lineage is always written as a subject may be.
        let Ok(subject) = lineage.parse::<Subject>() else { return String::new() };
        let healing = Healing {
            remediations: self.repairs.all().map(|repair| repair.remediation.clone()).collect(),
            policies: self.policies.clone(),
            brake: self.brake.clone(),
        };
        let issues = self.troubles.open_issues();
        let known = Known {
            subject: &subject,
            issues: Ok(&issues),
            unseen: &[],
            healing: Some(&healing),
            now: self.wall(now),
        };
        known.tell()
    }

    fn letter(&self, letter: &Letter, now: Duration) -> String {
        let mut text = format!("To {}: [{}] {}\n", letter.to, letter.state(), letter.subject);
        for line in &letter.lines {
            let _ = writeln!(text, "  {line}");
        }
        if let Some(lineage) = letter.lineages.first() {
            let _ = write!(text, "\n{}", self.account(lineage, now));
        }
        text
    }
}

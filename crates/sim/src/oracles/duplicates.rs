//! The same message reaches a receiver once, and once more for each time that nobody could know
//! whether it had: an answer that was lost, an alerter that crashed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::pages::{Pages, told};
use super::{Books, Findings, Oracle};
use crate::seen::{Message, Seen, Turn, What};

/// After this time a message is repeated on purpose.
const REPEAT: Duration = Duration::from_hours(3);

#[derive(Default)]
pub(super) struct Duplicates {
    /// By receiver and content: when it was taken last.
    taken: BTreeMap<(String, String), Duration>,
    pages: Pages,
    /// When somebody last could not know.
    unsure: Option<Duration>,
}

/// What makes two messages the same one: the group and each alert with its beginning and state.
fn content(message: &Message) -> String {
    let alerts = message.body["alerts"].as_array().into_iter().flatten();
    let each = alerts.map(|alert| {
        format!("{} {} {} {}", alert["fingerprint"], alert["status"], alert["startsAt"], alert["annotations"])
    });
    format!("{} {}", message.body["groupKey"], each.collect::<Vec<_>>().join(","))
}

impl Duplicates {
    /// Whether the monitor said meanwhile that one of a message's troubles is over, and, where the
    /// message says that it fires, that it is back.
    fn is_news(&self, message: &Message, before: Duration) -> bool {
        told(message).any(|(key, fires)| {
            let Some(page) = self.pages.by_issue.get(&key) else { return false };
            let over = page.over.filter(|over| *over > before);
            over.is_some_and(|over| !fires || page.said.is_some_and(|said| said >= over))
        })
    }
}

impl Oracle for Duplicates {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        self.pages.see(seen);
        match &seen.what {
            What::Life(life) if life.service == "alerter" && life.turn != Turn::Started => {
                self.unsure = Some(seen.at);
            }
            What::Message(message) if message.answered == Some(200) => {
                let key = (message.receiver.clone(), content(message));
                let is_again = self.taken.insert(key, seen.at).is_some_and(|before| {
                    seen.at.saturating_sub(before) < REPEAT
                        && self.unsure.is_none_or(|unsure| unsure < before)
                        && !self.is_news(message, before)
                });
                if is_again {
                    found.add(format!(
                        "{} got the same message again: {}",
                        message.receiver, message.body["groupKey"]
                    ));
                }
            }
            // It may have been taken; whatever is sent next may be the same again.
            What::Message(message) if message.answered.is_none() => self.unsure = Some(seen.at),
            _ => {}
        }
    }
}

//! The same message reaches a receiver once, and once more for each time that nobody could know
//! whether it had: an answer that was lost, an alerter that crashed.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Books, Findings, Oracle};
use crate::seen::{Message, Seen, Turn, What};

/// After this time a message is repeated on purpose.
const REPEAT: Duration = Duration::from_hours(3);

#[derive(Default)]
pub(super) struct Duplicates {
    /// By receiver and content: when it was taken last, and what it said of which alert.
    taken: BTreeMap<(String, String), (Duration, Vec<Said>)>,
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

/// An alert's fingerprint, and whether it fires.
type Said = (String, String);

/// What a message says of each of its alerts.
fn said(message: &Message) -> Vec<Said> {
    let alerts = message.body["alerts"].as_array().into_iter().flatten();
    alerts.map(|alert| (alert["fingerprint"].to_string(), alert["status"].to_string())).collect()
}

/// Whether one message says of an alert what the other denies.
fn contradicts(one: &[Said], other: &[Said]) -> bool {
    one.iter().any(|(alert, status)| other.iter().any(|(known, had)| known == alert && had != status))
}

impl Oracle for Duplicates {
    fn see(&mut self, seen: &Seen, _: &Books, found: &mut Findings) {
        match &seen.what {
            What::Life(life) if life.service == "alerter" && life.turn != Turn::Started => {
                self.unsure = Some(seen.at);
            }
            What::Message(message) if message.answered == Some(200) => {
                let key = (message.receiver.clone(), content(message));
                let said = said(message);
                // What was over in between is news when it is back.
                self.taken.retain(|(receiver, _), (_, had)| {
                    *receiver != message.receiver || !contradicts(had, &said)
                });
                let before = self.taken.insert(key, (seen.at, said));
                let is_again = before.is_some_and(|(before, _)| {
                    seen.at.saturating_sub(before) < REPEAT
                        && self.unsure.is_none_or(|unsure| unsure < before)
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

//! What the alerter took on, and what receivers were told, issue by issue.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use serde_json::Value;

use super::books::text;
use crate::seen::{Message, Post, Seen, Turn, What};

/// An issue: lineage and check.
pub(super) type Key = (String, String);

/// What is known of an issue's page.
#[derive(Clone, Debug, Default)]
pub(super) struct Page {
    /// Since when the alerter knows that it fires and stands for itself; `None` when it does not.
    pub(super) firing: Option<Duration>,
    /// Since when it goes on, whether it stands for itself or not.
    pub(super) began: Option<Duration>,
    /// When the monitor last said that it goes on, and the alerter took it.
    pub(super) said: Option<Duration>,
    /// Whether it is said to be explained by another.
    pub(super) is_folded: bool,
    /// When a receiver was last told that it fires, and took it.
    pub(super) told: Option<Duration>,
    /// Since when it is critical, while it fires and stands for itself.
    pub(super) critical: Option<Duration>,
    /// When the receiver of what is critical was last told that it fires, and took it.
    pub(super) paged: Option<Duration>,
    /// The receivers whose last word of it is that it fires.
    pub(super) open: BTreeSet<String>,
    /// When the monitor last said that it is over, and the alerter took it.
    pub(super) over: Option<Duration>,
    /// Since when a person has it.
    pub(super) acknowledged: Option<Duration>,
}

/// How long before an episode began a receiver may have been told of it: within the cool-down it is
/// the one before, that goes on.
pub(super) const COOL_DOWN: Duration = Duration::from_mins(6);

/// What a monitor has not repeated for so long is over: one that crashed does not know any more that it
/// has to say so.
pub(super) const SILENT: Duration = Duration::from_mins(7);

impl Page {
    /// Whether somebody was told of this episode.
    pub(super) fn is_told(&self) -> bool {
        self.is_of_this_episode(self.told)
    }

    /// Whether those were who are told of what is critical. Who was told so once in an episode is not
    /// told again.
    pub(super) fn is_paged(&self) -> bool {
        self.is_of_this_episode(self.paged)
    }

    fn is_of_this_episode(&self, told: Option<Duration>) -> bool {
        let Some(began) = self.began else { return false };
        told.is_some_and(|told| told + COOL_DOWN >= began)
    }
}

/// All issues.
#[derive(Debug, Default)]
pub(super) struct Pages {
    pub(super) by_issue: BTreeMap<Key, Page>,
    /// Until when something was wrong on the way from the monitor to the receivers.
    pub(super) disturbed: Duration,
    /// Faults on that way that last.
    lasting: usize,
    /// When the monitor last said anything that the alerter took.
    pub(super) heard: Duration,
}

/// The receiver of what is critical, besides the one of everything.
const OF_CRITICAL: &str = "pager";

/// Faults on the way of a page.
const ON_THE_WAY: [&str; 6] =
    ["receivers", "store", "partition", "clock jump", "service crash", "service pause"];

impl Pages {
    /// Whether the monitor has gone on to tell of other things, or of nothing, for so long that an issue is over.
    pub(super) fn is_left_out(&self, page: &Page) -> bool {
        page.said.is_some_and(|said| self.heard.saturating_sub(said) > SILENT)
    }

    /// How much later than otherwise what fires since `firing` may be told: after failures the alerter
    /// waits for as long again as they have lasted, and `longest` at most.
    pub(super) fn backed_off(&self, firing: Duration, longest: Duration) -> Duration {
        self.disturbed.saturating_sub(firing).min(longest)
    }

    pub(super) fn see(&mut self, seen: &Seen) {
        match &seen.what {
            What::Post(post) => self.post(post, seen.at),
            What::Message(message) => self.message(message, seen.at),
            What::Acknowledged(lineage, check) => {
                let page = self.by_issue.entry((lineage.clone(), check.clone())).or_default();
                page.acknowledged = Some(seen.at);
            }
            What::Life(life) if (life.service.starts_with("alerter") || life.turn != Turn::Started) => {
                self.disturbed = seen.at;
            }
            What::Fault(fault) if ON_THE_WAY.contains(&fault.name) => {
                let turn =
                    if fault.begins { self.lasting.checked_add(1) } else { self.lasting.checked_sub(1) };
                self.lasting = turn.unwrap_or_default();
                self.disturbed = seen.at;
            }
            _ => {}
        }
        if self.lasting > 0 {
            self.disturbed = seen.at;
        }
    }

    fn post(&mut self, post: &Post, at: Duration) {
        let is_taken = post.served == Some(200) && post.path == "/api/v2/alerts";
        if post.from != "monitor" || post.to != "alerter" || !is_taken {
            return;
        }
        self.heard = at;
        for alert in post.body.as_array().into_iter().flatten() {
            let page = self.by_issue.entry(key(alert)).or_default();
            match alert["annotations"]["resolution"].as_str() {
                // It goes on under other labels, which came in the same post or before.
                Some("relabelled") => {}
                Some(_) => {
                    page.over = Some(at);
                    page.firing = None;
                    page.critical = None;
                    page.began = None;
                    page.acknowledged = None;
                }
                None => {
                    page.began.get_or_insert(at);
                    page.said = Some(at);
                    page.is_folded = alert["annotations"]["cause"].is_string();
                    page.firing = if page.is_folded { None } else { Some(page.firing.unwrap_or(at)) };
                    let is_critical = !page.is_folded && alert["labels"]["severity"] == "critical";
                    page.critical = is_critical.then(|| page.critical.unwrap_or(at));
                }
            }
        }
    }

    fn message(&mut self, message: &Message, at: Duration) {
        if message.answered.is_some_and(|code| code != 200) {
            return;
        }
        for (key, is_firing) in told(message) {
            let page = self.by_issue.entry(key).or_default();
            if !is_firing {
                page.open.remove(&message.receiver);
                continue;
            }
            page.open.insert(message.receiver.clone());
            page.told = Some(at);
            if message.receiver == OF_CRITICAL {
                page.paged = Some(at);
            }
        }
    }
}

/// Which issue an alert is about.
pub(super) fn key(alert: &Value) -> Key {
    (text(&alert["labels"]["lineage"]), text(&alert["labels"]["alertname"]))
}

/// The issues that a message speaks of, and whether it says that they fire.
pub(super) fn told(message: &Message) -> impl Iterator<Item = (Key, bool)> + '_ {
    let alerts = message.body["alerts"].as_array().into_iter().flatten();
    alerts.map(|alert| (key(alert), alert["status"] == "firing"))
}

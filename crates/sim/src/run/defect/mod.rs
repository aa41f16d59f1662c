//! Deliberate defects, to see that they are noticed: a safety rule of the healer that is not asked,
//! or a service whose requests, posts or messages are tampered with on their way, as if it had sent
//! or taken them so.

mod call;
mod hearing;
mod table;
#[cfg(test)]
mod tests;

use model::config::alerter::AlerterConfig;

use crate::seen::Post;

pub use call::Call;
pub use hearing::Heard;
pub use table::TABLE;

/// Of messages that are lost, each so many-th is.
const LOST_EVERY: u64 = 2;

/// A defect.
#[derive(Debug)]
pub struct Defect {
    /// Its name; that of the rule, where it is one that is not asked.
    pub name: &'static str,
    /// The checker that must notice.
    pub noticed_by: &'static str,
    /// What is wrong. More than one thing where one mistake alone does no harm.
    pub wrongs: &'static [Wrong],
}

/// What can be wrong.
#[derive(Clone, Copy, Debug)]
pub enum Wrong {
    /// The governor does not ask this rule, and what stands behind it in the healer does not hold.
    Rule(&'static str),
    /// A healer's effects are changed so.
    Effect(fn(&mut Call)),
    /// What a healer writes of its remediations is changed so.
    Record(fn(&mut Call)),
    /// Each effect is sent twice.
    Twice,
    /// Of a post between services so much is heard.
    Post(fn(&Post) -> Heard),
    /// The alerter is configured so.
    Alerter(fn(&mut AlerterConfig)),
    /// Each so many-th message is said to have been taken, and is lost.
    MessagesLost,
    /// Each message is delivered twice.
    MessagesTwice,
    /// Watches trust what they are told: they never list anew.
    Trusting,
}

/// The defect of a name.
pub fn get(name: &str) -> Option<&'static Defect> {
    TABLE.iter().find(|defect| defect.name == name)
}

impl Defect {
    /// The rules that are not asked.
    fn rules(&self) -> Vec<&'static str> {
        let rule = |wrong: &Wrong| match wrong {
            Wrong::Rule(name) => Some(*name),
            _ => None,
        };
        self.wrongs.iter().filter_map(rule).collect()
    }

    /// Whether anything is wrong with what is sent to the API server.
    pub(super) fn is_of_requests(&self) -> bool {
        let is_one = |wrong: &Wrong| matches!(wrong, Wrong::Effect(_) | Wrong::Record(_) | Wrong::Twice);
        self.wrongs.iter().any(is_one)
    }

    /// Changes a request of a healer. Whether there was anything to change.
    pub(super) fn tamper(&self, call: &mut Call, is_effect: bool) -> bool {
        let before = call.clone();
        for wrong in self.wrongs {
            match wrong {
                Wrong::Effect(change) if is_effect => change(call),
                Wrong::Record(change) if call.is_record() => change(call),
                _ => {}
            }
        }
        *call != before
    }

    /// Whether watches never list anew.
    fn is_trusting(&self) -> bool {
        self.wrongs.iter().any(|wrong| matches!(wrong, Wrong::Trusting))
    }

    /// Whether each effect is sent twice.
    pub(super) fn sends_twice(&self) -> bool {
        self.wrongs.iter().any(|wrong| matches!(wrong, Wrong::Twice))
    }

    /// How often a message arrives: the so many-th that was sent.
    pub(super) fn copies(&self, sent: u64) -> usize {
        let copies = |wrong: &Wrong| match wrong {
            Wrong::MessagesLost if sent.is_multiple_of(LOST_EVERY) => Some(0),
            Wrong::MessagesTwice => Some(2),
            _ => None,
        };
        self.wrongs.iter().find_map(copies).unwrap_or(1)
    }

    /// How much of a post is heard.
    pub(super) fn hears(&self, post: &Post) -> Heard {
        let heard = |wrong: &Wrong| match wrong {
            Wrong::Post(hear) => Some(hear(post)).filter(|heard| *heard != Heard::AsSent),
            _ => None,
        };
        self.wrongs.iter().find_map(heard).unwrap_or(Heard::AsSent)
    }

    /// Changes the alerter's configuration.
    pub(super) fn configure(&self, alerter: &mut AlerterConfig) {
        for wrong in self.wrongs {
            if let Wrong::Alerter(change) = wrong {
                change(alerter);
            }
        }
    }
}

/// Switches rules of the healer off for this thread, or lets its watches trust what they are told;
/// all else is as it should be.
#[cfg_attr(
    feature = "defects",
    expect(clippy::unnecessary_wraps, reason = "without the feature it can fail")
)]
pub(super) fn switch_on(defect: Option<&Defect>) -> Result<(), super::play::Error> {
    let rules = defect.map(Defect::rules).unwrap_or_default();
    let is_trusting = defect.is_some_and(Defect::is_trusting);
    #[cfg(feature = "defects")]
    {
        healer::governor::defects::skip(rules);
        cluster::watch::defects::never_list_anew(is_trusting);
    }
    #[cfg(not(feature = "defects"))]
    if !rules.is_empty() || is_trusting {
        return Err(super::play::Error::NoDefects);
    }
    Ok(())
}

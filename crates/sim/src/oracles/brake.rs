//! I16: when the Brake holds, or there is none, nothing is sent, but for the one effect that was
//! decided in that moment.

use std::time::Duration;

use super::{Books, Effect, Findings, Oracle};
use crate::seen::{Seen, What};

/// The Brake is read before each effect; both are requests that take their time.
const WITHIN: Duration = Duration::from_secs(12);

#[derive(Default)]
pub(super) struct Brake {
    /// Since when it holds, and which effect was sent after that: its answer may come twice.
    first: Option<(Duration, String)>,
}

impl Oracle for Brake {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request) else { return };
        let (brake, since) = books.brake;
        if brake == Some(false) || request.sent <= since || books.is_misled(&request.by, request.sent, WITHIN)
        {
            return;
        }
        if request.sent > since + WITHIN {
            found.add(format!("{effect}: paused since {since:?}"));
        }
        let this = format!("{effect} {}", effect.uid());
        match &self.first {
            Some((known, first)) if *known == since && *first != this => {
                found.add(format!("{effect}: paused since {since:?}, and the second effect after that"));
            }
            _ => self.first = Some((since, this)),
        }
    }
}

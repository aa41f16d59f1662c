//! I16: when the Brake holds, or there is none, nothing is sent, but for what was decided in that
//! moment.

use std::time::Duration;

use super::{Books, Effect, Findings, Oracle};
use crate::seen::{Seen, What};

/// The Brake is read before each effect; both are requests that take their time.
const WITHIN: Duration = Duration::from_secs(12);

#[derive(Default)]
pub(super) struct Brake;

impl Oracle for Brake {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        let Some(effect) = Effect::of(request) else { return };
        let (brake, since) = books.brake;
        let is_known = request.sent > since + WITHIN && !books.is_misled(&request.by, request.sent, WITHIN);
        if brake != Some(false) && is_known {
            found.add(format!("{effect}: paused since {since:?}"));
        }
    }
}

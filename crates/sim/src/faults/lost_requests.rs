//! Requests to the API server do not arrive: nobody listens, the connection is reset, or nothing
//! comes back.

use super::{Kind, lasts, whose};
use crate::api::{Lost, Trouble};

const NAME: &str = "lost requests";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 5,
    lasts: lasts(20, 300),
    subject: |_, rng| {
        let how = whose::one(rng, &["refused", "reset", "silence"]);
        format!("{} {how}", whose::requests(rng, 5..=50))
    },
    begin: |stage, subject| {
        whose::begin(stage, NAME, subject, Trouble::RequestLost(how(whose::rest(subject))));
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};

/// How something is lost.
pub(super) fn how(word: &str) -> Lost {
    match word {
        "refused" => Lost::Refused,
        "reset" => Lost::Reset,
        _ => Lost::Silence,
    }
}

//! The API server does what is asked, and its answers do not come back: the connection is reset,
//! or nothing comes.

use super::{Kind, lasts, lost_requests, whose};
use crate::api::Trouble;

const NAME: &str = "lost answers";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 6,
    lasts: lasts(20, 300),
    subject: |_, rng| {
        let how = whose::one(rng, &["reset", "silence"]);
        format!("{} {how}", whose::requests(rng, 5..=50))
    },
    begin: |stage, subject| {
        let trouble = Trouble::AnswerLost(lost_requests::how(whose::rest(subject)));
        whose::begin(stage, NAME, subject, trouble);
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};

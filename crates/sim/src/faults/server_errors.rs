//! The API server answers with an error of its own, 500, 503 or 504, to what it did not do or to
//! what it did.

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "server errors";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 6,
    lasts: lasts(20, 300),
    subject: |_, rng| {
        let (code, landed) =
            (whose::one(rng, &["500", "503", "504"]), whose::one(rng, &["landed", "in vain"]));
        format!("{} {code} {landed}", whose::requests(rng, 5..=60))
    },
    begin: |stage, subject| {
        let (code, landed) = whose::rest(subject).split_once(' ').unwrap_or_default();
        let trouble = Trouble::Failing { code: code.parse().unwrap_or(500), landed: landed == "landed" };
        whose::begin(stage, NAME, subject, trouble);
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};

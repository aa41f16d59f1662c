//! Services are led to an API server whose cache stands still, some changes back: watches begin
//! there, and so do reads that do not insist on the newest state. With `quorum`, even those do.

use rand::RngExt;

use super::{Kind, lasts, whose};
use crate::api::Trouble;

const NAME: &str = "stale reads";

pub(super) const KIND: Kind = Kind {
    name: NAME,
    weight: 6,
    lasts: lasts(10, 300),
    subject: |_, rng| {
        let (client, back) =
            (whose::one(rng, &["healer-0", "healer-1", "monitor", "all"]), rng.random_range(0..300));
        let quorum = if rng.random_bool(0.3) { " quorum" } else { "" };
        format!("{client} all 100% {back} back{quorum}")
    },
    begin: |stage, subject| {
        let rest = whose::rest(subject);
        let back: u64 = rest.split(' ').next().and_then(|back| back.parse().ok()).unwrap_or(0);
        let revision = stage.registry().storage().revision().saturating_sub(back);
        let stale = Trouble::Stale { revision, even_quorum: rest.ends_with("quorum") };
        // Whoever has a connection to the other server loses it.
        let wrong = [stale, Trouble::WatchesBroken].map(|trouble| whose::of(subject, trouble));
        stage.switched().on(NAME, subject, wrong);
    },
    end: |stage, subject| whose::end(stage, NAME, subject),
};

//! Two parties cannot reach each other.

use rand::RngExt;

use super::{Kind, Stage, lasts};

/// Who may be cut off from whom.
const PAIRS: [(&str, &str); 8] = [
    ("healer-0", "api"),
    ("healer-1", "api"),
    ("monitor", "api"),
    ("monitor", "alerter"),
    ("monitor", "healer-0"),
    ("monitor", "healer-1"),
    ("healer-0", "alerter"),
    ("healer-1", "alerter"),
];

pub(super) const KIND: Kind = Kind {
    name: "partition",
    weight: 10,
    lasts: lasts(10, 400),
    subject: |_, rng| {
        let (from, to) = PAIRS[rng.random_range(0..PAIRS.len())];
        format!("{from} {to}")
    },
    begin: |stage, subject| set(stage, subject, true),
    end: |stage, subject| set(stage, subject, false),
};

fn set(stage: &Stage, subject: &str, is_cut: bool) {
    if let Some((from, to)) = subject.split_once(' ') {
        stage.weather().change(from, to, |way| way.is_cut = is_cut);
    }
}

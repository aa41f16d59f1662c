//! The alerter's journal cannot be written: its disk is full.

use super::{Kind, lasts};

pub(super) const KIND: Kind = Kind {
    name: "store",
    weight: 5,
    lasts: lasts(10, 300),
    subject: |_, _| "full".to_owned(),
    begin: |stage, _| {
        stage.staff().journal().fail(Some(alerter::store::Error::Full { path: "/journal".into() }));
    },
    end: |stage, _| stage.staff().journal().fail(None),
};

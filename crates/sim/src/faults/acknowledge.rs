//! A person takes on what fires, the first issue that nobody has taken on yet.

use super::{Kind, lasts};

pub(super) const KIND: Kind = Kind {
    name: "acknowledge",
    weight: 6,
    lasts: lasts(1, 5),
    subject: |_, _| "what fires".to_owned(),
    begin: |stage, _| stage.acknowledge(),
    end: |_, _| {},
};

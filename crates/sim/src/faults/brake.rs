//! Somebody pulls the Brake, or deletes it, and mends it later.

use rand::RngExt;

use super::{Kind, lasts};

pub(super) const KIND: Kind = Kind {
    name: "brake",
    weight: 6,
    lasts: lasts(20, 600),
    subject: |_, rng| if rng.random_bool(0.7) { "pulled".to_owned() } else { "deleted".to_owned() },
    begin: |stage, subject| if subject == "pulled" { stage.set_brake(true) } else { stage.delete_brake() },
    end: |stage, _| stage.set_brake(false),
};

//! The registry that all images come from does not answer: what is started anew does not start.

use super::{Kind, lasts};

pub(super) const KIND: Kind = Kind {
    name: "image registry",
    weight: 4,
    lasts: lasts(60, 900),
    subject: |_, _| "registry.test".to_owned(),
    begin: |stage, host| stage.kubelets().registry_down(host),
    end: |stage, host| stage.kubelets().registry_up(host),
};

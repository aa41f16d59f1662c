//! A pod of payments hangs, and a person is asked.

use std::time::Duration;

use super::{Chapter, hang};

const PAYMENTS: &str = "Deployment/pay/payments";

pub(super) const CHAPTER: Chapter = Chapter {
    name: "payment",
    title: "Payments: it asks first",
    befalls: "A pod of payments hangs. The policy there says: ask first.",
    look_for: "The plan waits: a allows, x forbids. In the end the person on call says yes.",
    mended: "",
    at: Duration::from_secs(740),
    lasts: Duration::from_mins(4),
    subjects: &[PAYMENTS],
    begin: |stage| hang(stage, PAYMENTS, 1),
    end: |_| {},
};

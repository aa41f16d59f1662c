//! A pod of payments hangs, and a person is asked.

use std::time::Duration;

use super::{Chapter, hang};

const PAYMENTS: &str = "Deployment/pay/payments";

pub(super) const CHAPTER: Chapter = Chapter {
    name: "payment",
    title: "Where money is concerned, it asks",
    befalls: "A pod of payments hangs. The policy for that namespace says: ask first.",
    look_for: "The plan waits for a person. Say yes or no; after three minutes of the story the person on call says \
               yes.",
    mended: "",
    at: Duration::from_secs(740),
    lasts: Duration::from_secs(240),
    subjects: &[PAYMENTS],
    begin: |stage| hang(stage, PAYMENTS, 1),
    end: |_| {},
};

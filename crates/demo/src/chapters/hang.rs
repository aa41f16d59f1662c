//! A pod hangs, and is replaced.

use std::time::Duration;

use super::{Chapter, hang};

const WEB: &str = "Deployment/shop/web";

pub(super) const CHAPTER: Chapter = Chapter {
    name: "hang",
    title: "A pod hangs",
    befalls: "One of web's twelve pods deadlocks: it runs, and answers nobody.",
    look_for: "Found, evicted, its successor watched. Nobody is paged.",
    mended: "",
    at: Duration::from_secs(2),
    lasts: Duration::from_secs(90),
    subjects: &[WEB],
    begin: |stage| hang(stage, WEB, 1),
    end: |_| {},
};

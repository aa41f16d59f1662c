//! A pod hangs, and is replaced.

use std::time::Duration;

use super::{Chapter, hang};

const WEB: &str = "Deployment/shop/web";

pub(super) const CHAPTER: Chapter = Chapter {
    name: "hang",
    title: "A pod hangs",
    befalls: "One of web's twelve pods deadlocks: it runs, and answers nobody. Kubernetes has no reason to restart it.",
    look_for: "It is found, its evidence is kept, it is evicted, and its successor is watched. Nobody is paged.",
    mended: "",
    at: Duration::from_secs(2),
    lasts: Duration::from_secs(90),
    subjects: &[WEB],
    begin: |stage| hang(stage, WEB, 1),
    end: |_| {},
};

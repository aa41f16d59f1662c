//! A version that leaks memory: new pods do not help, and that is noticed.

use std::time::Duration;

use super::Chapter;

const IMAGES: &str = "Deployment/shop/images";

pub(super) const CHAPTER: Chapter = Chapter {
    name: "memory",
    title: "A leak no restart mends",
    befalls: "A version of images leaks: its pods are killed again and again.",
    look_for: "A new pod fares no better, so it stops, says why, and tells a person.",
    mended: "images' owner rolls out a version that does not leak",
    at: Duration::from_secs(1050),
    lasts: Duration::from_mins(4),
    subjects: &[IMAGES],
    begin: |stage| stage.behave(IMAGES, "oom-after=20s"),
    end: |stage| stage.behave(IMAGES, "healthy"),
};

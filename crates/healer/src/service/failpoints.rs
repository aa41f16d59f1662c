//! Places where the end-to-end suite ends or stops the process: between an intent and its effect,
//! and between an effect and its status. In a build without the feature `failpoints` they are
//! nothing.

/// An intent is written, nothing is sent.
pub(super) const AFTER_INTENT: &str = "after-intent";
/// An effect was sent and answered, nothing is recorded.
pub(super) const AFTER_EFFECT: &str = "after-effect";

/// Passes a place.
#[cfg(not(feature = "failpoints"))]
#[inline]
pub(super) fn reach(_: &'static str) {}

/// Passes a place, unless `SEAWORTHY_FAILPOINT` names it: `after-intent:exit` ends the process
/// there at once, `after-intent:stop` stops it (SIGSTOP) the first time it comes by.
#[cfg(feature = "failpoints")]
pub(super) fn reach(place: &'static str) {
    use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
    static STOPPED: AtomicBool = AtomicBool::new(false);
    let asked = std::env::var("SEAWORTHY_FAILPOINT").unwrap_or_default();
    let Some((_, what)) = asked.split_once(':').filter(|(name, _)| *name == place) else { return };
    if what == "exit" {
        std::process::exit(86);
    }
    if what == "stop" && !STOPPED.swap(true, SeqCst) {
        let own = std::process::id().to_string();
        let stopped = std::process::Command::new("kill").args(["-STOP", &own]).status();
        tracing::warn!(place, ?stopped, "stopped here, and was continued");
    }
}

//! Deliberate defects, for the simulator: rules that are not asked, so that it shows whether anybody
//! notices. What stands behind such a rule elsewhere in the healer, so that one mistake does no
//! harm, goes with it. In a build without the feature `defects` there are none, and nothing that a
//! configuration or an environment says brings one about.

/// Whether a rule is passed over.
#[cfg(not(feature = "defects"))]
#[inline]
pub(crate) fn is_skipped(_: &str) -> bool {
    false
}

#[cfg(feature = "defects")]
mod switched_on {
    use std::cell::RefCell;

    std::thread_local! {
        static SKIPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
    }

    /// Passes over these rules, and no others, in everything that this thread decides from now on.
    /// The simulator plays one run in one thread.
    pub fn skip(rules: Vec<&'static str>) {
        SKIPPED.set(rules);
    }

    /// Whether a rule is passed over.
    pub(crate) fn is_skipped(rule: &str) -> bool {
        SKIPPED.with_borrow(|skipped| skipped.contains(&rule))
    }
}

#[cfg(feature = "defects")]
pub(crate) use switched_on::is_skipped;
#[cfg(feature = "defects")]
pub use switched_on::skip;

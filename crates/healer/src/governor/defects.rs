//! Deliberate defects, for the simulator: a rule that is not asked, so that it shows whether
//! anybody notices. In a build without the feature `defects` there are none, and nothing that a
//! configuration or an environment says brings one about.

/// Whether a rule is passed over.
#[cfg(not(feature = "defects"))]
#[inline]
pub(super) fn is_skipped(_: &str) -> bool {
    false
}

#[cfg(feature = "defects")]
mod switched_on {
    use std::cell::RefCell;

    std::thread_local! {
        static SKIPPED: RefCell<Option<String>> = const { RefCell::new(None) };
    }

    /// Passes over a rule, in everything that this thread decides from now on; `None`: over none.
    /// The simulator plays one run in one thread.
    pub fn skip(rule: Option<&str>) {
        SKIPPED.set(rule.map(str::to_owned));
    }

    /// Whether a rule is passed over.
    pub(in crate::governor) fn is_skipped(rule: &str) -> bool {
        SKIPPED.with_borrow(|skipped| skipped.as_deref() == Some(rule))
    }
}

#[cfg(feature = "defects")]
pub(super) use switched_on::is_skipped;
#[cfg(feature = "defects")]
pub use switched_on::skip;

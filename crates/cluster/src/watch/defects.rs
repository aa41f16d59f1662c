//! A deliberate defect, for the simulator: a watch that never lists anew, so that it shows whether
//! anybody notices. In a build without the feature `defects` there is none, and nothing that a
//! configuration or an environment says brings it about.

/// Whether what was told is taken for all that happened.
#[cfg(not(feature = "defects"))]
#[inline]
pub(super) fn never_lists_anew() -> bool {
    false
}

#[cfg(feature = "defects")]
mod switched_on {
    use std::cell::Cell;

    std::thread_local! {
        static NEVER: Cell<bool> = const { Cell::new(false) };
    }

    /// Lets no watch of this thread list anew from now on, or all again. The simulator plays one
    /// run in one thread.
    pub fn never_list_anew(is_on: bool) {
        NEVER.set(is_on);
    }

    /// Whether what was told is taken for all that happened.
    pub(in crate::watch) fn never_lists_anew() -> bool {
        NEVER.get()
    }
}

#[cfg(feature = "defects")]
pub use switched_on::never_list_anew;
#[cfg(feature = "defects")]
pub(super) use switched_on::never_lists_anew;

//! Where things are.

use std::path::{Path, PathBuf};

/// The repository's top folder.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask lies in the repository").to_path_buf()
}

/// What cargo builds into.
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// The profile of what is shipped, which is also the folder that cargo builds it into.
pub(crate) const SHIPPED: &str = "dist";

/// What the chores keep: logs, images, state of the testbed.
pub(crate) fn kept() -> PathBuf {
    target().join("xtask")
}

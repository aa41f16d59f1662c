//! Whether the disk has room for what a run builds.

use std::path::Path;

const GIB: u64 = 1 << 30;

/// What a whole run from nothing writes, seen at the end of one and a little more: 10 GiB below the repository, for builds
/// in four profiles and the testbed, and 9 GiB in Go's caches.
const WHOLE_RUN: u64 = 20 * GIB;

/// Says so when the disk is likely to be full before the end of a run, or was: before the work, and below failures, which
/// may be of that. What was built before takes no room twice, so it is a note and no refusal.
pub(super) fn note(folder: &Path) {
    let Ok(disk) = rustix::fs::statvfs(folder) else { return };
    if let Some(note) = short(disk.f_bavail.saturating_mul(disk.f_frsize)) {
        println!("NOTE {note} ({})", folder.display());
    }
}

fn short(free: u64) -> Option<String> {
    let gib = |bytes: u64| bytes.div_ceil(GIB);
    (free < WHOLE_RUN).then(|| {
        format!(
            "less than {} GiB are free, and a whole run from nothing writes up to {} GiB: builds may end with \"No space \
             left on device\", and nodes of the testbed, whose disks lie there, break",
            gib(free),
            gib(WHOLE_RUN)
        )
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_that_is_nearly_full_is_said_before_the_work() {
        assert_eq!(short(WHOLE_RUN), None);
        assert!(short(3 * GIB).is_some_and(|note| note.contains("less than 3 GiB are free")));
    }
}

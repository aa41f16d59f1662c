//! Files of the demo's own: nothing else is written over, and nobody else reads them.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;

/// How a file begins by which another demo knows that it may be written over.
pub(super) const MARK: &str = "# Written by `seaworthy demo`, and removed when it ends.\n";

/// Whether there is nothing, or what an earlier demo has left.
pub(super) fn may_be_written(path: &Path) -> io::Result<bool> {
    match fs::symlink_metadata(path) {
        // A pipe that nobody writes to would be waited for.
        Ok(known) if !known.is_file() => return Ok(false),
        Ok(_) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(true),
        Err(error) => return Err(error),
    }
    let mut begin = Vec::new();
    fs::File::open(path)?.take(MARK.len() as u64).read_to_end(&mut begin)?;
    Ok(begin == MARK.as_bytes())
}

/// Creates the file, readable for its owner alone from its first moment.
pub(super) fn create(path: &Path, contents: &str) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(contents.as_bytes())
}

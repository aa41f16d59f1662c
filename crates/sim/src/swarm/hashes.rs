//! The hashes of some seeds as a file: what one build has played, another must play to the byte.

use std::fmt::Write;
use std::path::Path;

use crate::run::plan::Plan;
use crate::run::play::play;
use crate::trace::Keep;

/// Plays seeds and writes their hashes to a file, a line each.
pub fn write(path: &Path, seeds: impl Iterator<Item = u64>) -> Result<(), String> {
    let mut text = String::new();
    for seed in seeds {
        let _ = writeln!(text, "{seed} {}", hash(seed)?);
    }
    std::fs::write(path, text).map_err(|error| format!("{}: {error}", path.display()))
}

/// Plays the seeds of such a file again. Returns how many there are if all are the same.
pub fn compare(path: &Path) -> Result<usize, String> {
    let text = std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut same = 0;
    for line in text.lines() {
        let unreadable = || format!("{}: {line:?} is no seed with its hash", path.display());
        let (seed, known) = line.split_once(' ').ok_or_else(unreadable)?;
        let seed = seed.parse().map_err(|_| unreadable())?;
        let hash = hash(seed)?;
        if hash != known {
            return Err(format!(
                "seed {seed} is {hash} here and {known} there; compare the traces of `swarm --seed {seed}`"
            ));
        }
        same += 1;
    }
    if same == 0 { Err(format!("{} holds no hashes", path.display())) } else { Ok(same) }
}

fn hash(seed: u64) -> Result<String, String> {
    let report = play(&Plan::draw(seed), Keep::Nothing, None).map_err(|error| error.to_string())?;
    Ok(report.hash)
}

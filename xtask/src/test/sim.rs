//! Simulated clusters: the recorded runs, a crash of each service at each of its requests, seeds that are always the
//! same and played twice, so that what fails was broken by the change, the same trace from two builds, and then the
//! commit's own seeds, which nobody has played before it.

use super::step::Steps;
use crate::process::cargo;
use crate::swarm;
use crate::tree;
use anyhow::Result;
use std::process::Command;

/// Which seeds are always the same: those from this on, so many.
const FIRST: &str = "101";
const SEEDS: &str = "100";

/// Of these, so many are also played without optimisation, where a seed takes ten times as long.
const COMPARED: &str = "10";

/// Fresh seeds, and for how long at most: a machine that is too slow for all of them says how many it left out.
const FRESH: &str = "1000";
const MINUTES: &str = "5";

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    steps.one("recorded runs", swarm::command().args(["--recorded", "crates/sim/seeds"]))?;
    steps.one("crashes", swarm::command().args(["--sweep", "all"]))?;
    steps.one("seeds", swarm::command().args(["--first", FIRST, "--seeds", SEEDS, "--twice-every", "1"]))?;
    builds(steps)?;
    let mut fresh = swarm::command();
    fresh.args(["--seeds", FRESH, "--minutes", MINUTES]);
    if let Some(first) = first_of_commit() {
        fresh.args(["--first", &first.to_string()]);
    }
    steps.one("fresh seeds", &mut fresh)
}

/// Where the commit's own seeds begin: a commit that fails can be played again by anybody, and the next one plays others.
/// Nothing outside of a git checkout; the swarm then draws its own.
fn first_of_commit() -> Option<u64> {
    let asked = Command::new("git").args(["rev-parse", "HEAD"]).current_dir(tree::root()).output().ok()?;
    let hash = String::from_utf8(asked.stdout).ok()?;
    // As many digits as people use to name a commit, so that seeds can be read and typed.
    u64::from_str_radix(hash.get(..7)?, 16).ok()
}

/// One seed, one trace: with optimisation and without.
fn builds(steps: &mut Steps) -> Result<()> {
    let hashes = tree::kept().join("hashes");
    let mut play = swarm::command();
    play.args(["--first", FIRST, "--seeds", COMPARED, "--write-hashes"]).arg(&hashes);
    steps.prepare("hashes", &mut play)?;
    // Of the whole workspace, as the unit tests: so that cargo takes what it has compiled for them.
    let mut compare = cargo();
    compare.args(["test", "--workspace", "--exclude", "e2e", "--test", "builds"]);
    steps.counted("another build", compare.env("SEAWORTHY_SIM_HASHES", &hashes))
}

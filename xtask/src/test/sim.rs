//! Simulated clusters: the recorded runs, a crash of a healer at each of its requests, seeds that are always the same,
//! so that what fails was broken by the change, and the same trace from two builds. New ones are for `cargo xtask swarm`.

use super::step::Steps;
use crate::process::cargo;
use crate::swarm;
use crate::tree;
use anyhow::Result;

/// Which seeds are always the same: those from this on, so many.
const FIRST: &str = "101";
const SEEDS: &str = "100";

/// Of these, so many are also played without optimisation, where a seed takes ten times as long.
const COMPARED: &str = "4";

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    steps.one("recorded runs", swarm::command().args(["--recorded", "crates/sim/seeds"]))?;
    let healers = ["--sweep", "healer-0,healer-1", "--scene", "deadlock"];
    steps.one("crashes", swarm::command().args(healers))?;
    steps.one("seeds", swarm::command().args(["--first", FIRST, "--seeds", SEEDS]))?;
    builds(steps)
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

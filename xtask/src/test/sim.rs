//! Simulated clusters: the recorded runs, then seeds that are always the same, so that what fails was broken by the
//! change. New ones are for `cargo xtask swarm`.

use super::step::Steps;
use crate::swarm;
use anyhow::Result;

/// Which seeds: those from this on, so many; about half a minute on two cores.
const FIRST: &str = "101";
const SEEDS: &str = "100";

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    steps.one("recorded runs", swarm::command().args(["--recorded", "crates/sim/seeds"]))?;
    steps.one("seeds", swarm::command().args(["--first", FIRST, "--seeds", SEEDS]))
}

//! Simulated clusters: the recorded runs, then fresh seeds for as long as the budget lasts.

use super::step::Steps;
use crate::swarm;
use anyhow::Result;

/// Most fresh seeds, and the most minutes for them: the simulator's share of the whole.
const SEEDS: &str = "1000";
const MINUTES: &str = "5";

pub(super) fn run(steps: &mut Steps) -> Result<()> {
    steps.one("recorded seeds", swarm::command().args(["--recorded", "crates/sim/seeds"]))?;
    steps.one("fresh seeds", swarm::command().args(["--seeds", SEEDS, "--minutes", MINUTES]))
}

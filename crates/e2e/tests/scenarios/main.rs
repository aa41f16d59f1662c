//! The scenarios, each in a file of its own, on a real cluster with real containers.
//!
//! They run inside of a testbed: `cargo xtask test real`.

use std::path::Path;
use std::process::ExitCode;

use e2e::row;
use e2e::scenario::Scenario;

mod bed;

/// Every scenario. Those that run beside each other come first.
const SCENARIOS: &[Scenario] = &[row!(Alone bed)];

fn main() -> ExitCode {
    e2e::runner::main(SCENARIOS, Path::new(env!("CARGO_TARGET_TMPDIR")))
}

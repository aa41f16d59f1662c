//! The alerter beside those it works with: Prometheus, amtool, a mail server, receivers of all kinds.
//!
//! They run inside of a testbed: `cargo xtask test peers`.

use std::path::Path;
use std::process::ExitCode;

use e2e::row;
use e2e::runner::Suite;
use e2e::scenario::Scenario;

mod mail;
mod prometheus_amtool_mail;
mod stubborn_receivers;

/// Every one of them.
const SCENARIOS: &[Scenario] = &[
    row!(Alone prometheus_amtool_mail, "programs of others"),
    row!(Alone mail, "a real mail server"),
    row!(Alone stubborn_receivers, "what real connections do"),
];

/// Nothing here runs in a container.
const REAL_NODES_MIN: usize = 0;

fn main() -> ExitCode {
    let suite = Suite { scenarios: SCENARIOS, real_nodes_min: REAL_NODES_MIN, page: None };
    e2e::runner::main(&suite, Path::new(env!("CARGO_TARGET_TMPDIR")))
}

//! The scenarios, each in a file of its own, on a real cluster with real containers.
//!
//! They run inside of a testbed: `cargo xtask test real`.

use std::path::Path;
use std::process::ExitCode;

use e2e::row;
use e2e::scenario::Scenario;

mod alerter_killed;
mod api_server_restarted;
mod approval;
mod bad_image;
mod bed;
mod brake;
mod commands;
mod connections;
mod deadlock;
mod denied_watch;
mod drained_node;
mod every_node_check;
mod every_pod_check;
mod excluded;
mod forgotten;
mod frozen_kubelet;
mod granted_rights;
mod healer_silent;
mod in_a_pod;
mod leader_lost;
mod missing_kinds;
mod most_nodes_frozen;
mod never_helps;
mod no_room;
mod odd_policies;
mod oom_kill;
mod policies;
mod rollout_restart;
mod rotation;
mod skewed_lease;
mod through_the_proxy;
mod watched_lists;

use leader_lost::{
    leader_frozen_after_effect, leader_frozen_before_effect, leader_killed_after_effect,
    leader_killed_before_effect,
};

/// Every scenario. Those that run beside each other come first, the longest of them before the others.
const SCENARIOS: &[Scenario] = &[
    row!(Beside forgotten),
    row!(Beside rollout_restart),
    row!(Beside never_helps),
    row!(Beside excluded),
    row!(Beside bad_image),
    row!(Beside no_room),
    row!(Beside every_pod_check),
    row!(Beside commands),
    row!(Beside watched_lists),
    row!(Beside deadlock),
    row!(Beside approval),
    row!(Beside oom_kill),
    row!(Beside odd_policies),
    row!(Beside connections),
    row!(Alone bed),
    row!(Alone missing_kinds),
    row!(Alone alerter_killed),
    row!(Alone leader_killed_before_effect),
    row!(Alone leader_killed_after_effect),
    row!(Alone leader_frozen_before_effect),
    row!(Alone leader_frozen_after_effect),
    row!(Alone healer_silent),
    row!(Alone brake),
    row!(Alone api_server_restarted),
    row!(Alone in_a_pod),
    row!(Alone rotation),
    row!(Alone through_the_proxy),
    row!(Alone denied_watch),
    row!(Alone skewed_lease),
    row!(Alone every_node_check),
    row!(Alone frozen_kubelet),
    row!(Alone drained_node),
    row!(Alone most_nodes_frozen),
    row!(Alone granted_rights),
];

/// Two of them may fail, and one is left for pods to go to.
const REAL_NODES_MIN: usize = 3;

fn main() -> ExitCode {
    e2e::runner::main(SCENARIOS, REAL_NODES_MIN, Path::new(env!("CARGO_TARGET_TMPDIR")))
}

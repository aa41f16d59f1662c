//! The scenarios, each in a file of its own, on a real cluster with real containers.
//!
//! They run inside of a testbed: `cargo xtask test real`.

use std::path::Path;
use std::process::ExitCode;

use e2e::row;
use e2e::runner::Suite;
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
    row!(Beside forgotten, "what is cleared away, and when; nothing is decided in it that deadlock does not have"),
    row!(Beside rollout_restart, simulated),
    row!(Beside never_helps, simulated),
    row!(Beside excluded, simulated),
    row!(Beside bad_image, simulated),
    row!(Beside no_room, simulated),
    row!(Beside every_pod_check, "the facts that a real kubelet tells of real containers: last words, limits, exit codes"),
    row!(Beside commands, "the commands of the program, as processes"),
    row!(Beside watched_lists, "the commands of the program, as processes"),
    row!(Beside deadlock, simulated),
    row!(Beside approval, simulated),
    row!(Beside oom_kill, simulated),
    row!(Beside odd_policies, simulated),
    row!(Beside connections, "TLS, kubeconfigs and addresses"),
    row!(Alone bed, "the testbed itself"),
    row!(Alone missing_kinds, "the program as a process, and its exit code"),
    row!(Alone alerter_killed, simulated),
    row!(Alone leader_killed_before_effect, simulated),
    row!(Alone leader_killed_after_effect, simulated),
    row!(Alone leader_frozen_before_effect, simulated),
    row!(Alone leader_frozen_after_effect, simulated),
    row!(Alone healer_silent, simulated),
    row!(Alone brake, simulated),
    row!(Alone api_server_restarted, simulated),
    row!(Alone in_a_pod, "an image, pods and their tokens"),
    row!(Alone rotation, "TLS and files"),
    row!(Alone through_the_proxy, "the testbed's proxy; the simulator's swarm has slow and failing ways of its own"),
    row!(Alone denied_watch, "the program as a process, and its exit code"),
    row!(Alone skewed_lease, "the testbed's proxy; the simulator's swarm lets clocks jump"),
    row!(Alone every_node_check, "the facts that a real kubelet tells of a real node"),
    row!(Alone frozen_kubelet, simulated),
    row!(Alone drained_node, simulated),
    row!(Alone most_nodes_frozen, simulated),
    row!(Alone granted_rights, "the audit log over the whole suite"),
];

/// Two of them may fail, and one is left for pods to go to.
const REAL_NODES_MIN: usize = 3;

/// What simulated and real clusters come to.
const PAGE: &str = include_str!("../../../../docs/truth.md");

fn main() -> ExitCode {
    let suite = Suite { scenarios: SCENARIOS, real_nodes_min: REAL_NODES_MIN, page: Some(PAGE) };
    e2e::runner::main(&suite, Path::new(env!("CARGO_TARGET_TMPDIR")))
}

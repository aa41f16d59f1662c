//! The table of commands against a real cluster. What kubectl says of it is held against the table, and
//! then, by its shape, against what it says of a simulated one. Runs inside of a testbed with three real
//! nodes, as a stage of `cargo xtask test real`; elsewhere it says that it was skipped.

mod command;
mod commands;
mod differences;
mod kubectl;
mod shape;
mod simulated;

use std::path::Path;

#[test]
fn kubectl_says_the_same_of_a_real_cluster() {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let (Some(_), Some(config), Some(kubectl)) =
        (variable("SEAWORTHY_TESTBED"), variable("KUBECONFIG"), kubectl::find())
    else {
        kubectl::skipped("kubectl_says_the_same_of_a_real_cluster");
        return;
    };
    let commands: Vec<_> = commands::all().into_iter().filter(command::Command::is_of_both).collect();
    let simulated = simulated::Cluster::start();
    let of_simulated = command::play(&kubectl.at(&simulated.kubeconfig()), &commands);
    let of_real = command::play(&kubectl.at(Path::new(&config)), &commands);
    let mut found = Vec::new();
    for (simulated, real) in of_simulated.iter().zip(&of_real) {
        found.extend(real.complaints());
        found.extend(differences::between(&real.what, &simulated.shape, &real.shape));
    }
    assert!(found.is_empty(), "{} differences:\n{}", found.len(), found.join("\n"));
}

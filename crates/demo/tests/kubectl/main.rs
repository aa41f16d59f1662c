//! kubectl, the real one, on a simulated cluster behind the door: the table of commands in `commands.rs`,
//! which a real cluster is held to as well: see `real.rs`.

mod command;
mod commands;
mod kubectl;
mod shape;
mod simulated;
mod watches;

use watches::Watch;

#[test]
fn kubectl_works_on_a_simulated_cluster() {
    let Some(kubectl) = kubectl::find() else {
        kubectl::skipped("kubectl_works_on_a_simulated_cluster");
        return;
    };
    let cluster = simulated::Cluster::start();
    let commands = commands::all();
    let of_both = commands.iter().filter(|command| command.is_of_both()).count();
    assert!(of_both * 10 > commands.len() * 9, "nearly all of them are held against a real cluster, too");
    let done = command::play(&kubectl.at(&cluster.kubeconfig()), &commands);
    let faults: Vec<String> = done.iter().flat_map(command::Done::complaints).collect();
    assert!(faults.is_empty(), "{} faults:\n{}", faults.len(), faults.join("\n"));
}

/// A console of the field: everything that is served, and a watch for each kind at once.
#[test]
fn a_watch_for_each_kind_at_once_does_no_harm() {
    let Some(kubectl) = kubectl::find() else {
        kubectl::skipped("a_watch_for_each_kind_at_once_does_no_harm");
        return;
    };
    let cluster = simulated::Cluster::start();
    let kubectl = kubectl.at(&cluster.kubeconfig());
    let kinds = kubectl.run("api-resources --verbs=watch -o name", "").stdout;
    let kinds: Vec<&str> = kinds.lines().collect();
    assert!(kinds.len() > 25, "{kinds:?}");
    let mut watches: Vec<Watch> = kinds.iter().map(|kind| Watch::start(&kubectl, kind)).collect();
    let made = kubectl.run("create configmap seen --from-literal=a=b", "");
    assert_eq!(made.code, 0, "{}", made.stderr);
    let own = kinds.iter().position(|kind| *kind == "configmaps").expect("configmaps are watched");
    assert!(watches[own].says("seen"), "the watch of configmaps tells of one");
    let ended: Vec<_> = kinds
        .iter()
        .zip(&mut watches)
        .filter_map(|(kind, watch)| (!watch.is_open()).then_some(kind))
        .collect();
    assert!(ended.is_empty(), "watches ended: {ended:?}");
}

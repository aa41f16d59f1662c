//! An arrow never points up.

use crate::{expect_nothing, metadata};
use cargo_metadata::DependencyKind;

/// Each crate and which of ours it may use. Services never stand in each other's list.
const MAY_USE: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("environment", &[]),
    ("net", &["model", "environment"]),
    ("cluster", &["model", "environment"]),
    ("monitor", &["model", "environment", "net", "cluster"]),
    ("healer", &["model", "environment", "net", "cluster"]),
    // No `cluster`: nothing on the paging path needs the Kubernetes API.
    ("alerter", &["model", "environment", "net"]),
    ("seaworthy", &["model", "environment", "net", "cluster", "monitor", "healer", "alerter", "demo"]),
    // They run the services, and nothing of them runs these.
    ("demo", &["model", "environment", "net", "sim"]),
    ("sim", &["model", "environment", "net", "cluster", "monitor", "healer", "alerter"]),
    ("architecture-test", &[]),
];

/// What is made of the others for tests and chores, and that no product crate may use.
const ABOVE_ALL: &[&str] = &["e2e", "xtask"];

#[test]
fn no_arrow_points_up() {
    let metadata = metadata();
    let ours: Vec<&str> = metadata.workspace_packages().iter().map(|package| package.name.as_str()).collect();
    let mut found = Vec::new();
    for package in metadata.workspace_packages() {
        let name = package.name.as_str();
        if ABOVE_ALL.contains(&name) {
            continue;
        }
        let Some((_, allowed)) = MAY_USE.iter().find(|(krate, _)| *krate == name) else {
            found.push(format!("{name} has no place in the table: say which crates it may use"));
            continue;
        };
        for dependency in &package.dependencies {
            let used = dependency.name.as_str();
            let product = dependency.kind != DependencyKind::Development;
            if product && ours.contains(&used) && !allowed.contains(&used) {
                found.push(format!("{name} uses {used}"));
            }
        }
    }
    let listed = MAY_USE.iter().map(|(krate, _)| krate).chain(ABOVE_ALL);
    found.extend(
        listed.filter(|krate| !ours.contains(krate)).map(|krate| format!("{krate} is no crate any more")),
    );
    expect_nothing("crates depend only downwards, services never on each other:", &found);
}

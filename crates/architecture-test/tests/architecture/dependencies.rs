//! Dependencies as `deny.toml` has them, checked also where cargo-deny is not installed.

use crate::{expect_nothing, licence, metadata, source};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::process::Command;

#[derive(Deserialize)]
struct Deny {
    licenses: Licenses,
    bans: Bans,
}

#[derive(Deserialize)]
struct Licenses {
    allow: Vec<String>,
}

#[derive(Deserialize)]
struct Bans {
    deny: Vec<Ban>,
}

#[derive(Deserialize)]
struct Ban {
    name: String,
    reason: String,
}

fn deny() -> Deny {
    let text = std::fs::read_to_string(source::root().join("deny.toml")).expect("deny.toml is in the tree");
    toml::from_str(&text).expect("deny.toml has lists of licences and bans")
}

/// Names and versions of all that is built, for any platform. From `cargo tree`, because `cargo metadata` lists also what
/// only a feature that nobody enables would bring.
fn built() -> Vec<(String, String)> {
    let cargo = std::env::var_os("CARGO").expect("cargo runs the tests");
    let tree = Command::new(cargo)
        .args([
            "tree",
            "--workspace",
            "--edges",
            "all",
            "--target",
            "all",
            "--prefix",
            "none",
            "--format",
            "{p}",
        ])
        .current_dir(source::root())
        .output()
        .expect("cargo tree runs");
    assert!(tree.status.success(), "cargo tree: {}", String::from_utf8_lossy(&tree.stderr));
    let lines = String::from_utf8_lossy(&tree.stdout).into_owned();
    let names: BTreeSet<(String, String)> = lines
        .lines()
        .filter_map(|line| {
            let mut words = line.split(' ');
            Some((words.next()?.to_owned(), words.next()?.to_owned()))
        })
        .collect();
    names.into_iter().collect()
}

#[test]
fn banned_crates_are_absent() {
    let (bans, built) = (deny().bans.deny, built());
    assert!(built.len() > 100, "cargo tree lists what is built");
    let found: Vec<String> = built
        .iter()
        .filter_map(|(name, version)| Some((name, version, bans.iter().find(|ban| ban.name == *name)?)))
        .map(|(name, version, ban)| format!("{name} {version}: {}", ban.reason))
        .collect();
    expect_nothing("deny.toml bans these (find who brings one with `cargo tree -i`):", &found);
}

#[test]
fn licences_are_permissive() {
    let allowed = deny().licenses.allow;
    let found: Vec<String> = metadata()
        .packages
        .iter()
        .filter(|package| !licence::permitted(package.license.as_deref().unwrap_or(""), &allowed))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.license))
        .collect();
    expect_nothing("deny.toml does not allow these licences:", &found);
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let found: Vec<String> = metadata()
        .packages
        .iter()
        .filter(|package| package.source.as_ref().is_some_and(|source| !source.is_crates_io()))
        .map(|package| format!("{} {}: {:?}", package.name, package.version, package.source))
        .collect();
    expect_nothing("only crates.io is a source:", &found);
}

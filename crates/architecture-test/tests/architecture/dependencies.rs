//! Dependencies as `deny.toml` has them, checked also where cargo-deny is not installed.

use crate::{expect_nothing, licence, metadata, source};
use serde::Deserialize;

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

#[test]
fn banned_crates_are_absent() {
    let bans = deny().bans.deny;
    let found: Vec<String> = metadata()
        .packages
        .iter()
        .filter_map(|package| Some((package, bans.iter().find(|ban| package.name.as_str() == ban.name)?)))
        .map(|(package, ban)| format!("{} {}: {}", package.name, package.version, ban.reason))
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

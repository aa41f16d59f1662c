//! One seed gives one trace in every build. `cargo xtask test sim` lets the optimised swarm write hashes down, and this
//! test, built without optimisation and with other features, play the same seeds.

use std::path::Path;

/// Names the file with the hashes.
const FILE: &str = "SEAWORTHY_SIM_HASHES";

#[test]
fn another_build_plays_the_same() {
    let file =
        std::env::var_os(FILE).unwrap_or_else(|| panic!("{FILE} names no file: `cargo xtask test sim`"));
    let same = sim::swarm::hashes::compare(Path::new(&file));
    assert!(same.is_ok(), "{same:?}");
}

//! No rule and no checker without a defect, and no defect without a run that shows it noticed.

use std::collections::BTreeSet;
use std::path::Path;

use super::TABLE;
use crate::oracles;
use crate::run::level;
use crate::run::settings::limits;
use crate::swarm;

#[test]
fn every_rule_and_every_checker_has_a_defect() {
    let names: BTreeSet<&str> = TABLE.iter().map(|defect| defect.name).collect();
    assert_eq!(names.len(), TABLE.len(), "a name is there twice");
    for rule in healer::governor::rules::TABLE {
        let own = TABLE.iter().find(|defect| defect.name == rule.name);
        assert!(own.is_some_and(|own| own.rules().contains(&rule.name)), "{} has none", rule.name);
    }
    // One compares two runs, and stands outside of both.
    let checkers = oracles::all(&limits()).into_iter().map(|(name, _)| name).chain([level::ORACLE]);
    let checkers: BTreeSet<&str> = checkers.collect();
    let noticing: BTreeSet<&str> = TABLE.iter().map(|defect| defect.noticed_by).collect();
    assert_eq!(noticing, checkers);
}

#[test]
fn every_defect_has_a_recorded_run() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    let recorded: BTreeSet<String> = std::fs::read_dir(&folder)
        .unwrap()
        .filter_map(|entry| swarm::read(&entry.unwrap().path()).unwrap().defect)
        .collect();
    let missing: Vec<&str> =
        TABLE.iter().map(|defect| defect.name).filter(|name| !recorded.contains(*name)).collect();
    assert_eq!(missing, [""; 0]);
}

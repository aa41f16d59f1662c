//! No rule and no checker without a defect, and no defect without a run that shows it noticed.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Defect, TABLE};
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
    let checkers: BTreeSet<&str> = oracles::all(&limits()).iter().map(|(name, _)| *name).collect();
    for name in &checkers {
        assert!(TABLE.iter().any(|defect| defect.noticed_by == *name), "{name} has none");
    }
    for Defect { name, noticed_by, .. } in TABLE {
        assert!(checkers.contains(noticed_by) || *noticed_by == level::ORACLE, "{name}: {noticed_by}?");
    }
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

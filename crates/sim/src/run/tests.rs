//! The whole of a run, on small plans.

use super::level;
use super::plan::{Plan, Workload};
use super::play::play;
use super::report::Report;
use crate::faults::Fault;
use crate::trace::Keep;

fn plan(faults: &[(&str, &str, u64, u64)]) -> Plan {
    let fault = |(name, subject, at_s, lasts_s): &(&str, &str, u64, u64)| Fault {
        name: (*name).to_owned(),
        subject: (*subject).to_owned(),
        at_s: *at_s,
        lasts_s: *lasts_s,
    };
    let web = Workload {
        kind: "Deployment".to_owned(),
        namespace: "shop".to_owned(),
        name: "web".to_owned(),
        replicas: 4,
        budget: None,
    };
    let faults = faults.iter().map(fault).collect();
    let (storm_s, calm_s) = (400, 900);
    Plan { seed: 1, nodes: 4, zones: 2, workloads: vec![web], faults, storm_s, calm_s, ..Plan::default() }
}

fn played(faults: &[(&str, &str, u64, u64)]) -> Report {
    let report = play(&plan(faults), Keep::All, None).expect("it can be played");
    assert_eq!(report.violations, [], "{}", report.trace.join("\n"));
    report
}

fn count(report: &Report, text: &str) -> usize {
    report.trace.iter().filter(|line| line.contains(text)).count()
}

#[test]
fn a_pod_that_hangs_is_evicted_once_and_the_same_in_every_run() {
    let faults = [("deadlock", "Deployment/shop/web 1", 20, 1)];
    let report = played(&faults);
    assert_eq!(count(&report, "/eviction?"), 1);
    assert_eq!(report.coverage.effects["Evict pods"], 1);
    let again = played(&faults);
    assert_eq!((report.hash, report.lines), (again.hash, again.lines));
    assert_ne!(report.lines, played(&[]).lines);
}

#[test]
fn a_leader_that_crashes_is_succeeded_by_the_other() {
    let report = played(&[
        ("deadlock", "Deployment/shop/web 1", 20, 1),
        ("service crash", "healer-0 after 3", 21, 1),
        ("service crash", "healer-1 after 3", 21, 1),
    ]);
    assert!(count(&report, " crashed") >= 2, "both crash at a request");
    assert_eq!(report.coverage.effects["Evict pods"], 1);
}

#[test]
fn a_frozen_node_is_quarantined_and_released() {
    let report = played(&[("frozen nodes", "n-3", 20, 250)]);
    assert_eq!(report.coverage.effects["Change nodes"], 2);
    assert!(report.coverage.messages > 0, "somebody was told");
}

/// A pod hangs, and from when that is known nothing is told of how it is healed.
const UNTOLD: [(&str, &str, u64, u64); 2] =
    [("deadlock", "Deployment/shop/web 1", 20, 1), ("dropped events", "all all 100%", 40, 60)];

#[test]
fn what_was_not_told_is_found_out_in_the_end() {
    let report = played(&UNTOLD);
    assert_eq!(level::check(&report, None).expect("it can be played"), None);
}

#[cfg(feature = "defects")]
#[test]
fn services_that_trust_what_they_are_told_are_noticed() {
    let defect = super::defect::get("lists never made anew");
    let report = play(&plan(&UNTOLD), Keep::Nothing, defect).expect("it can be played");
    let found = level::check(&report, defect).expect("it can be played");
    assert!(found.is_some(), "{:?}", report.ending);
}

#[test]
fn an_unknown_fault_is_left_out() {
    assert_eq!(played(&[("no such fault", "", 20, 1)]).hash, played(&[]).hash);
}

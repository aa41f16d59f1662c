//! One helper for all checks: objects in, a verdict out.

use model::config::monitor::{Checks, MonitorConfig};

use super::{ALL, Context, Finding, Verdict};
use crate::world::{Change, Settings, Touched, World};

pub(crate) use crate::fixtures::*;

/// What a check should say.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Expect {
    Healthy,
    /// Healthy; to be looked at again after so many seconds.
    HealthyFor(i64),
    /// Wrong in so many seconds.
    PendingFor(i64),
    /// Wrong, with a summary that holds this text.
    Unhealthy(&'static str),
    /// Wrong, but by itself not any more after so many seconds.
    UnhealthyFor(i64),
    /// Not wrong, but what was found before is not over for so many seconds.
    LingersFor(i64),
    Unknown,
}

/// Evaluates a check on the first of the objects with the default thresholds.
pub(crate) fn check(code: &str, objects: &[Fixture], expected: Expect) {
    check_with("", code, objects, expected);
}

/// [`check`] with thresholds, as the configuration file gives them.
pub(crate) fn check_with(thresholds: &str, code: &str, objects: &[Fixture], expected: Expect) {
    let verdict = evaluate(thresholds, code, objects);
    let matches = match (&verdict, expected) {
        (Verdict::Healthy, Expect::Healthy) | (Verdict::Unknown { .. }, Expect::Unknown) => true,
        (Verdict::HealthyUntil(at), Expect::HealthyFor(seconds))
        | (Verdict::Lingers { until: at, .. }, Expect::LingersFor(seconds))
        | (Verdict::Pending { at, .. }, Expect::PendingFor(seconds)) => *at == ago(-seconds),
        (Verdict::Unhealthy { finding, .. }, Expect::Unhealthy(text)) => finding.summary.contains(text),
        (Verdict::Unhealthy { until: Some(until), .. }, Expect::UnhealthyFor(seconds)) => {
            *until == ago(-seconds)
        }
        _ => false,
    };
    assert!(matches, "{code} says {verdict:#?}, expected {expected:?}, of {objects:#?}");
}

/// What a check finds on the first of the objects.
pub(crate) fn finding(code: &str, objects: &[Fixture]) -> Finding {
    finding_with("", code, objects)
}

/// [`finding`] with thresholds, as the configuration file gives them.
pub(crate) fn finding_with(thresholds: &str, code: &str, objects: &[Fixture]) -> Finding {
    match evaluate(thresholds, code, objects) {
        Verdict::Unhealthy { finding, .. } => *finding,
        other => panic!("{code} says {other:#?} of {objects:#?}"),
    }
}

/// Thresholds as the configuration file gives them under `checks`.
pub(crate) fn thresholds(text: &str) -> Checks {
    let text =
        format!("apiVersion: config.seaworthy.dev/v1alpha1\nkind: MonitorConfig\nchecks: {{{text}}}\n");
    MonitorConfig::parse("test", &text).expect("thresholds of a test are valid").checks
}

fn evaluate(text: &str, code: &str, objects: &[Fixture]) -> Verdict {
    let thresholds = thresholds(text);
    let clock_skew = thresholds.node_unreachable.clock_skew.signed();
    let mut world = World::new(Settings { team_label: "team".into(), clock_skew });
    // The subject last, so that its change is the last one told.
    let mut touched = Vec::new();
    for object in objects.iter().skip(1).chain(objects.first()) {
        world.apply(Change::Applied(object.object()), NOW, &mut touched);
    }
    let subject = touched.iter().rev().find_map(|touched| match touched {
        Touched::Changed(subject) => Some(*subject),
        _ => None,
    });
    let context = Context { world: &world, thresholds: &thresholds, now: NOW };
    let check = ALL.iter().find(|check| check.code == code).expect("the check is in the table");
    let subject = subject.expect("the first object is a subject");
    let verdict = check.judge(subject, &context);
    verdict.unwrap_or_else(|| panic!("{code} is {:?} and cannot look at {subject:?}", check.evaluate))
}

#[test]
fn every_code_has_its_check_and_every_check_its_code() {
    let mut own: Vec<&str> = ALL.iter().map(|check| check.code).collect();
    let mut codes = model::codes::ALL.to_vec();
    own.sort_unstable();
    codes.sort_unstable();
    assert_eq!(own, codes);
}

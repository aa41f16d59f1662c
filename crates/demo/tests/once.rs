//! The story as it is told: each chapter comes to what it is there to show.

use demo::once;
use demo::story::Report;

/// Whose trouble, by which check, and how healing ended: the rule that held it, or empty.
const OUTCOMES: &[(&str, &str, &str, &str)] = &[
    ("Deployment/shop/web", "PodRunningNotReady", "Succeeded", ""),
    ("Deployment/shop/cart", "WorkloadRolloutStuck", "Observed", ""),
    ("Node/a-07", "NodeUnreachable", "Succeeded", ""),
    ("Deployment/pay/payments", "PodRunningNotReady", "Succeeded", ""),
    ("Deployment/shop/images", "PodOOMKilled", "Escalated", ""),
    ("Deployment/shop/search", "PodRunningNotReady", "Succeeded", "EvictionFirst"),
    ("Deployment/shop/reviews", "PodImagePullBackOff", "Observed", ""),
    ("Deployment/mail/mailer", "PodImagePullBackOff", "Observed", ""),
];

/// How many of the zone's ten nodes the budget lets be touched: 20% of its twenty.
const TOUCHED: usize = 4;

fn count_of_zone(report: &Report, is_so: impl Fn(&demo::story::Done) -> bool) -> usize {
    report.remediations.iter().filter(|own| own.lineage.starts_with("Node/b-") && is_so(own)).count()
}

#[test]
fn every_chapter_comes_to_what_it_shows() {
    let report = once::play(1).expect("it can be played");
    for (lineage, check, phase, rule) in OUTCOMES {
        let own = report.remediations.iter().find(|own| own.lineage == *lineage && own.check == *check);
        let own = own.unwrap_or_else(|| panic!("nobody took up {lineage} {check}"));
        assert_eq!(own.phase, *phase, "{lineage} {check}: {}", own.message);
        let held: Vec<&str> = own.held.iter().map(|held| held.rule.as_str()).collect();
        let expected: &[&str] = if rule.is_empty() { &[] } else { &[rule] };
        assert_eq!(held, expected, "{lineage} {check}");
    }
    assert_eq!(count_of_zone(&report, |own| own.phase == "Succeeded"), TOUCHED);
    let is_held = |own: &demo::story::Done| own.held.iter().any(|held| held.rule == "Budget");
    assert_eq!(count_of_zone(&report, is_held), 10 - TOUCHED);
    let open: Vec<_> = report.found.iter().filter(|own| own.ended_ms.is_none()).collect();
    assert!(open.is_empty(), "it is all over in the end: {open:?}");
    let unknown: Vec<_> =
        report.found.iter().filter(|own| own.cause.is_none() && own.found_ms < 2000).collect();
    assert!(unknown.is_empty(), "nothing is wrong before the first chapter: {unknown:?}");
    let web = report.sent.iter().filter(|sent| sent.subject.ends_with("shop/web"));
    assert!(web.clone().count() > 0 && web.clone().all(|sent| sent.status == "resolved"), "nobody was paged");
    let pages =
        report.sent.iter().filter(|sent| sent.to == "pager" && sent.subject == "PodOOMKilled shop/images");
    let statuses: Vec<&str> = pages.map(|sent| sent.status).collect();
    assert_eq!(
        statuses,
        ["firing", "resolved"],
        "a warning that leaves a Service without endpoints is paged"
    );
    let first = &report.remediations[0];
    assert!(first.ended_ms.is_some_and(|ended| ended < 100_000), "five seconds at twenty times the speed");
}

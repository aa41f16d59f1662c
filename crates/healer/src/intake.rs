//! Taking an issue up: whether it gets a Remediation, and what that says.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use model::Issue;
use model::config::healer::HealerConfig;
use model::issue::Key;
use model::policy::HealingPolicySpec;
use model::remediation::{self, KEY_LABEL, Phase, Remediation, RemediationSpec, RemediationStatus};

use crate::policy::Entry;

/// What was told so long after an end, by the monitor's clock, was not on its way before it.
const CLOCKS_APART: Duration = Duration::from_mins(1);

/// The remediation of an issue that was taken up last, whatever became of it.
pub fn last<'a>(key: &Key, all: impl IntoIterator<Item = &'a Remediation>) -> Option<(u64, &'a Remediation)> {
    all.into_iter()
        .filter(|one| one.spec.key() == *key)
        .filter_map(|one| Some((remediation::number(key, one.metadata.name.as_deref()?)?, one)))
        .max_by_key(|(number, _)| *number)
}

/// The remediation of each issue that was taken up last.
pub fn last_of_each<'a>(all: impl IntoIterator<Item = &'a Remediation>) -> BTreeMap<Key, &'a Remediation> {
    let mut newest: BTreeMap<Key, (u64, &Remediation)> = BTreeMap::new();
    for one in all {
        let key = one.spec.key();
        let Some(number) = one.metadata.name.as_deref().and_then(|name| remediation::number(&key, name))
        else {
            continue;
        };
        let known = newest.entry(key).or_insert((number, one));
        if known.0 <= number {
            *known = (number, one);
        }
    }
    newest.into_iter().map(|(key, (_, one))| (key, one)).collect()
}

/// The number of an issue's next remediation, given the names of all there are, also of those that
/// cannot be read, and the number that was `asked` for without an answer: that one may land yet, and
/// is asked for again, so that there is one. Where none is left it begins at the time of day in
/// seconds: by its name a remediation is known on nodes and to the alerter, so one that was deleted
/// is never made again.
pub fn next_number<'a>(
    key: &Key,
    names: impl IntoIterator<Item = &'a str>,
    asked: Option<u64>,
    now: Timestamp,
) -> u64 {
    let last = names.into_iter().filter_map(|name| remediation::number(key, name)).max();
    let after_last = last.map(|last| last.saturating_add(1));
    after_last.max(asked).unwrap_or_else(|| u64::try_from(now.as_second()).unwrap_or(1))
}

/// Whether an issue that was told of at `told`, by the monitor's clock, is to be taken up under
/// `policy`, given what was done about it last. One remediation per episode: what has been dealt
/// with is taken up again when it began anew after that, or when there is another plan for it.
pub fn is_new(issue: &Issue, told: Timestamp, policy: &Entry, last: Option<&Remediation>) -> bool {
    let Some(last) = last else { return true };
    let Some(status) = &last.status else { return false };
    if !status.phase.is_over() {
        return false;
    }
    let began_after = match status.phase {
        // It was seen healthy: what is told now is another episode, whenever the monitor dates
        // its beginning. A condition may begin before we call the one before it over, by its
        // clock and by ours. Of two that began in one second the other may be noticed only then.
        Phase::Succeeded | Phase::Cleared => {
            issue.since != last.spec.since || status.ended.is_some_and(|ended| told > ended + CLOCKS_APART)
        }
        // Nor is it another because its monitor's clock is ahead of ours; a monitor that has started
        // anew may date the same one later.
        _ => issue.since != last.spec.since && status.ended.is_some_and(|ended| issue.since > ended),
    };
    let is_other_plan = last.spec.plan_hash != plan_hash(policy);
    // What was given up for want of word about it, and is heard of again, was not dealt with; nor was
    // what a person was told of for its mark alone.
    let is_open = status.phase == Phase::Cancelled || crate::machine::is_told_of_mark(status);
    began_after || is_other_plan || is_open
}

/// A new remediation for an issue.
pub fn take_up(
    issue: &Issue,
    cluster: &str,
    policy: &Entry,
    number: u64,
    config: &HealerConfig,
) -> Remediation {
    let key = issue.key();
    let HealingPolicySpec { mode, steps, .. } = &policy.spec;
    let spec = RemediationSpec {
        cluster: cluster.to_owned(),
        lineage: issue.lineage.clone(),
        check: issue.code.clone(),
        subject: issue.subject.clone(),
        since: issue.since,
        severity: issue.severity,
        policy: policy.name.clone(),
        mode: *mode,
        steps: steps.clone(),
        plan_hash: plan_hash(policy),
        healthy_for_s: seconds(policy.spec.healthy_for.unwrap_or(config.healthy_for).0),
        approval_timeout_s: seconds(policy.spec.approval_timeout.unwrap_or(config.approval_timeout).0),
        attempts_max: policy.spec.attempts_max,
        accept_loss_of_bare_pods: policy.spec.accept_loss_of_bare_pods,
        approval: None,
    };
    Remediation {
        metadata: ObjectMeta {
            name: Some(remediation::name(&key, number)),
            labels: Some([(KEY_LABEL.to_owned(), remediation::key_hash(&key))].into()),
            ..ObjectMeta::default()
        },
        spec,
        status: Some(RemediationStatus::default()),
    }
}

/// The hash of what a policy would do.
pub fn plan_hash(policy: &Entry) -> String {
    remediation::plan_hash(&policy.name, &policy.spec)
}

/// Part of a second is a whole one: nobody is told to be healthy for no time at all.
fn seconds(duration: Duration) -> u64 {
    duration.as_secs().max(1)
}

/// Which finished remediations may go: those too old, those beyond the number kept per lineage and
/// check, and the oldest of too many. Never one whose mark is in the cluster, nor one that an
/// attempt cap still counts, nor the last one of a trouble that is still told of, by which it is
/// known that it was dealt with.
pub fn expired(
    all: &[&Remediation],
    is_told: impl Fn(&Key) -> bool,
    config: &HealerConfig,
    now: crate::Now,
) -> Vec<(String, String)> {
    let retention = &config.retention;
    let mut finished: Vec<(Timestamp, &Remediation)> = all
        .iter()
        .filter_map(|one| {
            let status = one.status.as_ref()?;
            let is_done = status.phase.is_over() && crate::ledger::outstanding(&status.attempts).is_none();
            let counts = status.attempts.iter().any(|attempt| {
                !attempt.parts.is_empty() && now.since(attempt.intended) < config.attempts.window.0
            });
            (is_done && !counts).then_some((status.ended?, *one))
        })
        .collect();
    finished.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.metadata.name.cmp(&b.1.metadata.name)));
    let mut kept: BTreeMap<Key, u32> = BTreeMap::new();
    let mut total = 0;
    let mut gone = Vec::new();
    for (ended, one) in finished {
        let key = one.spec.key();
        let is_needed = is_told(&key);
        let of_key = kept.entry(key).or_default();
        let has_room = *of_key < retention.per_lineage && total < retention.total;
        let is_young = now.since(ended) < retention.age.0;
        if is_young && has_room || *of_key == 0 && is_needed {
            *of_key += 1;
            total += 1;
        } else if let (Some(name), Some(uid)) = (&one.metadata.name, &one.metadata.uid) {
            gone.push((name.clone(), uid.clone()));
        }
    }
    gone
}

#[cfg(test)]
mod tests {
    use model::policy::Mode;

    use super::*;
    use crate::machine::tests_support::{issue, now, policy, remediation};

    fn over(phase: Phase, ended: u64) -> Remediation {
        let mut last = take_up(&issue(), "c1", &policy(Mode::Enforce), 1, &HealerConfig::default());
        let status = last.status.as_mut().unwrap();
        status.phase = phase;
        status.ended = phase.is_over().then(|| now(ended).wall);
        last
    }

    #[test]
    fn one_remediation_per_episode() {
        let mut later = issue();
        later.since = now(100).wall;
        for (issue, last, mode, expected) in [
            (&issue(), None, Mode::Enforce, true),
            (&issue(), Some(over(Phase::Verifying, 0)), Mode::Enforce, false),
            (&issue(), Some(over(Phase::Escalated, 50)), Mode::Enforce, false),
            (&later, Some(over(Phase::Escalated, 50)), Mode::Enforce, true),
            (&issue(), Some(over(Phase::Succeeded, 150)), Mode::Enforce, false),
            // Unready again within the half minute that health was waited to last.
            (&later, Some(over(Phase::Succeeded, 120)), Mode::Enforce, true),
            (&later, Some(over(Phase::Escalated, 120)), Mode::Enforce, false),
            (&issue(), Some(over(Phase::Escalated, 50)), Mode::Approve, true),
            (&issue(), Some(over(Phase::Cancelled, 50)), Mode::Enforce, true),
        ] {
            let is_new = is_new(issue, now(210).wall, &policy(mode), last.as_ref());
            assert_eq!(is_new, expected, "{:?} {mode:?}", last.map(|last| last.status));
        }
    }

    #[test]
    fn what_began_in_the_same_second_and_is_noticed_after_the_end_is_new() {
        for phase in [Phase::Succeeded, Phase::Cleared] {
            let healed = over(phase, 150);
            let is_new = |told| is_new(&issue(), now(told).wall, &policy(Mode::Enforce), Some(&healed));
            assert!(!is_new(210), "it may have been on its way");
            assert!(is_new(211), "the monitor goes on telling of it");
        }
    }

    #[test]
    fn a_monitor_whose_clock_is_ahead_does_not_make_it_new() {
        let mut ahead = issue();
        ahead.since = now(100).wall;
        for phase in [Phase::Denied, Phase::Escalated, Phase::Observed, Phase::Rejected] {
            let mut last = over(phase, 50);
            last.spec.since = ahead.since;
            assert!(!is_new(&ahead, now(999).wall, &policy(Mode::Enforce), Some(&last)), "{phase:?}");
        }
    }

    /// Whoever takes something back from a policy means what is under way, too.
    #[test]
    fn all_that_says_how_far_a_policy_goes_is_in_its_plan() {
        type Change = fn(&mut Entry);
        let plan = plan_hash(&policy(Mode::Enforce));
        let cases: [(Change, bool); 6] = [
            (|p| p.name = "other".into(), true),
            (|p| p.spec.mode = Mode::Approve, true),
            (|p| p.spec.steps[0].attempts = 2, true),
            (|p| p.spec.attempts_max = Some(1), true),
            (|p| p.spec.accept_loss_of_bare_pods = true, true),
            (|p| p.spec.selects.namespaces = None, false),
        ];
        for (at, (change, is_another)) in cases.into_iter().enumerate() {
            let mut changed = policy(Mode::Enforce);
            change(&mut changed);
            assert_eq!(plan_hash(&changed) != plan, is_another, "{at}");
        }
    }

    #[test]
    fn what_a_person_was_told_of_for_its_mark_alone_is_taken_up_again() {
        let mut told = over(Phase::Escalated, 50);
        assert!(!is_new(&issue(), now(999).wall, &policy(Mode::Enforce), Some(&told)));
        told.status.as_mut().unwrap().message = "our mark is still on Node/n1, and so on".into();
        assert!(is_new(&issue(), now(999).wall, &policy(Mode::Enforce), Some(&told)));
    }

    #[test]
    fn numbers_go_on_from_the_last() {
        let key = issue().key();
        let made =
            [1, 12, 3].map(|n| take_up(&issue(), "c1", &policy(Mode::Enforce), n, &HealerConfig::default()));
        assert_eq!(last(&key, &made).map(|(number, _)| number), Some(12));
        assert_eq!(last_of_each(&made)[&key].metadata.name, made[1].metadata.name);
        let names: Vec<&str> = made.iter().filter_map(|one| one.metadata.name.as_deref()).collect();
        for (asked, expected) in [(None, 13), (Some(12), 13), (Some(13), 13), (Some(15), 15)] {
            assert_eq!(next_number(&key, names.iter().copied(), asked, now(0).wall), expected, "{asked:?}");
        }
        assert_eq!(next_number(&key, [], Some(15), now(5).wall), 15, "it may land yet");
        let of_another = remediation::name(&Key { code: "Other".into(), ..key.clone() }, 99);
        let begun = next_number(&key, [of_another.as_str()], None, now(5).wall);
        assert_eq!(
            begun,
            next_number(&key, [], None, now(0).wall) + 5,
            "none is left: a number never used before"
        );
        let largest = remediation::name(&key, u64::MAX);
        assert_eq!(next_number(&key, [largest.as_str()], None, now(0).wall), u64::MAX);
    }

    #[test]
    fn what_is_old_goes_and_what_still_counts_stays() {
        let mut config = HealerConfig::default();
        config.retention.per_lineage = 2;
        let day = 24 * 3600;
        let made: Vec<Remediation> = (0..4)
            .map(|n| {
                let mut one = remediation(&remediation::name(&issue().key(), n));
                one.metadata.uid = Some(format!("u{n}"));
                let status = one.status.as_mut().unwrap();
                (status.phase, status.ended) = (Phase::Succeeded, Some(now(n * day).wall));
                one
            })
            .collect();
        let all: Vec<&Remediation> = made.iter().collect();
        let nobody = |_: &Key| false;
        let gone = expired(&all, nobody, &config, now(4 * day));
        assert_eq!(gone.iter().map(|(_, uid)| uid.as_str()).collect::<Vec<_>>(), ["u1", "u0"]);
        assert_eq!(expired(&all, nobody, &config, now(30 * day)).len(), 4, "a month later nothing is kept");
        config.retention.total = 0;
        assert_eq!(expired(&all, nobody, &config, now(4 * day)).len(), 4, "the total binds");
        for days in [4, 30] {
            let told = expired(&all, |_| true, &config, now(days * day));
            assert_eq!(told.len(), 3, "but the last one of what is still told of stays, for {days} days");
        }
    }
}

//! FreshView: views that are whole and heard from lately, an issue that is told right now, and
//! everything that this decision rests on readable. Unknown is not unhealthy: otherwise freeze.

use std::time::Duration;

use crate::Now;
use crate::governor::{Request, Rule, Ruling, World};
use crate::inbox::Standing;

/// Oldest live read that a decision may rest on: a few requests' time.
const READ_AGE_MAX: Duration = Duration::from_secs(15);
/// How long a watch may be failing: a connection that ends and is made again takes less.
const FAILING_MAX: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_secs(5);

pub(super) const RULE: Rule = Rule {
    name: super::FRESH_VIEW,
    judge: |request, world, _, now| match stale(request, world, now) {
        Some(reason) => Ruling::defer(reason, LOOK_AGAIN),
        None => Ruling::Pass,
    },
};

fn stale(request: &Request<'_>, world: &World<'_>, now: Now) -> Option<String> {
    if let Some(rest) = world.steps.waits(now).filter(|_| !request.is_recovery()) {
        let seconds = rest.as_secs();
        return Some(format!("the clock was set forward: what it skipped is waited for, {seconds}s more"));
    }
    for view in world.views {
        if !view.is_synced {
            let why = view.problem.as_deref().unwrap_or("it is still being read");
            return Some(format!("not all {} are known: {why}", view.name));
        }
        let silent = view.heard.map(|heard| now.monotonic.saturating_sub(heard));
        // Silence may mean that nothing happens; a watch that fails says that it would not hear.
        let patience = world.config.timeouts.watch_silence.0;
        let patience = if view.problem.is_some() { patience.min(FAILING_MAX) } else { patience };
        if silent.is_none_or(|silent| silent > patience) {
            let why = view.problem.as_deref().unwrap_or("no reason is known");
            return Some(format!("nothing has been heard of {} for too long: {why}", view.name));
        }
    }
    let age = now.monotonic.saturating_sub(request.facts.read_at);
    if age > READ_AGE_MAX {
        return Some(format!("what was read for this is {}s old", age.as_secs()));
    }
    if let Some(why) = request.facts.unreadable() {
        return Some(format!("what it rests on cannot be read: {why}"));
    }
    match request.standing {
        _ if request.is_undo => None,
        Standing::Firing(_) => None,
        Standing::Folded(issue) => {
            let cause = issue.cause.as_ref().map_or("another", |cause| cause.code.as_str());
            Some(format!("it is explained by {cause}, which is treated instead"))
        }
        Standing::Ended(..) => Some("the monitor says that it is over".to_owned()),
        Standing::Silent | Standing::Unheard => Some("the monitor does not tell of it any more".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::facts::Found;
    use crate::governor::tests_support::{Bench, Said};

    #[test]
    fn each_way_of_not_knowing_freezes() {
        type Change = fn(&mut Bench);
        let cases: &[(Change, &str)] = &[
            (|b| b.views[0].is_synced = false, "not all nodes are known"),
            (|b| b.views[0].heard = None, "nothing has been heard of nodes"),
            (|b| b.views[0].heard = Some(Duration::ZERO), "nothing has been heard of nodes"),
            (
                |b| {
                    b.views[0].problem = Some("connection refused".into());
                    b.views[0].heard = b.now.monotonic.checked_sub(Duration::from_secs(11));
                },
                "connection refused",
            ),
            (
                |b| b.facts.read_at = b.now.monotonic.checked_sub(Duration::from_secs(16)).unwrap(),
                "is 16s old",
            ),
            (|b| b.facts.owner = Some(Found::Unreadable("timed out".into())), "timed out"),
            (|b| b.said = Said::Silent, "does not tell of it"),
            (|b| b.said = Said::Folded, "is explained by"),
        ];
        Bench::new().expect_pass(&RULE);
        for (change, expected) in cases {
            let mut bench = Bench::new();
            change(&mut bench);
            bench.expect_defer(&RULE, expected);
        }
    }

    #[test]
    fn a_clock_that_was_set_forward_makes_no_wait_shorter() {
        let mut bench = Bench::new();
        bench.steps.observe(bench.now);
        bench.now.wall += Duration::from_mins(10);
        bench.steps.observe(bench.now);
        bench.expect_defer(&RULE, "the clock was set forward");
        bench.now.monotonic += Duration::from_secs(599);
        bench.facts.read_at = bench.now.monotonic;
        bench.views[0].heard = Some(bench.now.monotonic);
        bench.expect_defer(&RULE, "1s more");
        bench.action = crate::actions::get(model::policy::ActionName::ReleaseNode);
        bench.expect_pass(&RULE);
    }

    #[test]
    fn taking_back_needs_a_view_but_no_complaint() {
        let mut bench = Bench::new();
        (bench.is_undo, bench.said) = (true, Said::Silent);
        bench.expect_pass(&RULE);
        bench.views[0].is_synced = false;
        bench.expect_defer(&RULE, "not all nodes");
    }
}

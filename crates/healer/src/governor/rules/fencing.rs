//! Fencing: only the leader acts, under the epoch that it has written into the remediation, and
//! only while its claim outlasts the request. The writer checks the claim once more, immediately
//! before it sends.

use std::time::Duration;

use crate::governor::{Rule, Ruling};

/// How much longer than the request the claim must last: the writer's own margin, and the time
/// until it is asked.
const MARGIN: Duration = Duration::from_secs(1);
/// A claim is renewed every few seconds.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

pub(super) const RULE: Rule = Rule {
    name: super::FENCING,
    judge: |request, world, _, _| {
        let (epoch, written) = (world.leadership.epoch, request.status.epoch);
        if written != epoch {
            let reason = format!("the remediation is of epoch {written}, and ours is {epoch}");
            return Ruling::defer(reason, LOOK_AGAIN);
        }
        let needed = world.config.timeouts.request.0 + MARGIN;
        let remaining = world.leadership.remaining;
        if remaining < needed {
            return Ruling::defer(
                format!("the claim to lead lasts {remaining:?} more, the request may take {needed:?}"),
                LOOK_AGAIN,
            );
        }
        Ruling::Pass
    },
};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::governor::tests_support::Bench;

    #[test]
    fn a_claim_must_outlast_the_request_and_be_the_one_written() {
        let mut bench = Bench::new();
        bench.expect_pass(&RULE);
        bench.leadership.remaining = Duration::from_millis(5900);
        bench.expect_defer(&RULE, "the claim to lead lasts");
        let mut bench = Bench::new();
        bench.leadership.epoch += 1;
        bench.expect_defer(&RULE, "the remediation is of epoch");
    }
}

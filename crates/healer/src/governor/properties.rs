//! What holds of the governor whatever the world looks like.

use std::time::Duration;

use model::config::healer::Amount;
use model::policy::Mode;
use proptest::prelude::*;

use super::tests_support::Bench;
use super::{BrakeState, Stage};

proptest! {
    /// I1: whatever the share and the size of the pool, those that are admitted one after the
    /// other never exceed it, but for the one that is always possible.
    #[test]
    fn nodes_held_down_never_exceed_the_budget(
        percent in 1_u32..=100, size in 1_usize..60, cordoned in 0_usize..20
    ) {
        let mut bench = Bench::of_node();
        bench.nodes_named(size);
        bench.config.budgets.nodes.cluster = Amount::Percent(percent);
        for n in 0..cordoned.min(size.saturating_sub(1)) {
            bench.cordon(&format!("n{}", n + 2));
        }
        let down = cordoned.min(size.saturating_sub(1));
        let allowed = (size * percent as usize / 100).max(1);
        prop_assert_eq!(bench.admits().is_ok(), down < allowed, "{:?}", bench.admits());
    }

    /// The same for pods of one namespace.
    #[test]
    fn pods_never_exceed_the_budget(limit in 1_u32..8, taken in 0_usize..10) {
        let mut bench = Bench::new();
        bench.config.budgets.pods.namespace = limit;
        bench.config.budgets.pods.cluster = 100;
        bench.config.budgets.pods.zone = 100;
        bench.disrupted("shop", "n9", "Deployment/shop/other", taken);
        prop_assert_eq!(bench.admits().is_ok(), taken < limit as usize);
    }

    /// I9, I16: no leave without a claim that outlasts the request, none while paused or not
    /// knowing, none under another epoch, whatever the stage.
    #[test]
    fn nothing_is_admitted_without_a_claim_or_against_the_brake(
        stage in 0..3_usize, remaining_ms in 0_u64..6_000, brake in 0..3_usize, skew in 0_u64..3
    ) {
        let mut bench = Bench::new();
        bench.stage = [Stage::Begin, Stage::Continue, Stage::Send][stage];
        if bench.stage == Stage::Send {
            bench.part.state = model::remediation::PartState::Open;
        }
        prop_assert!(bench.admits().is_ok(), "{:?}", bench.admits());
        bench.leadership.remaining = Duration::from_millis(remaining_ms);
        prop_assert_eq!(bench.admits(), Err("Fencing"));
        bench.leadership.remaining = Duration::from_secs(10);
        bench.leadership.epoch += skew;
        prop_assert_eq!(bench.admits().is_ok(), skew == 0);
        bench.leadership.epoch -= skew;
        bench.brake = [
            BrakeState::Off,
            BrakeState::On { reason: String::new(), until: None },
            BrakeState::Unreadable("404".into()),
        ][brake].clone();
        prop_assert_eq!(bench.admits().is_ok(), brake == 0);
    }

    /// I10: a policy that does not say Enforce enforces nothing.
    #[test]
    fn only_enforce_enforces(mode in 0..3_usize) {
        let mut bench = Bench::new();
        bench.remediation.spec.mode = [Mode::Observe, Mode::Approve, Mode::Enforce][mode];
        prop_assert_eq!(bench.admits().is_ok(), mode == 2);
    }

    /// I11: from the share on, nothing is admitted; and one node alone is never a storm.
    #[test]
    fn a_storm_holds(unhealthy in 0_usize..50, healthy in 0_usize..50) {
        let mut bench = Bench::of_node();
        let config = bench.config.clone();
        let total = unhealthy + healthy;
        bench.correlation.observe(unhealthy, total, &config, bench.now);
        let is_storm = unhealthy >= 2 && unhealthy * 100 >= 30 * total;
        prop_assert_eq!(bench.admits().is_ok(), !is_storm);
    }
}

#[test]
fn the_bench_admits() {
    assert_eq!(Bench::new().admits(), Ok(()));
    assert_eq!(Bench::of_node().admits(), Ok(()));
}

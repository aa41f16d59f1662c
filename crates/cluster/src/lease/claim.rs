//! What a holder of a lease may count on, and until when.

use std::time::Duration;

use environment::Environment;
use jiff::Timestamp;

/// A claim to be the one who acts. It is checked again immediately before each effect.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// Whether the lease is held. False says so; true is only as good as `expires`.
    pub held: bool,
    /// The number of this tenure: greater than any before it.
    pub epoch: u64,
    /// Until when it counts, on the environment's monotonic clock.
    pub expires: Duration,
    /// Until when it counts by the wall clock. The monotonic clock stands still while a machine
    /// is suspended; then this one is the first to notice. Whichever ends first ends the claim.
    pub until: Timestamp,
}

impl Claim {
    /// How much longer the claim counts; nothing when it is not held or has expired.
    pub fn remaining(&self, environment: &Environment) -> Duration {
        if !self.held {
            return Duration::ZERO;
        }
        let by_monotonic = self.expires.saturating_sub(environment.monotonic());
        let by_wall = Duration::try_from(self.until.duration_since(environment.now())).unwrap_or_default();
        by_monotonic.min(by_wall)
    }

    /// Whether the claim counts now.
    pub fn is_valid(&self, environment: &Environment) -> bool {
        !self.remaining(environment).is_zero()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use environment::ManualClock;
    use jiff::SignedDuration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whichever_clock_ends_first_ends_the_claim() {
        let clock = Arc::new(ManualClock::default());
        let environment = Environment::new(clock.clone(), 1);
        let ten = Duration::from_secs(10);
        let claim = Claim {
            held: true,
            epoch: 1,
            expires: environment.monotonic() + ten,
            until: environment.now() + ten,
        };
        assert_eq!(claim.remaining(&environment), ten);
        assert!(!Claim { held: false, ..claim }.is_valid(&environment));
        // The wall clock is set back: the monotonic one still ends it.
        clock.step(SignedDuration::from_secs(-60));
        assert_eq!(claim.remaining(&environment), ten);
        // The machine was suspended: only the wall clock went on.
        clock.step(SignedDuration::from_secs(71));
        assert!(!claim.is_valid(&environment));
        clock.step(SignedDuration::from_secs(-11));
        tokio::time::advance(ten).await;
        assert!(!claim.is_valid(&environment));
    }
}

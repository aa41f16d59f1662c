//! How long to wait before trying again: doubling, bounded, and never the same for two.

use std::time::Duration;

use rand::RngExt;
use rand_chacha::ChaCha12Rng;

/// Doubling waits with jitter, from the environment's seeded randomness.
#[derive(Debug)]
pub(crate) struct Backoff {
    first: Duration,
    longest: Duration,
    failures: u32,
    rng: ChaCha12Rng,
}

impl Backoff {
    /// Waits around `first` after the first failure, and never longer than `longest`.
    pub(crate) fn new(first: Duration, longest: Duration, rng: ChaCha12Rng) -> Self {
        Self { first, longest, failures: 0, rng }
    }

    /// How long to wait after one more failure: between half and all of the doubled time, so that
    /// those who failed together come back apart.
    pub(crate) fn next(&mut self) -> Duration {
        let doubled = self.first.saturating_mul(1 << self.failures.min(20));
        self.failures = self.failures.saturating_add(1);
        doubled.min(self.longest).mul_f64(self.rng.random_range(0.5..=1.0))
    }

    /// After a success, the next failure is the first again.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;

    use super::*;

    #[test]
    fn waits_double_up_to_the_bound_and_begin_anew() {
        let (first, longest) = (Duration::from_millis(200), Duration::from_secs(30));
        let mut backoff = Backoff::new(first, longest, ChaCha12Rng::seed_from_u64(7));
        for failure in 0..40 {
            let whole = first.saturating_mul(1 << failure.min(20)).min(longest);
            let wait = backoff.next();
            assert!(wait >= whole / 2 && wait <= whole, "{failure}: {wait:?}");
        }
        backoff.reset();
        assert!(backoff.next() <= first);
    }
}

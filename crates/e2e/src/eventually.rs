//! Waiting for a condition with a deadline. The only way in which a scenario waits.

use std::future::Future;
use std::time::Duration;

use anyhow::{Result, anyhow};
use tokio::time::Instant;

/// How often a condition is looked at: often enough that a suite of waits stays short, seldom
/// enough that looking does not slow down what is waited for on two cores.
const INTERVAL: Duration = Duration::from_millis(100);

/// Looks until `look` says `Ok`, at most for `patience`. Its last `Err` is what was observed
/// instead, and becomes the message when time is up.
pub async fn eventually<T, F>(what: &str, patience: Duration, mut look: impl FnMut() -> F) -> Result<T>
where
    F: Future<Output = Result<T>>,
{
    let deadline = Instant::now() + patience;
    let mut observed = anyhow!("nothing was observed");
    loop {
        match tokio::time::timeout_at(deadline, look()).await {
            Ok(Ok(value)) => return Ok(value),
            Ok(Err(error)) => observed = error,
            Err(_) => {}
        }
        if Instant::now() + INTERVAL >= deadline {
            return Err(observed.context(format!("not within {} s: {what}", patience.as_secs())));
        }
        tokio::time::sleep(INTERVAL).await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use anyhow::bail;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn waits_no_longer_than_it_takes() {
        let looks = Cell::new(0);
        let found = eventually("three looks", Duration::from_secs(10), || async {
            looks.set(looks.get() + 1);
            if looks.get() < 3 {
                bail!("looked {} times", looks.get());
            }
            Ok(looks.get())
        });
        assert_eq!(found.await.unwrap(), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn says_what_it_saw_last() {
        let error = eventually("rain", Duration::from_secs(2), || async { bail!("the sun shines") });
        let error: Result<()> = error.await;
        assert_eq!(format!("{:#}", error.unwrap_err()), "not within 2 s: rain: the sun shines");
    }

    #[tokio::test(start_paused = true)]
    async fn a_look_that_hangs_ends_at_the_deadline() {
        let error: Result<()> = eventually("an answer", Duration::from_secs(2), std::future::pending).await;
        assert!(error.is_err());
    }
}

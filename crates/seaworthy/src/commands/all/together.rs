//! Services that end together: none is left alone, and none is cut off in the middle of something.

use std::cell::RefCell;
use std::future::Future;
use std::time::Duration;

use anyhow::anyhow;
use environment::{Drain, Drained};

use crate::exit::Failure;

/// How long services may finish what they began: servers drain for 20 s, and Kubernetes kills after 30.
const PATIENCE: Duration = Duration::from_secs(25);

/// Runs the three until somebody tells them to stop. Whichever ends before that, the others are told to stop, too: whoever
/// runs the process starts all of them again. The first end is the reason that is given.
pub(super) async fn run<M, H, A>(
    told: Drained,
    monitor: impl FnOnce(Drained) -> M,
    healer: impl FnOnce(Drained) -> H,
    alerter: impl FnOnce(Drained) -> A,
) -> Result<(), Failure>
where
    M: Future<Output = Result<(), Failure>>,
    H: Future<Output = Result<(), Failure>>,
    A: Future<Output = Result<(), Failure>>,
{
    let (drain, stop) = environment::drain();
    let reason = RefCell::new(None);
    let all = async {
        tokio::join!(
            one("monitor", monitor(stop.clone()), &drain, &reason),
            one("healer", healer(stop.clone()), &drain, &reason),
            one("alerter", alerter(stop.clone()), &drain, &reason),
        )
    };
    let patience = async {
        tokio::select! { biased;
            () = told.requested() => {}
            () = stop.requested() => {}
        }
        drain.start();
        tokio::time::sleep(PATIENCE).await;
    };
    tokio::select! { biased;
        _ = all => {}
        () = patience => tracing::error!(?PATIENCE, "services did not end in time; they are cut off"),
    }
    reason.take().map_or(Ok(()), Err)
}

/// Runs one. Its end is everybody's, and a reason if it is the first that nobody asked for.
async fn one(
    service: &'static str,
    running: impl Future<Output = Result<(), Failure>>,
    drain: &Drain,
    reason: &RefCell<Option<Failure>>,
) {
    let ended = running.await;
    let asked = drain.drained().is_requested();
    let failure = match ended {
        Ok(()) if asked => return,
        Ok(()) => anyhow!("ended, and nobody told it to").into(),
        Err(failure) => failure,
    };
    let failure: Failure = failure.of(service);
    let mut reason = reason.borrow_mut();
    if reason.is_none() {
        if !asked {
            tracing::error!("{failure}; the other services stop, too");
        }
        *reason = Some(failure);
    } else {
        tracing::error!("{failure}");
    }
    drain.start();
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;
    use environment::Drained;

    use super::{Failure, run};

    async fn until_told(drained: Drained) -> Result<(), Failure> {
        drained.requested().await;
        Ok(())
    }

    #[tokio::test]
    async fn one_that_fails_ends_the_others_and_is_named() {
        let fails = async |_| Err(anyhow!("its port is in use").into());
        let ended = run(Drained::never(), until_told, fails, until_told).await;
        assert_eq!(ended.expect_err("a failure").to_string(), "the healer: its port is in use");
    }

    #[tokio::test]
    async fn one_that_just_ends_is_no_success() {
        let ended = run(Drained::never(), until_told, until_told, async |_| Ok(())).await;
        assert!(ended.expect_err("a failure").to_string().starts_with("the alerter: ended"));
    }

    #[tokio::test]
    async fn told_to_stop_they_stop() {
        let (drain, drained) = environment::drain();
        drain.start();
        assert!(run(drained, until_told, until_told, until_told).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_does_not_stop_is_cut_off() {
        let (drain, drained) = environment::drain();
        drain.start();
        let hangs = async |_| std::future::pending().await;
        assert!(run(drained, until_told, hangs, until_told).await.is_ok());
    }
}

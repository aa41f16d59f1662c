//! What the operating system gives a process: a thread to run on, randomness, signals.

use std::future::Future;
use std::sync::Arc;

use anyhow::Context;
use environment::{Clock, Drain, Drained, Environment};
use rand::TryRng;
use rand::rngs::SysRng;
use tokio::signal::unix::{SignalKind, signal};

use crate::exit::{Exit, Failure};

/// Runs a command's future to its end.
///
/// One thread: the services spend their time decoding one stream of watch events, which more threads would not speed
/// up, and they are then scheduled as they are in the simulator. What blocks (SQLite) has threads of its own.
pub(crate) fn block_on<T, E: From<anyhow::Error>>(
    future: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the asynchronous runtime does not start")?
        .block_on(future)
}

/// The real environment, with a seed from the operating system.
pub(crate) fn environment() -> anyhow::Result<Environment> {
    Ok(Environment::real(seed()?))
}

/// The same, by another wall clock.
pub(crate) fn environment_by(clock: Arc<dyn Clock>) -> anyhow::Result<Environment> {
    Ok(Environment::new(clock, seed()?))
}

fn seed() -> anyhow::Result<u64> {
    SysRng.try_next_u64().context("the operating system gives no randomness")
}

/// Runs a service until it is told to stop, and ends what it started.
pub(crate) fn serve<F: Future<Output = Result<(), Failure>>>(
    service: impl FnOnce(Environment, Drained) -> F,
) -> Result<Exit, Failure> {
    block_on(async {
        let environment = environment()?;
        let drained = drain_on_signals(&environment)?;
        let ended = service(environment.clone(), drained).await;
        environment.tasks().end().await;
        ended.map(|()| Exit::Fine)
    })
}

/// Asks for a drain on the first SIGTERM or SIGINT. A second one ends the process at once, as somebody who presses ^C
/// twice means it.
fn drain_on_signals(environment: &Environment) -> anyhow::Result<Drained> {
    let (drain, drained) = environment::drain();
    let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be handled")?;
    let mut interrupt = signal(SignalKind::interrupt()).context("SIGINT cannot be handled")?;
    environment.spawn("signals", async move {
        let drain: Drain = drain;
        loop {
            let name = tokio::select! { biased;
                _ = terminate.recv() => "SIGTERM",
                _ = interrupt.recv() => "SIGINT",
            };
            if drain.drained().is_requested() {
                tracing::warn!(signal = name, "told twice to stop: stopping now");
                // 128 + SIGTERM, as a shell reports a process that a signal ended.
                std::process::exit(143);
            }
            tracing::info!(signal = name, "stopping: finishing what was begun");
            drain.start();
        }
    });
    Ok(drained)
}

//! What the operating system gives a process: a thread to run on, and randomness.

use std::future::Future;

use anyhow::Context;
use environment::Environment;
use rand::TryRng;
use rand::rngs::SysRng;

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
    let seed = SysRng.try_next_u64().context("the operating system gives no randomness")?;
    Ok(Environment::real(seed))
}

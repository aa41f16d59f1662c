//! Ctrl-C: whoever pressed it gets the machine back as it was.
//!
//! The terminal sends the signal to every program of the demo, and each ends by itself. Only this one goes on: it has the
//! cluster to take down.

use anyhow::{Context, Error, Result, anyhow};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::thread;
use tokio::runtime;
use tokio::signal::unix::{SignalKind, signal};

/// Whether it happened.
pub(super) struct Interrupted(Arc<AtomicBool>);

/// From now on Ctrl-C does not end this process.
pub(super) fn note() -> Result<Interrupted> {
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let mut signals = {
        let _inside = runtime.enter();
        signal(SignalKind::interrupt()).context("no way to hear of Ctrl-C")?
    };
    let happened = Arc::new(AtomicBool::new(false));
    let noted = Arc::clone(&happened);
    thread::spawn(move || {
        runtime.block_on(async {
            while signals.recv().await.is_some() {
                if !noted.swap(true, SeqCst) {
                    eprintln!("\ninterrupted: taking the cluster down");
                }
            }
        });
    });
    Ok(Interrupted(happened))
}

impl Interrupted {
    /// Why the demo ended: for this reason, unless it was a person who ended it.
    pub(super) fn or(&self, reason: String) -> Error {
        if self.0.load(SeqCst) { anyhow!("interrupted; nothing is left behind") } else { Error::msg(reason) }
    }
}

//! A cooperative way to stop: finish what was begun, begin nothing new.

use tokio_util::sync::CancellationToken;

/// A pair that belongs together: who may ask for the stop, and who is asked.
pub fn channel() -> (Drain, Drained) {
    let token = CancellationToken::new();
    (Drain { token: token.clone() }, Drained { token })
}

/// The asking side. Dropping it asks too: when the owner is gone, nobody else could.
#[derive(Debug)]
pub struct Drain {
    token: CancellationToken,
}

impl Drain {
    /// Asks everybody who holds the other side to stop, in the order in which they began to wait.
    /// Asking again changes nothing.
    pub fn start(&self) {
        self.token.cancel();
    }

    /// Another receiver of the same signal.
    pub fn drained(&self) -> Drained {
        Drained { token: self.token.clone() }
    }
}

impl Drop for Drain {
    fn drop(&mut self) {
        self.start();
    }
}

/// The asked side: handed to every `run(self, drain)` and to whatever it starts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drained {
    token: CancellationToken,
}

impl Drained {
    /// A signal that never comes.
    pub fn never() -> Self {
        Self { token: CancellationToken::new() }
    }

    /// Waits until the stop has been asked for. Safe to drop and call again, so that it can stand
    /// in a `select!` loop.
    pub async fn requested(&self) {
        self.token.cancelled().await;
    }

    /// Whether the stop has been asked for by now.
    pub fn is_requested(&self) -> bool {
        self.token.is_cancelled()
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn everybody_hears_it_also_those_who_come_late() {
        let (drain, drained) = channel();
        let early = drained.clone();
        assert!(!drained.is_requested());
        assert_eq!(drained.requested().now_or_never(), None);
        drain.start();
        early.requested().await;
        drain.drained().requested().await;
        assert!(drained.is_requested());
    }

    #[tokio::test]
    async fn an_owner_that_is_gone_asks_too() {
        let (drain, drained) = channel();
        drop(drain);
        drained.requested().await;
        assert!(drained.is_requested());
    }

    #[test]
    fn never_never_comes() {
        assert_eq!(Drained::never().requested().now_or_never(), None);
        assert!(!Drained::never().is_requested());
    }
}

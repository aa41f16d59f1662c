//! A cooperative way to stop: finish what was begun, begin nothing new.

use tokio::sync::watch;

/// A pair that belongs together: who may ask for the stop, and who is asked.
pub fn channel() -> (Drain, Drained) {
    let (sender, receiver) = watch::channel(false);
    (Drain { sender }, Drained { receiver: Some(receiver) })
}

/// The asking side. Dropping it asks too: when the owner is gone, nobody else could.
#[derive(Debug)]
pub struct Drain {
    sender: watch::Sender<bool>,
}

impl Drain {
    /// Asks everybody who holds the other side to stop. Asking again changes nothing.
    pub fn start(&self) {
        self.sender.send_replace(true);
    }

    /// Another receiver of the same signal.
    pub fn drained(&self) -> Drained {
        Drained { receiver: Some(self.sender.subscribe()) }
    }
}

/// The asked side: handed to every `run(self, drain)` and to whatever it starts. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Drained {
    receiver: Option<watch::Receiver<bool>>,
}

impl Drained {
    /// A signal that never comes.
    pub fn never() -> Self {
        Self { receiver: None }
    }

    /// Waits until the stop has been asked for. Safe to drop and call again, so that it can stand
    /// in a `select!` loop.
    pub async fn requested(&self) {
        match self.receiver.clone() {
            // An error means that the asking side was dropped, which asks too.
            Some(mut receiver) => drop(receiver.wait_for(|asked| *asked).await),
            None => std::future::pending().await,
        }
    }

    /// Whether the stop has been asked for by now.
    pub fn is_requested(&self) -> bool {
        self.receiver.as_ref().is_some_and(|receiver| *receiver.borrow() || receiver.has_changed().is_err())
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

//! A value that others wait for. Whoever has waited longest is woken first: tokio's `watch` draws
//! that order anew in each process, and one seed must give one trace.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

/// A value that can be changed and waited for. Cheap to clone; clones are the same value.
#[derive(Clone, Debug, Default)]
pub struct Signal<T> {
    state: Arc<Mutex<State<T>>>,
}

#[derive(Debug, Default)]
struct State<T> {
    value: T,
    waiting: Vec<Waker>,
}

impl<T: Clone> Signal<T> {
    /// The value now.
    pub fn get(&self) -> T {
        self.lock().value.clone()
    }

    /// Changes it, and wakes those who wait.
    pub fn change(&self, change: impl FnOnce(&mut T)) {
        let waiting = {
            let mut state = self.lock();
            change(&mut state.value);
            std::mem::take(&mut state.waiting)
        };
        waiting.into_iter().for_each(Waker::wake);
    }

    /// Waits until it is so, and returns it.
    pub async fn until(&self, is_so: impl Fn(&T) -> bool) -> T {
        std::future::poll_fn(|context| {
            let mut state = self.lock();
            if is_so(&state.value) {
                return Poll::Ready(state.value.clone());
            }
            if !state.waiting.iter().any(|waker| waker.will_wake(context.waker())) {
                state.waiting.push(context.waker().clone());
            }
            Poll::Pending
        })
        .await
    }

    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn whoever_waits_longest_goes_on_first() {
        let signal = Signal::<bool>::default();
        let (told, mut heard) = tokio::sync::mpsc::unbounded_channel();
        let environment = environment::Environment::test(1);
        for number in 0..20 {
            let (signal, told) = (signal.clone(), told.clone());
            environment.spawn("waits", async move {
                signal.until(|is_on| *is_on).await;
                let _ = told.send(number);
            });
        }
        tokio::task::yield_now().await;
        signal.change(|is_on| *is_on = true);
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        let order: Vec<i32> = std::iter::from_fn(|| heard.try_recv().ok()).collect();
        assert_eq!(order, (0..20).collect::<Vec<_>>());
        assert!(signal.get());
    }
}

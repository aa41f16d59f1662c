//! Virtual time in step with real time: a world of its own, in a thread of its own, that others look
//! into and act upon from outside.
//!
//! The world runs on tokio's paused clock, as in every simulation, so that it stays the same world
//! whatever machine it is shown on. A task in it lets a little virtual time pass, and then holds the
//! whole thread until real time has come as far. While it holds, errands from outside are taken in.

use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How much real time passes between two looks at whether virtual time is behind: shorter than
/// anybody sees.
const TICK: Duration = Duration::from_millis(10);
/// How much virtual time passes at once while an errand is waited for: about what a request takes.
const ERRAND: Duration = Duration::from_millis(2);
/// The most virtual time that passes at once.
const STEP_MAX: Duration = Duration::from_secs(1);
/// How far real time may run ahead before what was missed is given up: a machine that was asleep, or
/// is too slow, goes on from where it is.
const BEHIND_MAX: Duration = Duration::from_millis(250);

/// Something to be done in the world, by its thread, inside of its runtime.
type Errand<W> = Box<dyn FnOnce(&W) + Send>;

/// A world that keeps pace. Cheap to clone; when the last clone is gone, the world ends, which is waited
/// for: none may be kept in the world itself.
pub struct Pace<W> {
    shared: Arc<Shared<W>>,
}

impl<W> Clone for Pace<W> {
    fn clone(&self) -> Self {
        Self { shared: Arc::clone(&self.shared) }
    }
}

struct Shared<W> {
    errands: Option<Sender<Errand<W>>>,
    state: Arc<Mutex<State>>,
    thread: Option<JoinHandle<()>>,
}

/// What is shared with the world's thread.
#[derive(Debug)]
struct State {
    /// How many times faster than real time; 0 stands still.
    speed: f64,
    /// How many errands are waited for.
    waited: usize,
    /// The world's time.
    now: Duration,
}

/// An errand that somebody waits for: while there is one, a world that stands still moves by the
/// moments that the errand takes.
pub struct Waiting {
    state: Arc<Mutex<State>>,
}

impl Drop for Waiting {
    fn drop(&mut self) {
        lock(&self.state).waited -= 1;
    }
}

impl<W: Send + 'static> Pace<W> {
    /// A world made by `make` inside of a runtime on virtual time, which begins at `speed` times real
    /// time. Returns when it is made.
    pub fn start<E: Send + 'static>(
        speed: f64,
        make: impl AsyncFnOnce() -> Result<W, E> + Send + 'static,
    ) -> Result<Self, E> {
        let (errands, taken) = mpsc::channel();
        let state = Arc::new(Mutex::new(State { speed, waited: 0, now: Duration::ZERO }));
        let (tell, told) = mpsc::channel();
        let of_world = Arc::clone(&state);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_time()
                .start_paused(true)
                .build()
                .expect("a runtime without I/O needs nothing that could be missing");
            runtime.block_on(async move {
                let world = match make().await {
                    Ok(world) => world,
                    Err(error) => return drop(tell.send(Err(error))),
                };
                // Nobody waits any more if it was given up meanwhile; then the errands end, too.
                let _ = tell.send(Ok(()));
                keep_pace(&world, &taken, &of_world).await;
            });
        });
        // One that panicked has said so, and does nothing that is asked of it.
        if let Ok(Err(error)) = told.recv() {
            return Err(error);
        }
        let shared = Shared { errands: Some(errands), state, thread: Some(thread) };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Lets the world's thread do something. Nothing happens when the world has ended.
    pub fn errand(&self, errand: impl FnOnce(&W) + Send + 'static) {
        if let Some(errands) = &self.shared.errands {
            let _ = errands.send(Box::new(errand));
        }
    }

    /// Asks the world something, and waits; `None` when it has ended. Not from within a runtime.
    pub fn ask<T: Send + 'static>(&self, question: impl FnOnce(&W) -> T + Send + 'static) -> Option<T> {
        let (tell, told) = mpsc::channel();
        self.errand(move |world| drop(tell.send(question(world))));
        told.recv().ok()
    }

    /// Somebody waits for what an errand began, until the result is dropped.
    pub fn waiting(&self) -> Waiting {
        lock(&self.shared.state).waited += 1;
        Waiting { state: Arc::clone(&self.shared.state) }
    }
}

impl<W> Pace<W> {
    /// Whether the world has ended by itself: it panicked, and has said so.
    pub fn has_ended(&self) -> bool {
        self.shared.thread.as_ref().is_none_or(JoinHandle::is_finished)
    }

    /// The world's time since it was made.
    pub fn now(&self) -> Duration {
        lock(&self.shared.state).now
    }

    /// How many times faster than real time the world goes; 0 stands still.
    pub fn speed(&self) -> f64 {
        lock(&self.shared.state).speed
    }

    /// Goes on at another speed.
    pub fn set_speed(&self, speed: f64) {
        lock(&self.shared.state).speed = speed.max(0.0);
    }
}

impl<W> Drop for Shared<W> {
    fn drop(&mut self) {
        // The world ends when nobody can send it errands any more.
        self.errands = None;
        if let Some(thread) = self.thread.take() {
            // That it panicked was said when it did.
            let _ = thread.join();
        }
    }
}

async fn keep_pace<W>(world: &W, errands: &Receiver<Errand<W>>, state: &Mutex<State>) {
    let origin = tokio::time::Instant::now();
    let mut clock = Clock::start();
    loop {
        let (speed, is_waited) = {
            let mut state = lock(state);
            state.now = origin.elapsed();
            (state.speed, state.waited > 0)
        };
        let step = clock.step(speed, origin.elapsed());
        let hold = if step.is_zero() && !is_waited { TICK } else { Duration::ZERO };
        match errands.recv_timeout(hold) {
            Ok(errand) => {
                errand(world);
                // And those that came with it: they are of the same moment.
                while let Ok(errand) = errands.try_recv() {
                    errand(world);
                }
            }
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return,
        }
        match (step.is_zero(), is_waited) {
            (false, _) => tokio::time::sleep(step).await,
            (true, true) => tokio::time::sleep(ERRAND).await,
            // Tasks that an errand began run up to where they need time.
            (true, false) => tokio::task::yield_now().await,
        }
    }
}

/// How far virtual time should be, by real time and the speeds there were.
struct Clock {
    looked: Instant,
    due: Duration,
}

#[expect(clippy::disallowed_methods, reason = "what a person watches goes by the person's time")]
fn real() -> Instant {
    Instant::now()
}

impl Clock {
    fn start() -> Self {
        Self { looked: real(), due: Duration::ZERO }
    }

    /// How much virtual time is to pass now, where it stands at `now`.
    fn step(&mut self, speed: f64, now: Duration) -> Duration {
        let looked = real();
        let passed = looked.duration_since(self.looked);
        self.looked = looked;
        self.advance(passed, speed, now)
    }

    fn advance(&mut self, passed: Duration, speed: f64, now: Duration) -> Duration {
        // An errand may have taken it further than it is due: that is waited for.
        let behind = BEHIND_MAX.mul_f64(speed).max(STEP_MAX);
        self.due = (self.due + passed.mul_f64(speed)).min(now + behind);
        self.due.saturating_sub(now).min(STEP_MAX)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn virtual_time_is_due_by_the_speed() {
        let mut clock = Clock::start();
        assert_eq!(clock.advance(TICK, 10.0, Duration::ZERO), TICK * 10);
        assert_eq!(clock.advance(TICK, 0.0, TICK * 10), Duration::ZERO, "it stands still");
        assert_eq!(clock.advance(TICK, 1.0, TICK * 20), Duration::ZERO, "an errand took it further");
        let slept = clock.advance(SECOND * 3600, 1.0, TICK * 20);
        assert_eq!(
            (slept, clock.due),
            (STEP_MAX, TICK * 20 + STEP_MAX),
            "what was slept through is given up"
        );
    }

    #[test]
    fn a_world_that_stands_still_does_what_it_is_asked() {
        let pace = Pace::<u32>::start(0.0, async || Ok::<_, ()>(7)).unwrap();
        assert_eq!(pace.ask(|world| *world), Some(7));
        assert_eq!(pace.now(), Duration::ZERO);
        let (tell, told) = mpsc::channel();
        let waiting = pace.waiting();
        pace.errand(move |_| {
            #[expect(clippy::disallowed_methods, reason = "a task of the test's own world")]
            tokio::spawn(async move {
                tokio::time::sleep(Duration::from_millis(20)).await;
                let _ = tell.send(());
            });
        });
        told.recv_timeout(SECOND * 60).expect("time passes for who is waited for");
        drop(waiting);
    }

    #[test]
    fn a_world_that_cannot_be_made_says_why() {
        assert_eq!(Pace::<u32>::start(1.0, async || Err("no room")).err(), Some("no room"));
    }

    #[test]
    fn a_world_that_panics_has_ended_and_answers_nothing() {
        let pace = Pace::<u32>::start(1.0, async || Ok::<_, ()>(7)).unwrap();
        assert!(!pace.has_ended());
        pace.errand(|_| panic!("on purpose"));
        assert_eq!(pace.ask(|world| *world), None);
        while !pace.has_ended() {
            std::thread::sleep(TICK);
        }
    }

    #[test]
    fn a_fast_world_is_far_ahead_of_real_time() {
        let pace = Pace::<()>::start(1000.0, async || Ok::<_, ()>(())).unwrap();
        let began = real();
        while pace.now() < SECOND * 20 {
            std::thread::sleep(TICK);
        }
        assert!(real().duration_since(began) < SECOND * 20);
        pace.set_speed(0.0);
        assert!(pace.speed().abs() < f64::EPSILON);
    }
}

//! How the ways between parties are: cut, slow, losing or refusing requests; and where services are
//! to crash.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::Environment;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;
use tokio::sync::mpsc;

use super::signal::Signal;

/// How one way is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Way {
    /// Nothing gets through in either direction, and nobody is told.
    pub is_cut: bool,
    /// So many of a hundred requests never arrive.
    pub lost: u32,
    /// So many of a hundred are done, and their answers never come back.
    pub unanswered: u32,
    /// So many of a hundred are refused, with these statuses.
    pub refused: u32,
    /// The statuses, one of which is drawn. Empty: the connection is refused.
    pub statuses: Vec<u16>,
    /// How long a request may be on its way besides.
    pub delay: Duration,
    /// Watches end after about so long; `None` when they may last.
    pub watch_life: Option<Duration>,
}

/// What becomes of one request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It is served after so long.
    Served(Duration),
    /// It is served after so long, and the answer is lost.
    Unanswered(Duration),
    /// It never arrives, and nobody is told.
    Lost,
    /// Nobody listens.
    Closed,
    /// Whoever stands in front of the server answers.
    Refused(u16),
    /// Its sender crashes before it leaves.
    CrashBefore,
    /// Its sender crashes when it has been served.
    CrashAfter,
}

/// Where a service is to crash: at its so many-th write from now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crash {
    /// How many writes come before.
    pub writes: u32,
    /// Whether the write is done.
    pub after: bool,
}

/// All ways. Cheap to clone.
#[derive(Clone)]
pub struct Weather {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    crashes: mpsc::UnboundedSender<String>,
}

struct State {
    rng: ChaCha12Rng,
    ways: BTreeMap<(String, String), Signal<Way>>,
    crashes: BTreeMap<String, Crash>,
}

impl Weather {
    /// Fine weather. `crashes` hears of services that are to crash now.
    pub fn new(environment: &Environment, crashes: mpsc::UnboundedSender<String>) -> Self {
        let rng = environment.rng("weather");
        let state = State { rng, ways: BTreeMap::new(), crashes: BTreeMap::new() };
        Self { shared: Arc::new(Shared { state: Mutex::new(state), crashes }) }
    }

    /// Changes a way.
    pub fn change(&self, from: &str, to: &str, change: impl FnOnce(&mut Way)) {
        let way = self.lock().way(from, to).clone();
        way.change(change);
    }

    /// Makes every way fine again, and forgets where services were to crash.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.crashes.clear();
        let ways: Vec<Signal<Way>> = state.ways.values().cloned().collect();
        drop(state);
        for way in ways {
            way.change(|way| *way = Way::default());
        }
    }

    /// Lets a service crash at a write of its own.
    pub fn crash(&self, service: &str, crash: Crash) {
        self.lock().crashes.insert(service.to_owned(), crash);
    }

    /// How a way is, now and whenever it changes.
    pub fn follow(&self, from: &str, to: &str) -> Signal<Way> {
        self.lock().way(from, to).clone()
    }

    /// What becomes of a request that leaves now.
    pub fn fate(&self, from: &str, to: &str, is_write: bool) -> Fate {
        let mut state = self.lock();
        if is_write && let Some(after) = state.crashes_now(from) {
            return if after { Fate::CrashAfter } else { Fate::CrashBefore };
        }
        let way = state.way(from, to).get();
        if way.is_cut {
            return Fate::Lost;
        }
        // Fine ways draw nothing, so that one bad way does not change what others draw.
        let most = way.delay.as_millis() as u64;
        let delay = if most == 0 { 0 } else { state.rng.random_range(0..=most) };
        let delay = Duration::from_millis(delay);
        if way.lost + way.unanswered + way.refused == 0 {
            return Fate::Served(delay);
        }
        let drawn = state.rng.random_range(0..100);
        if drawn < way.lost {
            Fate::Lost
        } else if drawn < way.lost + way.unanswered {
            Fate::Unanswered(delay)
        } else if drawn >= way.lost + way.unanswered + way.refused {
            Fate::Served(delay)
        } else if way.statuses.is_empty() {
            Fate::Closed
        } else {
            let index = state.rng.random_range(0..way.statuses.len());
            Fate::Refused(way.statuses[index])
        }
    }

    /// How long a watch that begins now may last.
    pub fn watch_life(&self, from: &str, to: &str) -> Option<Duration> {
        let mut state = self.lock();
        let about = state.way(from, to).get().watch_life?.as_millis() as u64;
        Some(Duration::from_millis(state.rng.random_range(about / 2..=about * 2)))
    }

    /// Says that a service is to crash now.
    pub fn report_crash(&self, service: &str) {
        // Nobody hears it when the run is over.
        let _ = self.shared.crashes.send(service.to_owned());
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.shared.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn way(&mut self, from: &str, to: &str) -> &Signal<Way> {
        self.ways.entry((from.to_owned(), to.to_owned())).or_default()
    }

    /// Whether a service crashes at this write, and then whether after it.
    fn crashes_now(&mut self, service: &str) -> Option<bool> {
        let crash = self.crashes.get_mut(service)?;
        if let Some(left) = crash.writes.checked_sub(1) {
            crash.writes = left;
            return None;
        }
        self.crashes.remove(service).map(|crash| crash.after)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weather() -> (Weather, mpsc::UnboundedReceiver<String>) {
        let (sender, receiver) = mpsc::unbounded_channel();
        (Weather::new(&Environment::test(1), sender), receiver)
    }

    #[test]
    fn a_fine_way_serves_and_a_cut_one_loses() {
        let (weather, _receiver) = weather();
        assert_eq!(weather.fate("a", "b", false), Fate::Served(Duration::ZERO));
        weather.change("a", "b", |way| way.is_cut = true);
        assert_eq!(weather.fate("a", "b", false), Fate::Lost);
        assert_eq!(weather.fate("b", "a", false), Fate::Served(Duration::ZERO));
        weather.clear();
        assert_eq!(weather.fate("a", "b", false), Fate::Served(Duration::ZERO));
    }

    #[test]
    fn a_bad_way_does_of_everything_some() {
        let (weather, _receiver) = weather();
        weather.change("a", "b", |way| {
            (way.lost, way.unanswered, way.refused, way.statuses) = (20, 20, 20, vec![500, 503]);
        });
        let fates: Vec<Fate> = (0..200).map(|_| weather.fate("a", "b", true)).collect();
        for wanted in [Fate::Lost, Fate::Unanswered(Duration::ZERO), Fate::Refused(500), Fate::Refused(503)] {
            assert!(fates.contains(&wanted), "{wanted:?}");
        }
    }

    #[test]
    fn a_crash_comes_at_its_write() {
        let (weather, _receiver) = weather();
        weather.crash("a", Crash { writes: 1, after: true });
        let fates = [true, false, true, true].map(|is_write| weather.fate("a", "b", is_write));
        let served = Fate::Served(Duration::ZERO);
        assert_eq!(fates, [served, served, Fate::CrashAfter, served]);
    }
}

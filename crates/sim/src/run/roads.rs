//! How the roads between services, and to receivers, are: cut, slow, losing or refusing what is
//! sent. The way to the API server is the server's own ([`crate::api::Faults`]).

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::Environment;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

/// How one road is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Condition {
    /// Nothing gets through in either direction, and nobody is told.
    pub is_cut: bool,
    /// So many of a hundred requests are done, and their answers never come back.
    pub unanswered: u32,
    /// So many of a hundred are refused, with these statuses.
    pub refused: u32,
    /// The statuses, one of which is drawn. Empty: the connection is refused.
    pub statuses: Vec<u16>,
    /// How long a request may be on its way besides.
    pub delay: Duration,
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
}

/// All roads. Cheap to clone.
#[derive(Clone)]
pub struct Roads {
    state: Arc<Mutex<State>>,
}

struct State {
    rng: ChaCha12Rng,
    conditions: BTreeMap<(String, String), Condition>,
}

impl Roads {
    /// Roads that are all fine.
    pub fn new(environment: &Environment) -> Self {
        let state = State { rng: environment.rng("roads"), conditions: BTreeMap::new() };
        Self { state: Arc::new(Mutex::new(state)) }
    }

    /// Changes a road.
    pub fn change(&self, from: &str, to: &str, change: impl FnOnce(&mut Condition)) {
        change(self.lock().conditions.entry((from.to_owned(), to.to_owned())).or_default());
    }

    /// Makes every road fine again.
    pub fn clear(&self) {
        self.lock().conditions.clear();
    }

    /// What becomes of a request that leaves now.
    pub fn fate(&self, from: &str, to: &str) -> Fate {
        let mut state = self.lock();
        let State { rng, conditions } = &mut *state;
        // Fine roads draw nothing, so that one bad road does not change what others draw.
        let Some(road) = conditions.get(&(from.to_owned(), to.to_owned())) else {
            return Fate::Served(Duration::ZERO);
        };
        if road.is_cut {
            return Fate::Lost;
        }
        let most = road.delay.as_millis() as u64;
        let delay = if most == 0 { 0 } else { rng.random_range(0..=most) };
        let delay = Duration::from_millis(delay);
        if road.unanswered + road.refused == 0 {
            return Fate::Served(delay);
        }
        let drawn = rng.random_range(0..100);
        if drawn < road.unanswered {
            Fate::Unanswered(delay)
        } else if drawn >= road.unanswered + road.refused {
            Fate::Served(delay)
        } else if road.statuses.is_empty() {
            Fate::Closed
        } else {
            Fate::Refused(road.statuses[rng.random_range(0..road.statuses.len())])
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fine_road_serves_and_a_cut_one_loses() {
        let roads = Roads::new(&Environment::test(1));
        assert_eq!(roads.fate("a", "b"), Fate::Served(Duration::ZERO));
        roads.change("a", "b", |road| road.is_cut = true);
        assert_eq!(roads.fate("a", "b"), Fate::Lost);
        assert_eq!(roads.fate("b", "a"), Fate::Served(Duration::ZERO));
        roads.clear();
        assert_eq!(roads.fate("a", "b"), Fate::Served(Duration::ZERO));
    }

    #[test]
    fn a_bad_road_does_of_everything_some() {
        let roads = Roads::new(&Environment::test(1));
        roads.change("a", "b", |road| {
            (road.unanswered, road.refused, road.statuses) = (20, 20, vec![500, 503]);
        });
        let fates: Vec<Fate> = (0..200).map(|_| roads.fate("a", "b")).collect();
        let served = Fate::Served(Duration::ZERO);
        for wanted in [served, Fate::Unanswered(Duration::ZERO), Fate::Refused(500), Fate::Refused(503)] {
            assert!(fates.contains(&wanted), "{wanted:?}");
        }
    }
}

//! The handle by which faults are switched on and off, and which ones strike.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use environment::Environment;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::super::call::Call;
use super::hooks::{Action, Hooks, Side, Struck};
use super::trouble::{Fault, Lost, Refused, Trouble, failing, throttled};
use crate::signal::Signal;

/// A fault that was switched on. Later ones are greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId(u64);

/// The faults of one server's ways. Cheap to clone; clones are the same.
#[derive(Clone)]
pub struct Faults {
    environment: Environment,
    state: Arc<Mutex<State>>,
    /// How often something was switched.
    switched: Signal<u64>,
}

#[derive(Default)]
struct State {
    next: u64,
    active: BTreeMap<FaultId, Fault>,
    peers: BTreeMap<String, Peer>,
}

/// What is kept of one client.
struct Peer {
    rng: ChaCha12Rng,
    hooks: Hooks,
}

/// What strikes one request.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    pub(super) slower: Duration,
    pub(super) late: Option<Duration>,
    pub(super) request_lost: Option<Lost>,
    pub(super) answer_lost: Option<Lost>,
    pub(super) refused: Option<Refused>,
    pub(super) cache: Option<Stale>,
    pub(super) malformed: bool,
}

/// A cache that stands still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stale {
    /// Where.
    pub(crate) revision: u64,
    /// Whether reads from a quorum are answered from it, too.
    pub(crate) even_quorum: bool,
}

impl Faults {
    pub(in crate::api) fn new(environment: &Environment) -> Self {
        Self { environment: environment.clone(), state: Arc::default(), switched: Signal::default() }
    }

    /// Switches a fault on.
    pub fn add(&self, fault: Fault) -> FaultId {
        let mut state = self.lock();
        state.next += 1;
        let id = FaultId(state.next);
        state.active.insert(id, fault);
        drop(state);
        self.tell();
        id
    }

    /// Switches a fault off.
    pub fn remove(&self, id: FaultId) {
        self.lock().active.remove(&id);
        self.tell();
    }

    /// Switches all faults off, and forgets what was to happen at requests.
    pub fn clear(&self) {
        let mut state = self.lock();
        state.active.clear();
        state.peers.values_mut().for_each(|peer| peer.hooks.clear());
        drop(state);
        self.tell();
    }

    /// How many requests a client has sent, wherever to.
    pub fn calls(&self, peer: &str) -> u64 {
        self.with_peer(peer, |peer| peer.hooks.calls())
    }

    /// Does `action` before or after a client's request of this number (the first is 1): what a
    /// crash at that point is made of. The client never hears of the request's outcome; before it,
    /// the request does not arrive, after it, it was done, unless a fault kept it from that.
    pub fn at_call(&self, peer: &str, number: u64, side: Side, action: impl FnOnce() + Send + 'static) {
        let action: Action = Box::new(action);
        self.with_peer(peer, |peer| peer.hooks.add(number, side, action));
    }

    /// Counts a request, and says what is to happen at it. Requests to others than this server are
    /// counted by whoever carries them, so that a client's are numbered in one row.
    pub fn count(&self, peer: &str) -> (u64, Struck) {
        self.with_peer(peer, |peer| peer.hooks.count())
    }

    /// What strikes a request.
    pub(super) fn draw(&self, peer: &str, call: &Call) -> Drawn {
        let mut drawn = Drawn::default();
        for trouble in self.strike(peer, call, |trouble| !is_about_watches(trouble)) {
            self.note(&mut drawn, peer, &trouble);
        }
        drawn
    }

    fn note(&self, drawn: &mut Drawn, peer: &str, trouble: &Trouble) {
        match *trouble {
            Trouble::Slow { least, most } => drawn.slower += self.between(peer, least, most),
            Trouble::Late(by) => drawn.late = Some(by),
            Trouble::RequestLost(lost) => drawn.request_lost = Some(lost),
            Trouble::AnswerLost(Lost::Refused) => drawn.answer_lost = Some(Lost::Reset),
            Trouble::AnswerLost(lost) => drawn.answer_lost = Some(lost),
            Trouble::Throttled { retry_after_s } => drawn.refused = Some(throttled(retry_after_s)),
            Trouble::Failing { code, landed } => drawn.refused = Some(failing(code, landed)),
            Trouble::Stale { revision, even_quorum } => drawn.cache = Some(Stale { revision, even_quorum }),
            Trouble::Malformed => drawn.malformed = true,
            _ => {}
        }
    }

    /// What strikes an event of a watch.
    pub(super) fn draw_event(&self, peer: &str, call: &Call) -> Vec<Trouble> {
        self.strike(peer, call, |trouble| is_about_watches(trouble) && !trouble.ends_watches())
    }

    /// What ends a watch now that was open when `since` was the newest fault.
    pub(super) fn draw_end(&self, peer: &str, call: &Call, since: FaultId) -> Option<Trouble> {
        let ends = |state: &State| {
            let new = state.active.range(FaultId(since.0 + 1)..);
            new.filter(|(_, fault)| fault.trouble.ends_watches()).map(|(id, _)| *id).collect()
        };
        self.strike_among(peer, call, ends).pop()
    }

    /// The newest fault.
    pub(super) fn newest(&self) -> FaultId {
        FaultId(self.lock().next)
    }

    /// Whether nothing passes.
    pub(super) fn is_cut(&self, peer: &str, call: &Call) -> bool {
        self.is_on(peer, call, |trouble| matches!(trouble, Trouble::Cut))
    }

    /// Whether the server's cache stands still.
    pub(super) fn is_stale(&self, peer: &str, call: &Call) -> bool {
        self.is_on(peer, call, |trouble| matches!(trouble, Trouble::Stale { .. }))
    }

    fn is_on(&self, peer: &str, call: &Call, which: impl Fn(&Trouble) -> bool) -> bool {
        self.lock().active.values().any(|fault| which(&fault.trouble) && fault.concerns(peer, call))
    }

    /// Waits until faults were switched so that this holds.
    pub(super) async fn until(&self, holds: impl Fn(&Self) -> bool) {
        loop {
            let known = self.switched.get();
            if holds(self) {
                return;
            }
            self.switched.until(|count| *count != known).await;
        }
    }

    /// Draws from a client's own random numbers.
    pub(super) fn with_rng<T>(&self, peer: &str, draw: impl FnOnce(&mut ChaCha12Rng) -> T) -> T {
        self.with_peer(peer, |peer| draw(&mut peer.rng))
    }

    /// A time within bounds, in whole milliseconds.
    pub(super) fn between(&self, peer: &str, least: Duration, most: Duration) -> Duration {
        let (least, most) = (least.as_millis() as u64, most.as_millis() as u64);
        Duration::from_millis(self.with_rng(peer, |rng| rng.random_range(least..=most.max(least))))
    }

    fn strike(&self, peer: &str, call: &Call, which: impl Fn(&Trouble) -> bool) -> Vec<Trouble> {
        self.strike_among(peer, call, |state| {
            let active = state.active.iter().filter(|(_, fault)| which(&fault.trouble));
            active.map(|(id, _)| *id).collect()
        })
    }

    /// Draws which of some faults strike, in the order in which they were switched on.
    fn strike_among(
        &self,
        peer: &str,
        call: &Call,
        which: impl FnOnce(&State) -> Vec<FaultId>,
    ) -> Vec<Trouble> {
        let candidates = which(&self.lock());
        let mut struck = Vec::new();
        for id in candidates {
            let share = match self.lock().active.get(&id) {
                Some(fault) if fault.concerns(peer, call) => fault.share,
                _ => continue,
            };
            if share >= 1.0 || self.with_rng(peer, |rng| rng.random_range(0.0..1.0)) < share {
                struck.extend(self.lock().use_up(id));
            }
        }
        struck
    }

    fn with_peer<T>(&self, name: &str, with: impl FnOnce(&mut Peer) -> T) -> T {
        let mut state = self.lock();
        let new = || Peer { rng: self.environment.rng(&format!("way of {name}")), hooks: Hooks::default() };
        with(state.peers.entry(name.to_owned()).or_insert_with(new))
    }

    fn tell(&self) {
        self.switched.change(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Notes that a fault strikes once more, the last time perhaps.
    fn use_up(&mut self, id: FaultId) -> Option<Trouble> {
        let fault = self.active.get_mut(&id)?;
        if let Some(times) = &mut fault.times {
            *times = times.checked_sub(1)?;
        }
        Some(fault.trouble.clone())
    }
}

impl Fault {
    fn concerns(&self, peer: &str, call: &Call) -> bool {
        self.times != Some(0) && self.peer.as_ref().is_none_or(|own| own == peer) && self.calls.include(call)
    }
}

fn is_about_watches(trouble: &Trouble) -> bool {
    matches!(
        trouble,
        Trouble::EventsDropped
            | Trouble::EventsDoubled
            | Trouble::EventsCoalesced(_)
            | Trouble::EventsDelayed { .. }
            | Trouble::EventsReplayed
            | Trouble::EventsMalformed
            | Trouble::EventsGarbled
    ) || trouble.ends_watches()
}

//! One look at a cluster: list everything once, say what is wrong, and end.

use std::collections::BTreeMap;
use std::time::Duration;

use environment::Environment;
use model::DurationText;
use model::config::monitor::MonitorConfig;
use tokio::sync::mpsc;

use super::QUEUE;
use super::board::Board;
use super::watches;
use crate::engine::{Engine, Input};
use crate::kind::Kind;
use crate::now::Now;
use crate::report::Report;
use crate::world::Change;

/// How long a kind may fail to be listed before the look goes on without it. The watch tries
/// again some five times meanwhile.
const PATIENCE: Duration = Duration::from_secs(10);

/// So many objects of a kind come between two words about it.
const TELL_EVERY: usize = 500;

/// What to look at, and how.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// Thresholds and the label of teams.
    pub config: MonitorConfig,
    /// One namespace (and nodes, which have none); all where it is not given.
    pub namespace: Option<String>,
}

/// How far a look has got.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Progress {
    /// So many objects of a kind have come.
    Listing {
        /// The kind.
        kind: Kind,
        /// How many so far.
        objects: usize,
    },
    /// All of a kind have come.
    Listed {
        /// The kind.
        kind: Kind,
        /// How many.
        objects: usize,
    },
    /// A kind cannot be listed; the look goes on without it if that stays so.
    Failing {
        /// The kind.
        kind: Kind,
        /// Why.
        reason: String,
    },
}

/// Why nothing could be seen at all.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// No kind could be listed.
    #[error("nothing could be listed: {0}")]
    Blind(String),
}

/// Looks at the cluster behind `client` once.
///
/// A threshold that is crossed by now, as far as the objects' own times tell, makes an issue. What
/// is wrong but not for long enough is only counted, as `pending`. Endpoints have no times: a
/// Service without any counts at once. A node's lease is judged by the node's clock, give or take
/// the configured skew. Kinds that cannot be listed leave their checks in `unseen`.
pub async fn check(
    client: kube::Client,
    environment: &Environment,
    options: Options,
    mut progress: impl FnMut(Progress),
) -> Result<Report, Error> {
    let mut thresholds = options.config.checks;
    thresholds.service_no_ready_endpoints.r#for = DurationText::from_secs(0);
    let mut engine = Engine::new(thresholds, options.config.team_label);
    // Tasks of its own, which end with the look.
    let own = environment.fork("one look");
    let (sender, mut inputs) = mpsc::channel(QUEUE);
    watches::start_all(&client, &own, options.namespace.as_deref(), &sender);
    let result = look(&mut engine, &own, &mut inputs, &mut progress).await;
    own.tasks().end().await;
    result
}

async fn look(
    engine: &mut Engine,
    environment: &Environment,
    inputs: &mut mpsc::Receiver<Input>,
    progress: &mut impl FnMut(Progress),
) -> Result<Report, Error> {
    let mut failures = Failures::default();
    let mut waiting = Vec::with_capacity(QUEUE);
    while !engine.awaited().is_empty() {
        let patience = failures.patience(environment.monotonic());
        tokio::select! {
            biased;
            count = inputs.recv_many(&mut waiting, QUEUE) => if count == 0 { break },
            () = tokio::time::sleep(patience.unwrap_or_default()), if patience.is_some() => {}
        }
        let now = Now { wall: environment.now(), steady: environment.monotonic() };
        for input in waiting.drain(..) {
            failures.note(&input, now.steady);
            let step = Step::of(&input);
            engine.apply(input, now);
            step.and_then(|step| step.progress(engine)).into_iter().for_each(&mut *progress);
        }
        for (kind, reason) in failures.hopeless(now.steady) {
            engine.give_up(kind, reason);
        }
    }
    let now = Now { wall: environment.now(), steady: environment.monotonic() };
    let board = Board::default();
    board.update(&engine.settle(now));
    board.set_pending(engine.pending());
    board.set_blind(engine.blind(now));
    let report = board.report();
    match report.unseen.first() {
        Some(first) if report.unseen.len() == engine.enabled() => Err(Error::Blind(first.reason.clone())),
        _ => Ok(report),
    }
}

/// What an input means for who waits.
enum Step {
    Object(Kind),
    Done(Kind),
    Failed(Kind, String),
}

impl Step {
    fn of(input: &Input) -> Option<Self> {
        match input {
            Input::Change(Change::Applied(object)) => Some(Self::Object(object.kind())),
            Input::Change(Change::ListDone(kind)) => Some(Self::Done(*kind)),
            Input::Change(_) => None,
            Input::Failed { kind, error, .. } => Some(Self::Failed(*kind, error.clone())),
        }
    }

    /// What to show of it, if anything.
    fn progress(self, engine: &Engine) -> Option<Progress> {
        match self {
            Self::Object(kind) => {
                let objects = engine.count(kind);
                objects.is_multiple_of(TELL_EVERY).then_some(Progress::Listing { kind, objects })
            }
            Self::Done(kind) => Some(Progress::Listed { kind, objects: engine.count(kind) }),
            Self::Failed(kind, reason) => Some(Progress::Failing { kind, reason }),
        }
    }
}

/// Since when kinds have failed to be listed, and why.
#[derive(Default)]
struct Failures {
    since: BTreeMap<Kind, (Duration, String)>,
}

impl Failures {
    fn note(&mut self, input: &Input, now: Duration) {
        match input {
            Input::Failed { kind, error, .. } => {
                self.since.entry(*kind).or_insert((now, String::new())).1.clone_from(error);
            }
            Input::Change(Change::ListDone(kind)) => drop(self.since.remove(kind)),
            Input::Change(_) => {}
        }
    }

    /// How long until the next kind is given up.
    fn patience(&self, now: Duration) -> Option<Duration> {
        self.since.values().map(|(since, _)| (*since + PATIENCE).saturating_sub(now)).min()
    }

    /// Those that are given up, once.
    fn hopeless(&mut self, now: Duration) -> Vec<(Kind, String)> {
        let is_over = |_: &Kind, (since, _): &mut (Duration, String)| now >= *since + PATIENCE;
        let over = self.since.extract_if(.., is_over);
        over.map(|(kind, (_, reason))| (kind, format!("{kind}s cannot be listed: {reason}"))).collect()
    }
}

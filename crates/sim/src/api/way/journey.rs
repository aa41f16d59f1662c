//! A request that has left: what becomes of it until its client hears of it, or never does.

use std::time::Duration;

use futures::StreamExt;
use tokio::sync::oneshot;

use super::super::Moment;
use super::super::answer::{self, Answer, WayError, Wire};
use super::super::call::Call;
use super::events::WatchWay;
use super::faults::Drawn;
use super::hooks::Action;
use super::observer::{Exchange, Outcome};
use super::{Lost, Way, broken, spoil};
use crate::registry::Status;

/// How long the server waits for a version that has not come yet.
const FRESHNESS: Duration = Duration::from_secs(3);

/// What a client hears; `None` for nothing, however long it waits.
type Heard = Option<Result<Wire, WayError>>;

/// A request on its way.
pub(super) struct Journey {
    pub(super) way: Way,
    pub(super) call: Call,
    pub(super) exchange: Exchange,
    /// What strikes it.
    pub(super) drawn: Drawn,
    /// What is to happen when it was done, in the place of its answer.
    pub(super) after: Option<Action>,
    /// Where its client waits.
    pub(super) reply: oneshot::Sender<Result<Wire, WayError>>,
}

impl Journey {
    /// Goes there and back.
    pub(super) async fn go(mut self) {
        let heard = self.travel().await;
        if let Some(action) = self.after.take() {
            action();
        } else if let Some(heard) = heard {
            // Whoever asked may be gone.
            let _ = self.reply.send(heard);
        }
    }

    async fn travel(&mut self) -> Heard {
        match self.drawn.late {
            Some(by) => tokio::time::sleep(by).await,
            None => tokio::time::sleep(self.way.draw_way() + self.drawn.slower).await,
        }
        if !self.pass_cut().await {
            return None;
        }
        if let Some(loss) = self.drawn.request_lost {
            self.observe(Outcome::NotArrived, false);
            return lose(loss).await;
        }
        let answer = self.arrive();
        if self.after.is_some() {
            return None;
        }
        if answer.as_ref().is_err_and(|status| status.code == 504) {
            tokio::time::sleep(FRESHNESS).await;
        }
        if self.drawn.late.is_some() {
            return None;
        }
        if let Some(loss) = self.drawn.answer_lost {
            return lose(loss).await;
        }
        tokio::time::sleep(self.way.draw_way()).await;
        Some(Ok(self.deliver(answer)))
    }

    /// Waits while the way is cut. False when the client gives up meanwhile: it closes the
    /// connection, and what was not delivered by then is not delivered at all.
    async fn pass_cut(&mut self) -> bool {
        let Self { way, call, reply, .. } = self;
        if !way.faults().is_cut(&way.peer, call) {
            return true;
        }
        let passes = tokio::select! {
            biased;
            () = reply.closed() => false,
            () = way.faults().until(|faults| !faults.is_cut(&way.peer, call)) => true,
        };
        if !passes {
            self.observe(Outcome::NotArrived, false);
        }
        passes
    }

    /// The server does what is asked.
    fn serve(&self) -> Result<Answer, Status> {
        self.way.server.answer(&self.call, Moment { cache: self.drawn.cache })
    }

    /// It arrives, and is answered.
    fn arrive(&self) -> Result<Answer, Status> {
        match &self.drawn.refused {
            None => {
                let answer = self.serve();
                self.observe(Outcome::of(&answer), true);
                answer
            }
            Some(refused) => {
                let refusal = Err(refused.status.clone());
                // What was done is what is seen; its client hears something else.
                let done = if refused.landed { &self.serve() } else { &refusal };
                self.observe(Outcome::of(done), !refused.landed);
                refusal
            }
        }
    }

    /// What the client gets of an answer.
    fn deliver(&self, answer: Result<Answer, Status>) -> Wire {
        let Self { way, call, drawn, .. } = self;
        match answer {
            Ok(Answer::Lines(lines)) => {
                let way = WatchWay::new(way.clone(), call.clone(), lines);
                answer::stream(futures::stream::unfold(way, WatchWay::next).boxed())
            }
            Ok(Answer::Json(code, body)) if drawn.malformed => {
                let body = way.faults().with_rng(&way.peer, |rng| spoil::body(&body, rng));
                Answer::Json(code, body).into_wire()
            }
            Ok(answer) => answer.into_wire(),
            Err(status) => answer::refusal(&status),
        }
    }

    /// `is_told`: whether the server says so.
    fn observe(&self, outcome: Outcome, is_told: bool) {
        let Self { way, drawn, after, reply, .. } = self;
        let is_lost = drawn.late.is_some() || drawn.answer_lost.is_some() || after.is_some();
        let is_heard = is_told && !is_lost && !reply.is_closed();
        let at = way.environment.now();
        way.server.observers().exchange(&Exchange { at, outcome, is_heard, ..self.exchange.clone() });
    }
}

/// What a client hears whose request or answer is lost.
async fn lose(loss: Lost) -> Heard {
    match loss {
        Lost::Refused => Some(Err(broken::refused().await)),
        Lost::Reset => Some(Err(broken::reset())),
        Lost::Silence => None,
    }
}

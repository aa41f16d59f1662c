//! What becomes of a watch's lines on their way.

use std::collections::VecDeque;

use bytes::Bytes;
use futures::stream::BoxStream;
use futures::{FutureExt, StreamExt};

use super::super::answer::WayError;
use super::super::call::Call;
use super::super::watch::{EventType, Line, News, expired_line};
use super::faults::{FaultId, Faults};
use super::trouble::Trouble;
use super::{Told, Way, broken, spoil};

/// How many events are remembered, to be told again.
const REMEMBERED: usize = 16;

/// The way of one watch.
pub(super) struct WatchWay {
    way: Way,
    call: Call,
    lines: BoxStream<'static, Line>,
    /// The newest fault when the watch was opened, or when it last survived one.
    since: FaultId,
    /// What is ready to go out.
    ready: VecDeque<Line>,
    told: VecDeque<News>,
    is_over: bool,
}

/// What happens next.
enum Next {
    Line(Option<Line>),
    End(Trouble),
}

impl WatchWay {
    pub(super) fn new(way: Way, call: Call, lines: BoxStream<'static, Line>) -> Self {
        let since = way.faults().newest();
        let (ready, told) = (VecDeque::new(), VecDeque::new());
        // Whether it has ended is also found out while events are taken together.
        let lines = lines.fuse().boxed();
        Self { way, call, lines, since, ready, told, is_over: false }
    }

    pub(super) async fn next(mut self) -> Option<(Result<Bytes, WayError>, Self)> {
        loop {
            if let Some(line) = self.ready.pop_front() {
                hold(&self.way, &self.call, line.is_initial()).await;
                return Some((Ok(self.tell(line)), self));
            }
            if self.is_over {
                return None;
            }
            match self.listen().await {
                Next::Line(Some(line)) => self.disturb(line).await,
                Next::Line(None) | Next::End(Trouble::WatchesClosed) => self.is_over = true,
                Next::End(Trouble::WatchesExpired) => {
                    self.is_over = true;
                    return Some((Ok(expired_line()), self));
                }
                Next::End(_) => {
                    self.is_over = true;
                    return Some((Err(broken::reset()), self));
                }
            }
        }
    }

    async fn listen(&mut self) -> Next {
        let Self { way, call, lines, since, .. } = self;
        let faults = way.faults();
        loop {
            if let Some(trouble) = faults.draw_end(&way.peer, call, *since) {
                return Next::End(trouble);
            }
            *since = faults.newest();
            let known = *since;
            tokio::select! {
                biased;
                () = faults.until(|faults| faults.newest() != known) => {}
                line = lines.next() => return Next::Line(line),
            }
        }
    }

    /// Lets faults strike a line; what is left of it is ready to go out.
    async fn disturb(&mut self, line: Line) {
        let Line::News(mut news) = line else {
            self.ready.push_back(line);
            return;
        };
        if news.is_initial {
            self.ready.push_back(Line::News(news));
            return;
        }
        let (mut copies, mut replayed) = (1, None);
        let peer = self.way.peer.clone();
        for trouble in self.way.faults().draw_event(&peer, &self.call) {
            match trouble {
                Trouble::EventsDropped => copies = 0,
                Trouble::EventsDoubled => copies = 2,
                Trouble::EventsDelayed { least, most } => {
                    tokio::time::sleep(self.way.faults().between(&peer, least, most)).await;
                }
                Trouble::EventsCoalesced(within) => {
                    tokio::time::sleep(within).await;
                    self.coalesce(&mut news);
                }
                Trouble::EventsReplayed => replayed = self.told.front().cloned(),
                Trouble::EventsMalformed => {
                    news.object = self.way.faults().with_rng(&peer, |rng| spoil::object(&news.object, rng));
                }
                Trouble::EventsGarbled => {
                    let half = news.object.len() / 2;
                    news.object.truncate(half);
                }
                _ => {}
            }
        }
        // What came after it and was looked at already stands behind it.
        if let Some(replayed) = replayed {
            self.ready.push_front(Line::News(replayed));
        }
        for _ in 0..copies {
            self.ready.push_front(Line::News(news.clone()));
        }
    }

    /// Takes what has come meanwhile about the same object into one event. The rest waits.
    fn coalesce(&mut self, news: &mut News) {
        while let Some(Some(line)) = self.lines.next().now_or_never() {
            match line {
                Line::News(later) if later.address == news.address => {
                    let event = match (news.event, later.event) {
                        // Gone and there again: nobody saw it go.
                        (EventType::Deleted, EventType::Added) => EventType::Modified,
                        (EventType::Added, EventType::Modified) => EventType::Added,
                        (_, event) => event,
                    };
                    *news = News { event, ..later };
                }
                other => self.ready.push_back(other),
            }
        }
    }

    fn tell(&mut self, line: Line) -> Bytes {
        self.way.server.observers().heard(&self.way.peer, &self.call.path);
        if let Line::News(news) = &line {
            let News { event, address, revision, .. } = news.clone();
            let at = self.way.environment.now();
            let peer = self.way.peer.clone();
            self.way.server.observers().told(&Told { at, peer, event, address, revision });
            self.told.push_back(news.clone());
            if self.told.len() > REMEMBERED {
                self.told.pop_front();
            }
        }
        line.into_bytes()
    }
}

/// Waits while nothing passes, or while the server's cache stands still and has no news.
async fn hold(way: &Way, call: &Call, is_initial: bool) {
    let may_pass = |faults: &Faults| {
        !faults.is_cut(&way.peer, call) && (is_initial || !faults.is_stale(&way.peer, call))
    };
    way.faults().until(may_pass).await;
}

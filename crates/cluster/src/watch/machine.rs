//! The states a watch goes through: list, watch, resume, and again.

mod listing;

use std::marker::PhantomData;
use std::mem;
use std::time::Duration;

use environment::Environment;
use rand::RngExt;
use rand_chacha::ChaCha12Rng;

use super::defects;
use super::frames::{Frames, Next};
use super::wire::{self, Frame, Malformed, Page};
use super::{Error, Event, Spec};
use crate::backoff::Backoff;
use crate::refusal::{MissingVerb, Refusal, cut};
use crate::transport::{self, Failure, Problem};
use crate::views::View;

/// How long the head of an answer may take. The server first waits until its cache is as new as
/// its store; client-go gives up on the same after 30 s.
const HEAD_DEADLINE: Duration = Duration::from_secs(30);

/// How long a watch is asked to last, in seconds: a time of its own within this range, like
/// client-go's, so that those who began together do not all come back together.
const LIFETIME_S: std::ops::RangeInclusive<u64> = 300..=600;

/// How long after its time a watch may still be silent.
const LIFETIME_MARGIN: Duration = Duration::from_secs(30);

/// How long a watch may be silent once it has shown that the server sends bookmarks, which come
/// every minute: two missed, and half of one for the road.
const BOOKMARK_SILENCE: Duration = Duration::from_secs(150);

/// A watch that ends sooner than this without a word counts as failed, not as ended.
const AT_ONCE: Duration = Duration::from_secs(1);

/// First and longest wait before trying again.
const RETRY_FIRST: Duration = Duration::from_millis(200);
const RETRY_LONGEST: Duration = Duration::from_secs(30);

/// How often in a row a server may refuse to go on from a version before everything is listed
/// anew, and how often it may give a list older than what it had shown before that is believed:
/// a store restored from a backup is older for good.
const PATIENCE: u32 = 5;

/// A watch and where it is.
pub(super) struct Watcher<V> {
    client: kube::Client,
    environment: Environment,
    spec: Spec,
    collection: String,
    phase: Phase,
    pause: Option<Duration>,
    backoff: Backoff,
    rng: ChaCha12Rng,
    /// Whether the next list is to be streamed.
    streaming: bool,
    /// Whether the server has said that it never will.
    streaming_refused: bool,
    page_size: u32,
    /// When what was listed last is to be listed anew, on the monotonic clock.
    list_again: Duration,
    /// The newest version seen, where versions are numbers.
    newest: Option<u64>,
    /// The newest version of the store, which other kinds' changes also take forward.
    stored: Option<u64>,
    /// Troubles in a row: lists from the past, versions not to be resumed from.
    went_back: u32,
    not_resumed: u32,
    view: PhantomData<fn() -> V>,
}

enum Phase {
    /// Nothing is known, or nothing can be gone on from: list.
    List,
    /// A streamed list on its way.
    Streaming(Connection),
    /// A page in hand.
    Paging(Page),
    /// The next page is to be fetched.
    NextPage(String),
    /// Changes on their way.
    Watching(Connection),
    /// Nothing came for suspiciously long; ask why, and go on from the version.
    Quiet(String),
    /// The connection ended; go on from the version.
    Resume(String),
}

/// A connection on which a watch speaks.
struct Connection {
    frames: Frames<kube::client::Body>,
    /// The version to go on from; empty during a streamed list.
    version: String,
    /// How long it may be silent.
    silence: Duration,
    opened: Duration,
    spoke: bool,
}

impl<V: View> Watcher<V> {
    pub(super) fn new(client: kube::Client, environment: Environment, spec: Spec) -> Self {
        let collection = V::collection(spec.namespace.as_deref());
        let rng = environment.rng(&format!("watch {collection} {} {}", spec.labels, spec.fields));
        let retries = environment.rng(&format!("watch retries {collection} {} {}", spec.labels, spec.fields));
        Self {
            backoff: Backoff::new(RETRY_FIRST, RETRY_LONGEST, retries),
            rng,
            collection,
            phase: Phase::List,
            pause: None,
            streaming: spec.streaming,
            streaming_refused: false,
            page_size: spec.page_size.max(1),
            list_again: Duration::ZERO,
            newest: None,
            stored: None,
            went_back: 0,
            not_resumed: 0,
            client,
            environment,
            spec,
            view: PhantomData,
        }
    }

    /// The next event.
    pub(super) async fn next(&mut self) -> Event<V> {
        loop {
            if let Some(pause) = self.pause.take() {
                tokio::time::sleep(pause).await;
            }
            match self.step().await {
                Ok(Some(event)) => return event,
                Ok(None) => {}
                Err(error) => return self.fail(error),
            }
        }
    }

    /// One step. On an error, the phase is already the one to go on from.
    async fn step(&mut self) -> Result<Option<Event<V>>, Error> {
        if matches!(self.phase, Phase::Resume(_)) && self.is_list_old() {
            self.phase = Phase::List;
        }
        match &mut self.phase {
            Phase::Watching(_) | Phase::Streaming(_) => self.read_frame().await,
            Phase::Paging(page) => match page.item::<V>() {
                Some(item) => Ok(Some(self.listed(item))),
                None => self.end_page(),
            },
            Phase::List if self.streaming => self.begin_stream().await.map(Some),
            Phase::List => {
                self.fetch_page(String::new()).await?;
                Ok(matches!(self.phase, Phase::Paging(_)).then_some(Event::ListStarted))
            }
            Phase::NextPage(next) => {
                let next = mem::take(next);
                self.fetch_page(next).await?;
                Ok(None)
            }
            Phase::Quiet(version) => {
                let version = mem::take(version);
                self.ask_store(version).await
            }
            Phase::Resume(version) => {
                let version = version.clone();
                self.resume(version).await
            }
        }
    }

    /// Whether the last list is so old that it is time for another.
    fn is_list_old(&self) -> bool {
        self.environment.monotonic() >= self.list_again && !defects::never_lists_anew()
    }

    async fn resume(&mut self, version: String) -> Result<Option<Event<V>>, Error> {
        let (uri, lifetime) = self.watch_uri(&[("resourceVersion", &version)]);
        match self.connect(&uri, version, lifetime + LIFETIME_MARGIN).await {
            Ok(connection) => {
                self.phase = Phase::Watching(connection);
                Ok(Some(Event::Heard))
            }
            Err(Error::Failed(Failure::Refused(refusal))) if refusal.is_expired() => {
                self.history_lost();
                Ok(None)
            }
            Err(error) => {
                self.not_resumed += u32::from(matches!(error, Error::Failed(Failure::Refused(_))));
                if self.not_resumed >= PATIENCE {
                    self.phase = Phase::List;
                }
                Err(error)
            }
        }
    }

    /// Asks for the version of the store: a list is a consistent read, also of one object.
    /// Whatever comes of it, the connection is made anew: it may be dead, and then it would be
    /// silent too.
    async fn ask_store(&mut self, version: String) -> Result<Option<Event<V>>, Error> {
        self.phase = Phase::Resume(version);
        let query = std::iter::once(("limit", "1")).chain(selectors(&self.spec));
        let uri = transport::with_query(&self.collection, query);
        let body = transport::call(&self.client, transport::get(&uri), HEAD_DEADLINE)
            .await
            .map_err(|failure| explain::<V>(failure, "list"))?;
        self.spec.counters.received(body.len() as u64);
        self.spec.counters.heard(self.environment.monotonic());
        let page =
            Page::decode(body).map_err(|error| Error::Garbled(cut(&error.to_string(), 200).to_owned()))?;
        Ok(self.progressed(&page.resource_version).then_some(Event::Progressed))
    }

    /// Whether the store has gone on to this version. One whose versions are no numbers is never
    /// known to.
    fn progressed(&mut self, version: &str) -> bool {
        let number = version.parse::<u64>().ok();
        let is_newer = number > self.stored;
        self.stored = number.max(self.stored);
        is_newer
    }

    /// Opens a watch and reads the head of its answer.
    async fn connect(&mut self, uri: &str, version: String, silence: Duration) -> Result<Connection, Error> {
        let opening = transport::open(&self.client, transport::get(uri));
        let (status, headers, body) = tokio::time::timeout(HEAD_DEADLINE, opening)
            .await
            .unwrap_or(Err(Failure::Lost(Problem::TimedOut(HEAD_DEADLINE))))
            .map_err(Error::Failed)?;
        if !status.is_success() {
            let refusal = transport::read_refusal(status, &headers, body, HEAD_DEADLINE).await;
            return Err(explain::<V>(Failure::Refused(refusal), "watch"));
        }
        let opened = self.environment.monotonic();
        self.spec.counters.heard(opened);
        Ok(Connection { frames: Frames::new(body), version, silence, opened, spoke: false })
    }

    /// Reads one frame of a watch, or of a list that is streamed.
    async fn read_frame(&mut self) -> Result<Option<Event<V>>, Error> {
        let (connection, listing) = match &mut self.phase {
            Phase::Streaming(connection) => (connection, true),
            Phase::Watching(connection) => (connection, false),
            _ => return Ok(None),
        };
        let mut received = 0;
        let quiet = self.spec.quiet.filter(|quiet| !listing && *quiet < connection.silence);
        let silence = quiet.unwrap_or(connection.silence);
        let decoded = match connection.frames.next(silence, &mut received).await {
            Ok(Next::Line(line)) => wire::decode::<V>(line).map(Some),
            Ok(Next::End) => Ok(None),
            Err(Failure::Lost(Problem::TimedOut(_))) if quiet.is_some() => {
                self.spec.counters.received(received);
                self.phase = Phase::Quiet(mem::take(&mut connection.version));
                return Ok(None);
            }
            Err(failure) => {
                self.spec.counters.received(received);
                self.leave_connection();
                return Err(Error::Failed(failure));
            }
        };
        self.spec.counters.received(received);
        match decoded {
            Ok(Some(frame)) => {
                connection.spoke = true;
                self.spec.counters.heard(self.environment.monotonic());
                if listing { self.listing_frame(frame) } else { self.watching_frame(frame) }
            }
            Ok(None) => self.end_of_connection(listing),
            Err(error) => {
                // What this line said is unknown, so what was missed is too.
                self.phase = Phase::List;
                Err(Error::Garbled(cut(&error.to_string(), 200).to_owned()))
            }
        }
    }

    fn watching_frame(&mut self, frame: Frame<V>) -> Result<Option<Event<V>>, Error> {
        match frame {
            Frame::Applied(object) => {
                let is_news = self.advance(object.identity().resource_version.to_owned());
                Ok(is_news.then_some(Event::Applied(object)))
            }
            Frame::Deleted(object) => {
                let is_news = self.advance(object.identity().resource_version.to_owned());
                Ok(is_news.then_some(Event::Deleted(object)))
            }
            Frame::Malformed(malformed) => {
                let is_news = self.advance(malformed.resource_version.clone());
                Ok(is_news.then(|| self.malformed(malformed)))
            }
            Frame::Bookmark { resource_version, .. } => {
                let progressed = self.progressed(&resource_version);
                self.advance(resource_version);
                if let Phase::Watching(connection) = &mut self.phase {
                    connection.silence = connection.silence.min(BOOKMARK_SILENCE);
                }
                Ok(Some(if progressed { Event::Progressed } else { Event::Heard }))
            }
            Frame::Error(refusal) if refusal.is_expired() => {
                self.history_lost();
                Ok(None)
            }
            Frame::Error(refusal) => {
                self.leave_connection();
                Err(explain::<V>(Failure::Refused(refusal), "watch"))
            }
            Frame::Unheard => Ok(None),
        }
    }

    /// Notes the version of a change. False when the change is older than what was already seen,
    /// and so no news: a server that replays its history must not take us back.
    fn advance(&mut self, version: String) -> bool {
        let number = version.parse::<u64>().ok();
        if let (Some(number), Some(newest)) = (number, self.newest)
            && number < newest
        {
            return false;
        }
        self.newest = number.or(self.newest);
        self.stored = number.max(self.stored);
        self.spec.counters.event();
        self.recovered();
        if let Phase::Watching(connection) = &mut self.phase
            && !version.is_empty()
        {
            connection.version = version;
        }
        true
    }

    fn malformed(&mut self, malformed: Malformed) -> Event<V> {
        self.spec.counters.malformed();
        let Malformed { namespace, name, reason, deleted, .. } = malformed;
        Event::Malformed { namespace, name, reason, deleted }
    }

    /// The server ended the connection in order.
    fn end_of_connection(&mut self, listing: bool) -> Result<Option<Event<V>>, Error> {
        let too_soon = match &self.phase {
            Phase::Watching(connection) => {
                !connection.spoke && self.environment.monotonic().saturating_sub(connection.opened) < AT_ONCE
            }
            _ => false,
        };
        self.leave_connection();
        if listing {
            return Err(Error::NoStreaming);
        }
        if too_soon { Err(Error::EndedAtOnce) } else { Ok(None) }
    }

    /// Leaves a connection, to go on from where it got to.
    fn leave_connection(&mut self) {
        self.phase = match mem::replace(&mut self.phase, Phase::List) {
            Phase::Watching(connection) => Phase::Resume(connection.version),
            _ => Phase::List,
        };
    }

    /// The server has forgotten the version to go on from: list anew, at once for the first time.
    fn history_lost(&mut self) {
        self.phase = Phase::List;
        self.not_resumed += 1;
        if self.not_resumed > 1 {
            self.pause = Some(self.backoff.next());
        }
    }

    /// Something was heard that shows that all is well.
    fn recovered(&mut self) {
        self.backoff.reset();
        self.went_back = 0;
        self.not_resumed = 0;
    }

    fn fail(&mut self, error: Error) -> Event<V> {
        self.spec.counters.failed();
        if matches!(self.phase, Phase::List) {
            self.choose_list(&error);
        }
        let asked = match &error {
            Error::Failed(Failure::Refused(refusal)) => refusal.retry_after.unwrap_or_default(),
            _ => Duration::ZERO,
        };
        let retry_in = self.backoff.next().max(asked.min(RETRY_LONGEST));
        self.pause = Some(retry_in);
        let denied = match &error {
            Error::Denied(verb) => Some(verb.clone()),
            _ => None,
        };
        Event::Failed { error, denied, retry_in }
    }

    /// The address of a watch, and how long it is asked to last.
    fn watch_uri(&mut self, how: &[(&str, &str)]) -> (String, Duration) {
        let seconds = self.rng.random_range(LIFETIME_S);
        let timeout = seconds.to_string();
        let common =
            [("watch", "true"), ("allowWatchBookmarks", "true"), ("timeoutSeconds", timeout.as_str())];
        let query = common.into_iter().chain(how.iter().copied()).chain(selectors(&self.spec));
        (transport::with_query(&self.collection, query), Duration::from_secs(seconds))
    }
}

/// The selectors of a watch, as they go into a query.
fn selectors(spec: &Spec) -> impl Iterator<Item = (&str, &str)> {
    [("labelSelector", spec.labels.as_str()), ("fieldSelector", spec.fields.as_str())]
        .into_iter()
        .filter(|(_, selector)| !selector.is_empty())
}

/// Says what a failure means to somebody who wanted `verb`.
fn explain<V: View>(failure: Failure, verb: &str) -> Error {
    match failure {
        Failure::Refused(refusal) if refusal.code == 403 => {
            Error::Denied(MissingVerb { verb: verb.to_owned(), group: V::group(), resource: V::resource() })
        }
        Failure::Refused(refusal) if refusal.code == 401 => Error::Unauthorized(refusal),
        Failure::Refused(Refusal { code: 404, .. }) => Error::NotServed(V::resource()),
        other => Error::Failed(other),
    }
}

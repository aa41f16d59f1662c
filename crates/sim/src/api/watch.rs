//! Watches: what there is, if asked for, then every change that the selection is about, with a
//! bookmark now and then, until the time is over.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::stream::{self, StreamExt};
use rand::RngExt;
use serde_json::{Value, json};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use super::answer::Answer;
use super::call::Asked;
use super::selection::Selection;
use super::table::Tables;
use super::version::{self, Version};
use super::{Moment, Server};
use crate::kinds::Kind;
use crate::registry::Status;
use crate::storage::{Address, Change, Object, Past, Storage};

/// How long a watch lasts that names no time: the real server's 30 minutes, and up to as much more.
const LIFETIME: Duration = Duration::from_mins(30);

/// How often a bookmark says how far the store is.
const BOOKMARK_EVERY: Duration = Duration::from_mins(1);

/// How long before its end a watch sends its last bookmark.
const BOOKMARK_BEFORE_END: Duration = Duration::from_secs(2);

/// What an event of a watch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// An object is there that was not, or has entered the selection.
    Added,
    /// An object has changed.
    Modified,
    /// An object has gone, or has left the selection.
    Deleted,
}

impl EventType {
    /// As it stands in a watch.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Added => "ADDED",
            Self::Modified => "MODIFIED",
            Self::Deleted => "DELETED",
        }
    }
}

/// A line of a watch.
#[derive(Clone, Debug)]
pub(super) enum Line {
    /// About an object.
    News(News),
    /// About the watch itself: a bookmark or an error.
    Mark {
        line: Bytes,
        /// Whether it belongs to the state that the watch began with.
        is_initial: bool,
    },
}

/// An event about an object.
#[derive(Clone, Debug)]
pub(super) struct News {
    pub(super) event: EventType,
    pub(super) address: Address,
    pub(super) revision: u64,
    pub(super) object: Bytes,
    /// Whether it belongs to the state that the watch began with.
    pub(super) is_initial: bool,
}

impl Line {
    pub(super) fn is_initial(&self) -> bool {
        match self {
            Self::News(news) => news.is_initial,
            Self::Mark { is_initial, .. } => *is_initial,
        }
    }

    /// In another form. Marks have no form but their own.
    fn shown(self, tables: &Tables, is_first: bool) -> Self {
        match self {
            Self::News(news) => {
                let object = tables.event(&news.object, is_first);
                Self::News(News { object, ..news })
            }
            mark @ Self::Mark { .. } => mark,
        }
    }

    /// As it goes out: the type stands first, as the real server writes it.
    pub(super) fn into_bytes(self) -> Bytes {
        match self {
            Self::News(news) => {
                let head = format!(r#"{{"type":"{}","object":"#, news.event.word());
                Bytes::from([head.as_bytes(), &news.object, b"}\n"].concat())
            }
            Self::Mark { line, .. } => line,
        }
    }
}

impl Server {
    /// Opens a watch.
    pub(super) fn watch(&self, asked: &Asked<'_>, moment: Moment) -> Result<Answer, Status> {
        let query = &asked.call.query;
        let (storage, selection) = (self.registry().storage(), Selection::of(asked)?);
        let begin = Begin::of(asked)?;
        let known = moment.known(storage.revision(), Version::Any);
        if let Begin::Streamed(Some(revision)) = begin
            && revision > known
        {
            return Ok(error(&version::too_large(revision, known)));
        }
        let from = match begin {
            Begin::After(revision) => revision,
            Begin::Listed | Begin::Streamed(_) => known,
        };
        // A version that has not come yet is waited for in silence.
        let (missed, changes) = match storage.since(asked.kind, from.min(storage.revision())) {
            Ok(both) => both,
            Err(Past::Compacted { oldest }) => return Ok(error(&expired(from, oldest))),
            Err(Past::Future) => return Ok(error(&version::too_large(from, storage.revision()))),
        };
        let listed = match begin {
            Begin::After(_) => Vec::new(),
            _ => storage.list_at(asked.kind, selection.namespace(), known).unwrap_or_default(),
        };
        let lifetime = match query.number("timeoutSeconds")?.filter(|seconds| *seconds > 0) {
            Some(seconds) => Duration::from_secs(seconds),
            None => LIFETIME + LIFETIME.mul_f64(self.draw(|rng| rng.random_range(0.0..1.0))),
        };
        let sends_bookmarks = query.is_set("allowWatchBookmarks");
        let ends = Instant::now() + lifetime;
        let watch = Watch {
            kind: asked.kind,
            selection,
            storage: storage.clone(),
            listed: listed.into_iter(),
            initial_end: (sends_bookmarks && matches!(begin, Begin::Streamed(_))).then_some(known),
            missed: missed.into(),
            changes,
            from,
            bookmark_at: sends_bookmarks.then(|| next_bookmark(ends)),
            ends,
        };
        let lines = stream::unfold(watch, Watch::next);
        Ok(Answer::Lines(match self.tables(asked.kind, asked.call.form()) {
            Some(tables) => lines.enumerate().map(move |(at, line)| line.shown(&tables, at == 0)).boxed(),
            None => lines.boxed(),
        }))
    }
}

/// Where a watch begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Begin {
    /// With what there is now, then changes.
    Listed,
    /// With what there is, no older than a version, a mark after it, then changes.
    Streamed(Option<u64>),
    /// With the first change after a version.
    After(u64),
}

impl Begin {
    fn of(asked: &Asked<'_>) -> Result<Self, Status> {
        let query = &asked.call.query;
        let version = version::parse(query.get("resourceVersion"))?;
        let matching = query.get("resourceVersionMatch");
        match (query.get("sendInitialEvents"), matching) {
            ("true" | "1", "NotOlderThan") => Ok(Self::Streamed(version)),
            ("", "") | ("false" | "0", "NotOlderThan") => Ok(match version {
                None | Some(0) if query.get("sendInitialEvents").is_empty() => Self::Listed,
                version => Self::After(version.unwrap_or(0)),
            }),
            ("", _) => Err(Status::invalid_options(
                "resourceVersionMatch",
                "Forbidden: resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided",
            )),
            _ => Err(Status::invalid_options(
                "resourceVersionMatch",
                "Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan",
            )),
        }
    }
}

/// A watch and where it is.
struct Watch {
    kind: Kind,
    selection: Selection,
    storage: Storage,
    /// What there was at the beginning, and is still to be said.
    listed: std::vec::IntoIter<(Address, Arc<Object>)>,
    /// The revision of the mark after it, where one was asked for.
    initial_end: Option<u64>,
    /// What happened before the watch began to listen.
    missed: VecDeque<Arc<Change>>,
    changes: mpsc::UnboundedReceiver<Arc<Change>>,
    /// Nothing up to this revision is news.
    from: u64,
    bookmark_at: Option<Instant>,
    ends: Instant,
}

impl Watch {
    async fn next(mut self) -> Option<(Line, Self)> {
        loop {
            if let Some(line) = self.first_line() {
                return Some((line, self));
            }
            let change = tokio::select! {
                biased;
                change = self.changes.recv() => change?,
                () = wait_until(self.bookmark_at) => {
                    self.bookmark_at = Some(next_bookmark(self.ends)).filter(|at| *at > Instant::now());
                    let revision = self.storage.revision();
                    return Some((bookmark(self.kind, revision, false), self));
                }
                () = sleep_until(self.ends) => return None,
            };
            if let Some(line) = self.line(&change) {
                return Some((line, self));
            }
        }
    }

    /// The next line that need not be waited for, of the beginning.
    fn first_line(&mut self) -> Option<Line> {
        let selection = &self.selection;
        let mut selected =
            self.listed.by_ref().filter(|(address, object)| selection.selects(address, object));
        if let Some((address, object)) = selected.next() {
            return Some(Line::News(News {
                event: EventType::Added,
                address,
                revision: object.revision,
                object: object.json.clone(),
                is_initial: true,
            }));
        }
        if let Some(revision) = self.initial_end.take() {
            return Some(bookmark(self.kind, revision, true));
        }
        while let Some(change) = self.missed.pop_front() {
            if let Some(line) = self.line(&change) {
                return Some(line);
            }
        }
        None
    }

    /// What this watch has to say of a change.
    fn line(&self, change: &Change) -> Option<Line> {
        if change.revision <= self.from {
            return None;
        }
        let Change { address, before, after, is_deletion, revision } = change;
        let was_selected = before.as_ref().is_some_and(|before| self.selection.selects(address, before));
        let is_selected = !is_deletion && self.selection.selects(address, after);
        let (event, object) = match (was_selected, is_selected) {
            (false, false) => return None,
            (false, true) => (EventType::Added, after.json.clone()),
            (true, true) => (EventType::Modified, after.json.clone()),
            (true, false) if *is_deletion => (EventType::Deleted, after.json.clone()),
            // It is still there: shown as it was when it was selected, at the version that took it out.
            (true, false) => {
                let mut last = before.as_ref()?.value();
                last["metadata"]["resourceVersion"] = revision.to_string().into();
                (EventType::Deleted, Bytes::from(last.to_string()))
            }
        };
        let address = address.clone();
        Some(Line::News(News { event, address, revision: *revision, object, is_initial: false }))
    }
}

async fn wait_until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}

fn next_bookmark(ends: Instant) -> Instant {
    let (regular, last) = (Instant::now() + BOOKMARK_EVERY, ends - BOOKMARK_BEFORE_END);
    if last > Instant::now() { regular.min(last) } else { regular }
}

fn bookmark(kind: Kind, revision: u64, ends_initial: bool) -> Line {
    let mut meta = json!({"resourceVersion": revision.to_string(), "creationTimestamp": null});
    if ends_initial {
        meta["annotations"] = json!({"k8s.io/initial-events-end": "true"});
    }
    let object = json!({"kind": kind.kind, "apiVersion": kind.api_version(), "metadata": meta});
    Line::Mark { line: raw_line("BOOKMARK", &object), is_initial: ends_initial }
}

/// A watch that cannot begin: once a request has been understood, the refusal comes as an event.
fn error(status: &Status) -> Answer {
    let line = Line::Mark { line: raw_line("ERROR", &status.body()), is_initial: true };
    Answer::Lines(stream::once(async move { line }).boxed())
}

fn expired(asked: u64, oldest: u64) -> Status {
    Status::expired(&format!("too old resource version: {asked} ({oldest})"))
}

/// What a watch is told whose place in the history is lost.
pub(super) fn expired_line() -> Bytes {
    raw_line("ERROR", &expired(1, 2).body())
}

fn raw_line(word: &str, object: &Value) -> Bytes {
    Bytes::from(format!("{{\"type\":\"{word}\",\"object\":{object}}}\n"))
}

//! How everything is listed: as the beginning of a watch where the server can, else in pages.

use std::mem;
use std::time::Duration;

use rand::RngExt;

use super::super::wire::{Frame, Malformed, Page};
use super::super::{Error, Event};
use super::{Connection, LIFETIME_MARGIN, LIFETIME_S, PATIENCE, Phase, Watcher, explain, selectors};
use crate::refusal::cut;
use crate::transport::{self, Failure, Problem};
use crate::views::View;

/// How long one page may take.
const PAGE_DEADLINE: Duration = Duration::from_mins(1);

/// How long a list may be silent between two of its objects.
const LIST_SILENCE: Duration = Duration::from_mins(1);

/// How long after a list, in seconds, a connection that ends is not taken up again but everything
/// is listed anew. A store or a server's cache that loses a change says nothing of it, and what was
/// missed without a word is found out in no other way. Not sooner: to list 150,000 pods takes some
/// seconds of our processor, and of the server's.
const LIST_AGAIN_S: std::ops::RangeInclusive<u64> = 1200..=1800;

impl<V: View> Watcher<V> {
    pub(super) async fn begin_stream(&mut self) -> Result<Event<V>, Error> {
        let uri = self.watch_uri(&[("sendInitialEvents", "true"), ("resourceVersionMatch", "NotOlderThan")]);
        let connection = self.connect(&uri.0, String::new(), LIST_SILENCE).await?;
        self.phase = Phase::Streaming(connection);
        Ok(Event::ListStarted)
    }

    pub(super) fn listing_frame(&mut self, frame: Frame<V>) -> Result<Option<Event<V>>, Error> {
        match frame {
            Frame::Applied(object) => Ok(Some(self.listed(Ok(object)))),
            Frame::Malformed(malformed) => Ok(Some(self.listed(Err(malformed)))),
            Frame::Deleted(object) => Ok(Some(Event::Deleted(object))),
            Frame::Bookmark { resource_version, ends_list: true } => {
                self.end_list(resource_version).map(Some)
            }
            Frame::Bookmark { ends_list: false, .. } => {
                self.phase = Phase::List;
                Err(Error::NoStreaming)
            }
            Frame::Error(refusal) => {
                self.phase = Phase::List;
                Err(explain::<V>(Failure::Refused(refusal), "watch"))
            }
            Frame::Unheard => Ok(None),
        }
    }

    pub(super) fn listed(&mut self, item: Result<V, Malformed>) -> Event<V> {
        self.spec.counters.event();
        match item {
            Ok(object) => Event::Listed(object),
            Err(malformed) => self.malformed(malformed),
        }
    }

    /// Fetches a page. Leaves the phase at `Paging`, or as it was when the page must be asked for
    /// again, smaller.
    pub(super) async fn fetch_page(&mut self, next: String) -> Result<(), Error> {
        let limit = self.page_size.to_string();
        let mut query = vec![("limit", limit.as_str())];
        query.extend(selectors(&self.spec));
        if !next.is_empty() {
            query.push(("continue", &next));
        }
        let uri = transport::with_query(&self.collection, query);
        match transport::call(&self.client, transport::get(&uri), PAGE_DEADLINE).await {
            Ok(body) => {
                self.spec.counters.received(body.len() as u64);
                self.spec.counters.heard(self.environment.monotonic());
                self.phase = Phase::List;
                let page = Page::decode(body)
                    .map_err(|error| Error::Garbled(cut(&error.to_string(), 200).to_owned()))?;
                self.phase = Phase::Paging(page);
                Ok(())
            }
            Err(Failure::Lost(Problem::TooLarge(_))) if self.page_size > 1 => {
                self.page_size /= 2;
                self.phase = if next.is_empty() { Phase::List } else { Phase::NextPage(next) };
                Ok(())
            }
            Err(failure) => {
                // Pages belong together: after a failure, the list begins anew.
                self.phase = Phase::List;
                Err(explain::<V>(failure, "list"))
            }
        }
    }

    pub(super) fn end_page(&mut self) -> Result<Option<Event<V>>, Error> {
        let Phase::Paging(page) = mem::replace(&mut self.phase, Phase::List) else { return Ok(None) };
        if page.next.is_empty() {
            self.end_list(page.resource_version).map(Some)
        } else {
            self.phase = Phase::NextPage(page.next);
            Ok(None)
        }
    }

    /// A list is complete at `version`, unless the server went back in time.
    pub(super) fn end_list(&mut self, version: String) -> Result<Event<V>, Error> {
        let number = version.parse::<u64>().ok();
        if let (Some(to), Some(from)) = (number, self.newest)
            && to < from
            && self.went_back < PATIENCE
        {
            self.went_back += 1;
            self.phase = Phase::List;
            return Err(Error::WentBack { from, to });
        }
        self.newest = number;
        self.stored = number;
        let age = Duration::from_secs(self.rng.random_range(LIST_AGAIN_S));
        self.list_again = self.environment.monotonic() + age;
        self.spec.counters.listed();
        self.recovered();
        self.streaming = self.spec.streaming && !self.streaming_refused;
        self.phase = match mem::replace(&mut self.phase, Phase::List) {
            Phase::Streaming(connection) => {
                // It was asked to live this long at most when it was opened.
                let silence = Duration::from_secs(*LIFETIME_S.end()) + LIFETIME_MARGIN;
                Phase::Watching(Connection { version, silence, ..connection })
            }
            _ => Phase::Resume(version),
        };
        Ok(Event::ListDone)
    }

    /// Chooses how to list after a failure: the other way, where this one may be the reason.
    pub(super) fn choose_list(&mut self, error: &Error) {
        let refused = match error {
            Error::Failed(Failure::Refused(refusal)) => Some(refusal.code),
            _ => None,
        };
        if self.streaming && matches!(refused, Some(400 | 405 | 406 | 422)) {
            self.streaming_refused = true;
        }
        let is_the_way = match error {
            Error::Denied(_)
            | Error::Unauthorized(_)
            | Error::NotServed(_)
            | Error::WentBack { .. }
            | Error::Failed(Failure::NotSent(_)) => false,
            _ => refused != Some(429),
        };
        if is_the_way {
            self.streaming = !self.streaming && self.spec.streaming && !self.streaming_refused;
        }
    }
}

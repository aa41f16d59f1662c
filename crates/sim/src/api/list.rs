//! Lists: whole or in pages, as of one revision.

use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use serde_json::{Value, json};

use super::answer::Answer;
use super::call::Asked;
use super::selection::Selection;
use super::version::{self, Version};
use super::{Moment, Server};
use crate::kinds::Kind;
use crate::registry::Status;
use crate::storage::{Address, Object, Past};

/// Objects and the revision they are of.
type Objects = (Vec<(Address, Arc<Object>)>, u64);

/// In the place of a revision: whatever is there now.
const NOW: i64 = -1;

impl Server {
    /// Answers a list.
    pub(super) fn list(&self, asked: &Asked<'_>, moment: Moment) -> Result<Answer, Status> {
        let selection = Selection::of(asked)?;
        if asked.call.query.is_set("sendInitialEvents") {
            let why = "Forbidden: sendInitialEvents is forbidden for list";
            return Err(Status::invalid_options("sendInitialEvents", why));
        }
        let limit = asked.call.query.number("limit")?.filter(|limit| *limit > 0);
        let start = Start::of(asked)?;
        let (mut objects, revision) = self.objects(asked, &selection, start.as_ref(), moment)?;
        if let Some(start) = &start {
            objects.retain(|(address, _)| start.is_before(address));
        }
        let page = Page::cut(&objects, &selection, limit);
        if let Some(tables) = self.tables(asked.kind, asked.call.form()) {
            let items: Vec<Value> = page.items.iter().map(|object| object.value()).collect();
            return Ok(Answer::value(200, &tables.list(&page.meta(revision), &items)));
        }
        Ok(Answer::Json(200, page.write(asked.kind, revision)))
    }

    /// What the list is cut from.
    fn objects(
        &self,
        asked: &Asked<'_>,
        selection: &Selection,
        start: Option<&Start>,
        moment: Moment,
    ) -> Result<Objects, Status> {
        let (storage, namespace) = (self.registry().storage(), selection.namespace());
        let at =
            |revision| storage.list_at(asked.kind, namespace, revision).map(|objects| (objects, revision));
        if let Some(start) = start {
            return match start.revision {
                Some(revision) => {
                    at(revision).map_err(|_| Status::expired_continue(start.as_of_now().token()))
                }
                None => Ok(storage.list(asked.kind, namespace)),
            };
        }
        let asked_for = Version::of(asked)?;
        let known = moment.known(storage.revision(), asked_for);
        match asked_for {
            Version::Exact(revision) => at(revision).map_err(|past| match past {
                Past::Compacted { .. } => {
                    Status::expired("The resourceVersion for the provided list is too old.")
                }
                Past::Future => version::too_large(revision, storage.revision()),
            }),
            Version::NotOlderThan(revision) if revision > known => Err(version::too_large(revision, known)),
            _ if known == storage.revision() => Ok(storage.list(asked.kind, namespace)),
            // A history that no longer reaches so far back gives what is there now.
            _ => at(known).or_else(|_| Ok(storage.list(asked.kind, namespace))),
        }
    }
}

/// Where a page begins.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Start {
    /// Of the first page; none for what is there now, however the pages before were.
    revision: Option<u64>,
    /// The last address of the page before.
    after: (String, String),
}

impl Start {
    fn of(asked: &Asked<'_>) -> Result<Option<Self>, Status> {
        let query = &asked.call.query;
        let token = query.get("continue");
        if token.is_empty() {
            return Ok(None);
        }
        if !matches!(query.get("resourceVersion"), "" | "0") {
            return Err(Status::bad_request(
                "specifying resource version is not allowed when using continue",
            ));
        }
        let read = || -> Option<Self> {
            let token: Value = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token).ok()?).ok()?;
            let (namespace, name) = token["start"].as_str()?.strip_suffix('\0')?.split_once('/')?;
            let revision = if token["rv"] == NOW { None } else { Some(token["rv"].as_u64()?) };
            Some(Self { revision, after: (namespace.to_owned(), name.to_owned()) })
        };
        let invalid = || Status::bad_request("continue key is not valid: encoded start key is not valid");
        read().map(Some).ok_or_else(invalid)
    }

    fn behind(revision: u64, last: &Address) -> Self {
        Self { revision: Some(revision), after: (last.namespace.to_string(), last.name.to_string()) }
    }

    fn as_of_now(&self) -> Self {
        Self { revision: None, after: self.after.clone() }
    }

    fn token(&self) -> String {
        let start = format!("{}/{}\0", self.after.0, self.after.1);
        let revision = self.revision.map_or(json!(NOW), Value::from);
        let token = json!({"v": "meta.k8s.io/v1", "rv": revision, "start": start});
        URL_SAFE_NO_PAD.encode(token.to_string())
    }

    fn is_before(&self, address: &Address) -> bool {
        (address.namespace.as_str(), address.name.as_str()) > (&self.after.0, &self.after.1)
    }
}

/// Some of a list.
struct Page<'a> {
    items: Vec<&'a Object>,
    /// The last one of the page, if more follow.
    last: Option<&'a Address>,
    /// How many follow, where that is known without looking at them.
    remaining: Option<usize>,
}

impl<'a> Page<'a> {
    fn cut(objects: &'a [(Address, Arc<Object>)], selection: &Selection, limit: Option<u64>) -> Self {
        let limit = limit.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
        let mut items = Vec::new();
        for (at, (address, object)) in objects.iter().enumerate() {
            if !selection.selects(address, object) {
                continue;
            }
            items.push(&**object);
            let after = objects.len() - at - 1;
            if items.len() == limit && after > 0 {
                let remaining = selection.is_everything().then_some(after);
                return Self { items, last: Some(address), remaining };
            }
        }
        Self { items, last: None, remaining: None }
    }

    fn meta(&self, revision: u64) -> Value {
        let mut meta = json!({"resourceVersion": revision.to_string()});
        if let Some(last) = self.last {
            meta["continue"] = Start::behind(revision, last).token().into();
        }
        if let Some(remaining) = self.remaining {
            meta["remainingItemCount"] = remaining.into();
        }
        meta
    }

    fn write(&self, kind: Kind, revision: u64) -> Bytes {
        let meta = self.meta(revision);
        let size: usize = self.items.iter().map(|object| object.json.len() + 1).sum();
        let mut body = Vec::with_capacity(size + 256);
        let head = format!(
            r#"{{"kind":"{}List","apiVersion":"{}","metadata":{meta},"items":["#,
            kind.kind,
            kind.api_version()
        );
        body.extend_from_slice(head.as_bytes());
        // Built-in kinds say in a list only once what they are; custom resources each do.
        let own = format!(r#"{{"apiVersion":"{}","kind":"{}","#, kind.api_version(), kind.kind);
        let cut = if kind.is_built_in() { own.as_bytes() } else { b"{" };
        for (at, object) in self.items.iter().enumerate() {
            if at > 0 {
                body.push(b',');
            }
            match object.json.strip_prefix(cut) {
                Some(rest) => {
                    body.push(b'{');
                    body.extend_from_slice(rest);
                }
                None => body.extend_from_slice(&object.json),
            }
        }
        body.extend_from_slice(b"]}");
        Bytes::from(body)
    }
}

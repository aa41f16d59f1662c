//! What is in a watch's lines and in a list's pages.

use std::ops::Range;

use bytes::Bytes;
use serde::Deserialize;
use serde_json::value::RawValue;

use crate::refusal::{Refusal, cut};
use crate::views::View;

/// The annotation by which a bookmark says that a streamed list is complete.
const INITIAL_EVENTS_END: &str = "k8s.io/initial-events-end";

/// Longest reason given for a malformed object, in bytes.
const REASON_MAX: usize = 200;

/// A line of a watch, decoded.
#[derive(Debug)]
pub(crate) enum Frame<V> {
    /// An object that is, or is again.
    Applied(V),
    /// An object as it was when it went.
    Deleted(V),
    /// An object that cannot be decoded.
    Malformed(Malformed),
    /// A sign of life, and the version to go on from.
    Bookmark {
        /// The version to go on from.
        resource_version: String,
        /// Whether it ends a streamed list.
        ends_list: bool,
    },
    /// The server ends the watch and says why.
    Error(Refusal),
    /// A type of event that does not exist yet. There is nothing to decode it as.
    Unheard,
}

/// An object that cannot be decoded, as far as it can be told what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) resource_version: String,
    pub(crate) reason: String,
    pub(crate) deleted: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
enum Kind {
    Added,
    Modified,
    Deleted,
    Bookmark,
    Error,
    #[serde(other)]
    Unheard,
}

/// An event with its object decoded in the same pass.
#[derive(Deserialize)]
struct Change<V> {
    #[serde(rename = "type")]
    kind: Kind,
    object: V,
}

/// An event with its object set aside.
#[derive(Deserialize)]
struct Raw<'a> {
    #[serde(rename = "type")]
    kind: Kind,
    #[serde(borrow)]
    object: &'a RawValue,
}

/// What can be told of any object.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Sketch {
    metadata: SketchMeta,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct SketchMeta {
    namespace: String,
    name: String,
    resource_version: String,
    annotations: Option<std::collections::BTreeMap<String, String>>,
}

/// Decodes a line. An error means that the line is not an event at all, and so that nobody can
/// say what was missed.
pub(crate) fn decode<V: View>(line: &[u8]) -> Result<Frame<V>, serde_json::Error> {
    if is_change(line)
        && let Ok(Change { kind, object }) = serde_json::from_slice::<Change<V>>(line)
    {
        return Ok(if kind == Kind::Deleted { Frame::Deleted(object) } else { Frame::Applied(object) });
    }
    decode_with_care(line)
}

/// Whether a line is, by its beginning, a change of an object: nearly all are, and the server
/// always writes the type first. Others are found out more slowly.
fn is_change(line: &[u8]) -> bool {
    [&br#"{"type":"ADDED""#[..], br#"{"type":"MODIFIED""#, br#"{"type":"DELETED""#]
        .iter()
        .any(|beginning| line.starts_with(beginning))
}

fn decode_with_care<V: View>(line: &[u8]) -> Result<Frame<V>, serde_json::Error> {
    let Raw { kind, object } = serde_json::from_slice(line)?;
    match kind {
        Kind::Added | Kind::Modified => {
            Ok(decode_object(object).map_or_else(Frame::Malformed, Frame::Applied))
        }
        Kind::Deleted => Ok(decode_object(object).map_or_else(
            |malformed| Frame::Malformed(Malformed { deleted: true, ..malformed }),
            Frame::Deleted,
        )),
        Kind::Bookmark => {
            let SketchMeta { resource_version, annotations, .. } =
                serde_json::from_str::<Sketch>(object.get())?.metadata;
            let ends_list = annotations
                .is_some_and(|all| all.get(INITIAL_EVENTS_END).is_some_and(|value| value == "true"));
            Ok(Frame::Bookmark { resource_version, ends_list })
        }
        Kind::Error => Ok(Frame::Error(Refusal::decode(object.get())?)),
        Kind::Unheard => Ok(Frame::Unheard),
    }
}

/// Decodes one object, or says which one it was that could not be.
fn decode_object<V: View>(object: &RawValue) -> Result<V, Malformed> {
    serde_json::from_str(object.get()).map_err(|error| {
        let SketchMeta { namespace, name, resource_version, .. } =
            serde_json::from_str::<Sketch>(object.get()).unwrap_or_default().metadata;
        let reason = cut(&error.to_string(), REASON_MAX).to_owned();
        Malformed { namespace, name, resource_version, reason, deleted: false }
    })
}

/// A page of a list, decoded one object at a time out of the body it came in.
#[derive(Debug)]
pub(crate) struct Page {
    body: Bytes,
    items: std::vec::IntoIter<Range<usize>>,
    /// Where the next page begins; empty on the last.
    pub(crate) next: String,
    /// The version of the whole list.
    pub(crate) resource_version: String,
}

#[derive(Deserialize)]
struct RawPage<'a> {
    #[serde(default)]
    metadata: PageMeta,
    #[serde(borrow, default)]
    items: Option<Vec<&'a RawValue>>,
}

#[derive(Deserialize, Default)]
#[serde(default, rename_all = "camelCase")]
struct PageMeta {
    resource_version: String,
    #[serde(rename = "continue")]
    next: String,
}

impl Page {
    pub(crate) fn decode(body: Bytes) -> Result<Self, serde_json::Error> {
        let page: RawPage<'_> = serde_json::from_slice(&body)?;
        let begin = body.as_ptr() as usize;
        let items: Vec<_> = page
            .items
            .unwrap_or_default()
            .into_iter()
            .map(|item| {
                let start = item.get().as_ptr() as usize - begin;
                start..start + item.get().len()
            })
            .collect();
        let PageMeta { resource_version, next } = page.metadata;
        Ok(Self { body, items: items.into_iter(), next, resource_version })
    }

    /// The next object of the page.
    pub(crate) fn item<V: View>(&mut self) -> Option<Result<V, Malformed>> {
        let range = self.items.next()?;
        let decoded = serde_json::from_slice::<&RawValue>(&self.body[range]);
        // It was a value when the page was decoded, so it is one now.
        decoded.ok().map(decode_object)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::views::Node;

    const NODE: &str = r#"{"kind":"Node","metadata":{"name":"n","uid":"u","resourceVersion":"7"}}"#;

    fn decode(line: &str) -> Result<Frame<Node>, serde_json::Error> {
        super::decode(line.as_bytes())
    }

    #[test]
    fn changes_are_decoded_whatever_the_order_of_their_fields() {
        for line in [
            format!(r#"{{"type":"ADDED","object":{NODE}}}"#),
            format!(r#"{{"type":"MODIFIED","object":{NODE}}}"#),
            format!(r#"{{"object":{NODE},"type":"MODIFIED"}}"#),
            format!(r#" {{ "type" : "ADDED" , "object" : {NODE} }} "#),
        ] {
            assert!(matches!(decode(&line), Ok(Frame::Applied(node)) if node.metadata.name == "n"), "{line}");
        }
        let line = format!(r#"{{"type":"DELETED","object":{NODE}}}"#);
        assert!(matches!(decode(&line), Ok(Frame::Deleted(_))));
    }

    #[test]
    fn a_malformed_object_says_which_one_it_is() {
        let line = r#"{"type":"DELETED","object":{"metadata":{"name":"n","namespace":"s","uid":"u",
            "resourceVersion":"9","labels":[]}}}"#;
        let Ok(Frame::Malformed(malformed)) = decode(line) else { panic!("decoded") };
        assert_eq!((malformed.namespace.as_str(), malformed.name.as_str()), ("s", "n"));
        assert_eq!((malformed.resource_version.as_str(), malformed.deleted), ("9", true));
        assert!(malformed.reason.contains("map of texts"), "{}", malformed.reason);
        // Not even metadata: still one object, not the end of the watch.
        assert!(matches!(decode(r#"{"type":"ADDED","object":7}"#), Ok(Frame::Malformed(_))));
    }

    #[test]
    fn bookmarks_say_whether_they_end_the_list() {
        let bookmark = |annotations: &str| {
            format!(r#"{{"type":"BOOKMARK","object":{{"metadata":{{"resourceVersion":"5"{annotations}}}}}}}"#)
        };
        let ends = r#","annotations":{"k8s.io/initial-events-end":"true"}"#;
        assert!(matches!(decode(&bookmark("")), Ok(Frame::Bookmark { ends_list: false, .. })));
        assert!(matches!(decode(&bookmark(ends)),
            Ok(Frame::Bookmark { ends_list: true, resource_version }) if resource_version == "5"));
    }

    #[test]
    fn errors_are_read_and_what_is_no_event_is_an_error() {
        let gone = r#"{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired"}}"#;
        assert!(matches!(decode(gone), Ok(Frame::Error(refusal)) if refusal.is_expired()));
        assert!(matches!(decode(r#"{"type":"NEWER","object":{}}"#), Ok(Frame::Unheard)));
        for line in ["", "{", "null", r#"{"type":"ADDED"}"#, "\u{1F980}"] {
            assert!(decode(line).is_err(), "{line:?}");
        }
    }

    #[test]
    fn a_page_gives_its_objects_one_by_one_and_marks_the_malformed() {
        let body = format!(
            r#"{{"kind":"NodeList","metadata":{{"resourceVersion":"3","continue":"more"}},"items":[{NODE}, {{"metadata":{{"name":"bad"}}}},{NODE}]}}"#
        );
        let mut page = Page::decode(Bytes::from(body)).unwrap();
        assert_eq!((page.next.as_str(), page.resource_version.as_str()), ("more", "3"));
        assert!(matches!(page.item::<Node>(), Some(Ok(_))));
        assert!(matches!(page.item::<Node>(), Some(Err(malformed)) if malformed.name == "bad"));
        assert!(matches!(page.item::<Node>(), Some(Ok(_))));
        assert!(page.item::<Node>().is_none());
        let empty = Page::decode(Bytes::from_static(br#"{"items":null}"#)).unwrap();
        assert!(empty.next.is_empty());
    }

    proptest! {
        #[test]
        fn hostile_lines_are_errors_or_frames_and_never_panics(
            line in prop_oneof![
                any::<Vec<u8>>(),
                "\\{\"type\":\"(ADDED|DELETED|BOOKMARK|ERROR|X)\",\"object\":.{0,40}\\}".prop_map(String::into_bytes),
                (0usize..50_000).prop_map(|depth| {
                    let open = "[".repeat(depth);
                    format!(r#"{{"type":"ADDED","object":{open}"#).into_bytes()
                }),
            ],
        ) {
            let _ = super::decode::<Node>(&line);
            let _ = Page::decode(Bytes::from(line));
        }
    }
}

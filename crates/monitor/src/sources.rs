//! What is known of the watches: without them nothing in the world means anything.

use std::time::Duration;

use crate::kind::Kind;

/// How long a watch may fail before what it told counts as too old to judge by. An API server's
/// restart is over by then; a threshold must not be crossed by something nobody could see mended.
const STALE_AFTER: Duration = Duration::from_secs(30);

/// The watches of all kinds.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    all: [Source; Kind::ALL.len()],
}

/// One watch.
#[derive(Clone, Debug, Default)]
struct Source {
    /// Whether a list of it was ever complete.
    listed: bool,
    /// Why it will not be listed: RBAC does not grant it, or it was given up.
    hopeless: Option<String>,
    /// Since when, on the steady clock, nothing can be heard, and why.
    failing: Option<(Duration, String)>,
}

impl Sources {
    /// A list is complete. True when the kind can be judged now and could not before.
    pub(crate) fn listed(&mut self, kind: Kind) -> bool {
        let source = &mut self.all[kind as usize];
        let is_news = !source.listed || source.hopeless.is_some() || source.failing.is_some();
        *source = Source { listed: true, ..Source::default() };
        is_news
    }

    /// A sign of life. True when it ended a failure.
    pub(crate) fn heard(&mut self, kind: Kind) -> bool {
        let source = &mut self.all[kind as usize];
        // During a first list, the end of the list is what counts.
        source.listed && (source.failing.take().is_some() | source.hopeless.take().is_some())
    }

    /// Nothing can be heard.
    pub(crate) fn failed(&mut self, kind: Kind, denied: Option<String>, error: String, steady: Duration) {
        let source = &mut self.all[kind as usize];
        // Once given up, only a sign of life changes that.
        let denied = denied.map(|verb| format!("not allowed to {verb}"));
        source.hopeless = denied.or(source.hopeless.take());
        match &mut source.failing {
            Some((_, why)) => *why = error,
            none => *none = Some((steady, error)),
        }
    }

    /// It will not be listed.
    pub(crate) fn give_up(&mut self, kind: Kind, reason: String) {
        self.all[kind as usize].hopeless = Some(reason);
    }

    /// Whether every kind has been listed, or will not be because it is denied.
    pub(crate) fn are_complete(&self) -> bool {
        self.all.iter().all(|source| source.listed || source.hopeless.is_some())
    }

    /// The kinds that have neither been listed nor denied.
    pub(crate) fn awaited(&self) -> Vec<Kind> {
        let is_awaited = |kind: &Kind| {
            let source = &self.all[*kind as usize];
            !source.listed && source.hopeless.is_none()
        };
        Kind::ALL.into_iter().filter(is_awaited).collect()
    }

    /// Whether a kind's records say what there is, as far as they go.
    pub(crate) fn is_listed(&self, kind: Kind) -> bool {
        let source = &self.all[kind as usize];
        source.listed && source.hopeless.is_none()
    }

    /// Why these kinds cannot be judged by at `steady`, if they cannot.
    pub(crate) fn obstacle(&self, needs: &[Kind], steady: Duration) -> Option<String> {
        needs.iter().find_map(|kind| {
            let source = &self.all[*kind as usize];
            if let Some(reason) = &source.hopeless {
                return Some(reason.clone());
            }
            if !source.listed {
                let why = source.failing.as_ref().map_or("", |(_, why)| why);
                let colon = if why.is_empty() { "" } else { ": " };
                return Some(format!("{kind}s have not been listed yet{colon}{why}"));
            }
            match &source.failing {
                Some((since, why)) if steady.saturating_sub(*since) >= STALE_AFTER => {
                    Some(format!("the watch of {kind}s fails: {why}"))
                }
                _ => None,
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn all_is_complete_when_every_kind_is_listed_or_denied() {
        let mut sources = Sources::default();
        for kind in Kind::ALL {
            assert!(!sources.are_complete());
            if kind == Kind::Lease {
                sources.failed(kind, Some("watch leases.coordination.k8s.io".into()), "403".into(), secs(0));
            } else {
                assert!(sources.listed(kind));
            }
        }
        assert!(sources.are_complete() && sources.awaited().is_empty());
        let obstacle = sources.obstacle(&[Kind::Node, Kind::Lease], secs(0)).unwrap();
        assert_eq!(obstacle, "not allowed to watch leases.coordination.k8s.io");
        assert_eq!(sources.obstacle(&[Kind::Node], secs(0)), None);
    }

    #[test]
    fn a_failure_counts_only_when_it_lasts() {
        let mut sources = Sources::default();
        sources.listed(Kind::Pod);
        sources.failed(Kind::Pod, None, "connection refused".into(), secs(10));
        sources.failed(Kind::Pod, None, "timed out".into(), secs(30));
        assert_eq!(sources.obstacle(&[Kind::Pod], secs(39)), None);
        assert!(sources.obstacle(&[Kind::Pod], secs(40)).unwrap().contains("timed out"));
        assert!(sources.heard(Kind::Pod));
        assert_eq!(sources.obstacle(&[Kind::Pod], secs(40)), None);
        assert!(!sources.heard(Kind::Pod));
    }

    #[test]
    fn permission_given_later_is_news() {
        let mut sources = Sources::default();
        sources.failed(Kind::Node, Some("list nodes".into()), "403".into(), secs(0));
        assert!(!sources.heard(Kind::Node));
        assert!(sources.listed(Kind::Node));
        assert!(!sources.listed(Kind::Node));
        assert!(sources.is_listed(Kind::Node));
    }
}

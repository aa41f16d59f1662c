//! What is known of the watches: without them nothing in the world means anything.

use std::time::Duration;

use crate::kind::Kind;

/// How long a watch may fail before what it told counts as too old to judge by. An API server's
/// restart is over by then; a threshold must not be crossed by something nobody could see mended.
pub(crate) const STALE_AFTER: Duration = Duration::from_secs(30);

/// How long a watch that failed for that long is given to tell what was missed, once it is heard
/// from again. The server sends what it has kept at once, but does not say where that ends.
const CATCH_UP: Duration = Duration::from_secs(5);

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
    /// Whether a list of it is under way, and its records are of two times.
    listing: bool,
    /// Until when, on the steady clock, what it tells is what was missed.
    catching_up: Option<Duration>,
}

impl Sources {
    /// A list is complete. True when the kind can be judged now and could not before.
    pub(crate) fn listed(&mut self, kind: Kind) -> bool {
        let source = &mut self.all[kind as usize];
        let is_news = !source.listed
            || source.hopeless.is_some()
            || source.failing.is_some()
            || source.catching_up.is_some();
        *source = Source { listed: true, ..Source::default() };
        is_news
    }

    /// A list begins.
    pub(crate) fn list_started(&mut self, kind: Kind) {
        self.all[kind as usize].listing = true;
    }

    /// A sign of life. True when the kind can be judged again at once: after a failure that was
    /// short. One that was long left records behind that are to be brought up to date first.
    pub(crate) fn heard(&mut self, kind: Kind, steady: Duration) -> bool {
        let source = &mut self.all[kind as usize];
        // During a list, its end is what counts.
        if !source.listed || source.listing {
            return false;
        }
        source.hopeless = None;
        let Some((since, _)) = source.failing.take() else { return false };
        if steady.saturating_sub(since) < STALE_AFTER {
            return source.catching_up.is_none();
        }
        source.catching_up = Some(steady + CATCH_UP);
        false
    }

    /// Nothing was read for long: what all kinds tell for now is what was missed.
    pub(crate) fn catch_up(&mut self, steady: Duration) {
        for source in &mut self.all {
            source.catching_up = Some(steady + CATCH_UP);
        }
    }

    /// Whether a kind has told all that was missed by now, and can be judged again.
    pub(crate) fn caught_up(&mut self, steady: Duration) -> bool {
        let mut is_news = false;
        for source in self.all.iter_mut().filter(|source| !source.listing) {
            is_news |= source.catching_up.take_if(|until| *until <= steady).is_some();
        }
        is_news
    }

    /// When a kind will have told all that was missed, if one is at it.
    pub(crate) fn next_caught_up(&self) -> Option<Duration> {
        let sources = self.all.iter().filter(|source| !source.listing);
        sources.filter_map(|source| source.catching_up).min()
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
                _ if source.catching_up.is_some() => {
                    Some(format!("the watch of {kind}s is catching up with what it missed"))
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
        assert!(sources.heard(Kind::Pod, secs(39)));
        assert!(!sources.heard(Kind::Pod, secs(39)));
        sources.failed(Kind::Pod, None, "timed out".into(), secs(40));
        assert!(sources.obstacle(&[Kind::Pod], secs(70)).unwrap().contains("timed out"));
    }

    #[test]
    fn after_a_long_failure_it_first_catches_up() {
        let mut sources = Sources::default();
        sources.listed(Kind::Pod);
        sources.failed(Kind::Pod, None, "refused".into(), secs(10));
        assert!(!sources.heard(Kind::Pod, secs(100)));
        assert_eq!(sources.next_caught_up(), Some(secs(105)));
        assert!(!sources.caught_up(secs(104)));
        assert!(sources.obstacle(&[Kind::Pod], secs(104)).unwrap().contains("catching up"));
        assert!(sources.caught_up(secs(105)));
        assert_eq!((sources.obstacle(&[Kind::Pod], secs(105)), sources.next_caught_up()), (None, None));
    }

    #[test]
    fn a_list_that_mends_a_long_failure_counts_when_it_is_complete() {
        let mut sources = Sources::default();
        sources.listed(Kind::Pod);
        sources.failed(Kind::Pod, None, "refused".into(), secs(10));
        // It is taken up again, and then it turns out that the history is lost.
        sources.heard(Kind::Pod, secs(100));
        sources.list_started(Kind::Pod);
        assert!(!sources.heard(Kind::Pod, secs(101)));
        assert!(!sources.caught_up(secs(200)));
        assert!(sources.obstacle(&[Kind::Pod], secs(200)).is_some());
        assert!(sources.listed(Kind::Pod));
        assert_eq!(sources.obstacle(&[Kind::Pod], secs(200)), None);
    }

    #[test]
    fn permission_given_later_is_news() {
        let mut sources = Sources::default();
        sources.failed(Kind::Node, Some("list nodes".into()), "403".into(), secs(0));
        assert!(!sources.heard(Kind::Node, secs(0)));
        assert!(sources.listed(Kind::Node));
        assert!(!sources.listed(Kind::Node));
        assert!(sources.is_listed(Kind::Node));
    }
}

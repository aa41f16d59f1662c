//! I4: nothing is done to what has been well for a while, whatever an old view says: what is acted
//! on was read anew, insisting on the newest state. A server that answers even that from the past is
//! believed. Nor is anything done for a policy that was taken back before it was read for this, or by
//! a healer that has been told nothing for long of what it counts.

use std::time::Duration;

use super::{Books, Effect, Findings, Oracle, Verb};
use crate::seen::{Request, Seen, What};

/// How long something must have been well before the healer sends for it to be an error: it reads
/// the object, decides, and sends, each within a request's deadline.
const ENOUGH: Duration = Duration::from_secs(30);

/// How long nothing must have been told of what is counted before the healer sends for it to be an
/// error: its patience with a watch that says nothing, and as above.
const UNHEARD: Duration = Duration::from_secs(150).saturating_add(ENOUGH);

/// What the healer counts by and does not read anew before each effect.
const COUNTED: [&str; 4] = [
    "/api/v1/nodes",
    "/api/v1/namespaces",
    "/apis/seaworthy.dev/v1alpha1/healingpolicies",
    "/apis/seaworthy.dev/v1alpha1/remediations",
];

/// Checks that are over for good when the pod is ready. Others remember: a container that was
/// killed for its memory may be ready again.
const OVER_WHEN_READY: [&str; 2] = ["PodRunningNotReady", "PodImagePullBackOff"];

#[derive(Default)]
pub(super) struct StaleView;

impl StaleView {
    fn pod(effect: &Effect<'_>, sent: Duration, books: &Books, found: &mut Findings) {
        let Some((remediation, _)) = effect.attempt() else { return };
        let Some(remediation) = books.remediations.get(remediation) else { return };
        let Some(pod) = books.pods.get(effect.uid()) else { return };
        let is_well = pod.is_ready && sent.saturating_sub(pod.since) >= ENOUGH;
        if is_well && OVER_WHEN_READY.contains(&remediation.check.as_str()) {
            found.add(format!("{effect}: the pod has been ready since {:?}", pod.since));
        }
    }

    fn node(effect: &Effect<'_>, sent: Duration, books: &Books, found: &mut Findings) {
        let Some((remediation, _)) = effect.attempt() else { return };
        let Some(remediation) = books.remediations.get(remediation) else { return };
        let Some(name) = remediation.lineage.strip_prefix("Node/") else { return };
        let Some(node) = books.nodes.get(name) else { return };
        let is_well = node.is_ready && sent.saturating_sub(node.since) >= ENOUGH;
        let is_renewed = sent.saturating_sub(node.renewed) < Duration::from_secs(12);
        if is_well && is_renewed && matches!(remediation.check.as_str(), "NodeNotReady" | "NodeUnreachable") {
            found.add(format!("{effect}: the node has been ready since {:?}", node.since));
        }
    }

    fn policy(effect: &Effect<'_>, sent: Duration, books: &Books, found: &mut Findings) {
        let Some((remediation, _)) = effect.attempt() else { return };
        let Some(remediation) = books.remediations.get(remediation) else { return };
        let Some((is_enforced, since)) = books.policies.get(&remediation.policy) else { return };
        if !is_enforced && sent.saturating_sub(*since) >= ENOUGH {
            found.add(format!("{effect}: policy {} was taken back at {since:?}", remediation.policy));
        }
    }

    fn silence(effect: &Effect<'_>, request: &Request, books: &Books, found: &mut Findings) {
        for path in COUNTED {
            let heard = books.last_heard(&request.by, path);
            if heard.is_some_and(|heard| request.sent.saturating_sub(heard) >= UNHEARD) {
                let since = heard.unwrap_or_default();
                found.add(format!("{effect}: {} was told nothing of {path} since {since:?}", request.by));
            }
        }
    }

    fn judge(effect: &Effect<'_>, request: &Request, books: &Books, found: &mut Findings) {
        let is_misled = books.is_misled(&request.by, request.sent, ENOUGH);
        if effect.is_destructive() && !is_misled {
            Self::policy(effect, request.sent, books, found);
        }
        if effect.is_destructive() {
            Self::silence(effect, request, books, found);
        }
        let is_new = effect.verb == Verb::Evict || effect.quarantines() == Some(true);
        if is_new && !is_misled {
            Self::pod(effect, request.sent, books, found);
            Self::node(effect, request.sent, books, found);
        }
    }
}

impl Oracle for StaleView {
    fn see(&mut self, seen: &Seen, books: &Books, found: &mut Findings) {
        let What::Request(request) = &seen.what else { return };
        if let Some(effect) = Effect::granted(request) {
            Self::judge(&effect, request, books, found);
        }
    }
}

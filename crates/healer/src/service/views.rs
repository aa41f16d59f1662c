//! What the healer watches: a handful of small kinds, each by one task of the same shape.

use std::pin::pin;
use std::sync::Arc;

use cluster::views::{Namespace, Node, View};
use cluster::watch::{Event, Spec, watch};
use futures::StreamExt;
use model::brake::Brake;
use model::policy::HealingPolicy;
use model::remediation::Remediation;

use super::cache::Cache;
use super::shared::{Shared, State};

/// A watched kind: where it is kept, and what its changes concern.
struct Followed<V> {
    task: &'static str,
    cache: fn(&mut State) -> &mut Cache<V>,
    touch: fn(&mut State, &str),
    /// Whether a change from the one to the other is something that somebody should look at.
    is_news: fn(&V, &V) -> bool,
}

/// Begins all watches.
pub(super) fn follow_all(shared: &Arc<Shared>, client: &kube::Client) {
    let nothing = |_: &mut State, _: &str| {};
    follow::<Node>(
        shared,
        client,
        Followed { task: "watch nodes", cache: |s| &mut s.nodes, touch: nothing, is_news: is_other_node },
    );
    follow::<Namespace>(
        shared,
        client,
        Followed { task: "watch namespaces", cache: |s| &mut s.namespaces, touch: nothing, is_news: always },
    );
    follow::<HealingPolicy>(
        shared,
        client,
        Followed {
            task: "watch policies",
            cache: |s| &mut s.policies,
            touch: |s, _| (s.dirty.policies, s.dirty.everything) = (true, true),
            is_news: always,
        },
    );
    // For acting at once when somebody resumes; whether it is paused is read before each effect.
    follow::<Brake>(
        shared,
        client,
        Followed {
            task: "watch brake",
            cache: |s| &mut s.brakes,
            touch: |s, _| s.dirty.everything = true,
            is_news: always,
        },
    );
    follow::<Remediation>(
        shared,
        client,
        Followed {
            task: "watch remediations",
            cache: |s| &mut s.remediations,
            touch: |s, name| {
                // Who does not lead looks at everything when it begins to.
                if s.epoch.is_some() {
                    s.dirty.remediations.insert(name.to_owned());
                }
            },
            is_news: always,
        },
    );
}

fn always<V>(_: &V, _: &V) -> bool {
    true
}

/// Kubelets write their node's status every few minutes, thousands of them many times a second:
/// only what a decision could rest on wakes anybody.
fn is_other_node(before: &Node, after: &Node) -> bool {
    let conditions = |node: &Node| {
        let conditions = node.status.conditions.iter();
        conditions.map(|condition| (condition.kind.clone(), condition.status)).collect::<Vec<_>>()
    };
    let meta = |node: &Node| {
        let meta = &node.metadata;
        (meta.uid.clone(), meta.labels.clone(), meta.annotations.clone(), meta.is_terminating())
    };
    before.spec != after.spec || meta(before) != meta(after) || conditions(before) != conditions(after)
}

fn follow<V: View + Clone>(shared: &Arc<Shared>, client: &kube::Client, followed: Followed<V>) {
    let (environment, client) = (shared.environment.clone(), client.clone());
    let shared = Arc::clone(shared);
    let task = followed.task;
    environment.clone().spawn_critical(task, async move {
        let mut events = pin!(watch::<V>(client, environment, Spec::default()));
        while let Some(event) = events.next().await {
            if take(&shared, &followed, event) {
                shared.changed.notify_one();
            }
        }
    });
}

/// Takes an event in; returns whether somebody should look.
fn take<V: View + Clone>(shared: &Shared, followed: &Followed<V>, event: Event<V>) -> bool {
    let now = shared.environment.monotonic();
    let mut state = shared.state();
    let cache = (followed.cache)(&mut state);
    if !matches!(event, Event::ListStarted | Event::Failed { .. }) {
        cache.hear(now);
    }
    match event {
        Event::ListStarted => cache.begin(),
        Event::Listed(object) => cache.listed(object),
        Event::ListDone => {
            cache.done();
            cache.hear(now);
            state.dirty.everything = true;
            state.dirty.policies = true;
            state.take_stock(&shared.config(), shared.now());
            return true;
        }
        Event::Applied(object) => {
            let name = object.identity().name.to_owned();
            let is_news = cache.objects.get(&name).is_none_or(|before| (followed.is_news)(before, &object));
            if cache.apply(object) && is_news {
                (followed.touch)(&mut state, &name);
                state.take_stock(&shared.config(), shared.now());
                return true;
            }
        }
        Event::Deleted(object) => {
            let identity = object.identity();
            cache.remove(identity.name, identity.uid);
            (followed.touch)(&mut state, identity.name);
            state.take_stock(&shared.config(), shared.now());
            return true;
        }
        Event::Heard | Event::Progressed => {}
        Event::Malformed { name, reason, deleted, .. } => {
            tracing::warn!(
                task = followed.task,
                name,
                reason,
                deleted,
                "an object cannot be read: nothing is done"
            );
            cache.damage(&name, &reason, deleted);
            (followed.touch)(&mut state, &name);
            return true;
        }
        Event::Failed { error, retry_in, .. } => {
            tracing::warn!(task = followed.task, %error, ?retry_in, "nothing can be heard");
            cache.fail(error.to_string());
        }
    }
    false
}

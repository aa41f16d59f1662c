//! Pods: the records there are most of, so what is only read when something is wrong is apart.

use cluster::views;
use jiff::Timestamp;

use super::container::{self, Container};
use super::name::{Interner, Name};
use super::owner::Owner;
use super::stamp::Stamp;
use super::table::Record;
use super::text;
use super::uid::Uid;

pub(crate) use cluster::views::Phase;

/// A pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pod {
    pub(crate) name: Box<str>,
    pub(crate) namespace: Name,
    /// The node it was bound to.
    pub(crate) node: Option<Name>,
    pub(crate) owner: Option<Owner>,
    /// Who owns it, by the label that the configuration names.
    pub(crate) team: Option<Name>,
    pub(crate) uid: Uid,
    pub(crate) created: Stamp,
    /// When the grace of its deletion ends or ended.
    pub(crate) deleted: Stamp,
    /// Since when it has been ready, or not.
    pub(crate) ready_changed: Stamp,
    /// Since when it has been bound to a node, or not.
    pub(crate) scheduled_changed: Stamp,
    pub(crate) phase: Phase,
    pub(crate) ready: bool,
    /// Whether the scheduler looked for a node and found none.
    pub(crate) unschedulable: bool,
    /// What is read only when something is not as it should be; none where all is well.
    pub(crate) trouble: Option<Box<Trouble>>,
}

/// What is not as it should be about a pod, or was not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trouble {
    pub(crate) containers: Box<[Container]>,
    /// The machine's word for why it is not ready, or has no node.
    pub(crate) reason: Option<Name>,
    /// A sentence for that: the scheduler's, for one.
    pub(crate) words: Box<str>,
    /// The node that it was made for, where its owner said so: a DaemonSet does.
    pub(crate) made_for: Option<Name>,
    /// When the last of its containers was started, where it runs and is not ready.
    pub(crate) started: Stamp,
    /// Conditions that others have to set before it is ready, and have not.
    pub(crate) gates: Box<[Name]>,
    /// What keeps it from going once it was deleted.
    pub(crate) finalizers: Box<[Name]>,
    /// The grace of its deletion, in seconds.
    pub(crate) grace_s: u32,
}

impl Record for Pod {
    fn namespace(&self) -> &str {
        &self.namespace
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Pod {
    pub(super) fn new(view: &views::Pod, team_label: &str, names: &mut Interner) -> Self {
        let meta = &view.metadata;
        let conditions = &view.status.conditions;
        let ready = views::find(conditions, "Ready");
        let scheduled = views::find(conditions, "PodScheduled");
        let is_true = |condition: Option<&views::Condition>| {
            condition.is_some_and(|condition| condition.status == views::Status::True)
        };
        let changed = |condition: Option<&views::Condition>| {
            condition.and_then(|condition| condition.last_transition_time).into()
        };
        Self {
            name: meta.name.as_str().into(),
            namespace: names.intern(&meta.namespace),
            node: names.intern_some(&view.spec.node_name),
            owner: Owner::of(meta, names),
            team: names.intern_some(meta.labels.get(team_label).unwrap_or_default()),
            uid: Uid::new(&meta.uid, names),
            created: meta.creation_timestamp.into(),
            deleted: meta.deletion_timestamp.into(),
            ready_changed: changed(ready),
            scheduled_changed: changed(scheduled),
            phase: view.status.phase,
            ready: is_true(ready),
            unschedulable: scheduled.is_some_and(|condition| {
                condition.status == views::Status::False && condition.reason == "Unschedulable"
            }),
            trouble: trouble(view, names),
        }
    }

    /// Takes back times that its kubelet has set and that lie ahead of `now`: its clock is ahead, and
    /// nothing is to be let pass for as long as that.
    pub(super) fn take_back(&mut self, now: Timestamp) {
        self.ready_changed = self.ready_changed.at_most(now);
        self.scheduled_changed = self.scheduled_changed.at_most(now);
        if let Some(trouble) = &mut self.trouble {
            trouble.started = trouble.started.at_most(now);
            trouble.containers.iter_mut().for_each(|container| container.take_back(now));
        }
    }

    pub(crate) fn is_terminating(&self) -> bool {
        self.deleted != Stamp::NONE
    }

    /// Whether it has run its course and will not run again.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self.phase, Phase::Succeeded | Phase::Failed)
    }

    /// The node that it is on, or else the one that it was made for; empty where neither is known.
    pub(crate) fn place(&self) -> &str {
        let made_for = self.trouble.as_ref().and_then(|trouble| trouble.made_for.as_deref());
        self.node.as_deref().or(made_for).unwrap_or_default()
    }

    /// Its notable containers.
    pub(crate) fn containers(&self) -> &[Container] {
        self.trouble.as_ref().map_or(&[], |trouble| &trouble.containers)
    }
}

fn trouble(view: &views::Pod, names: &mut Interner) -> Option<Box<Trouble>> {
    let containers = container::notable(view, names);
    let conditions = &view.status.conditions;
    let told = match view.status.phase {
        Phase::Pending => views::find(conditions, "PodScheduled"),
        Phase::Running => views::find(conditions, "Ready"),
        _ => None,
    };
    let told = told.filter(|condition| condition.status != views::Status::True);
    let terminating = view.metadata.is_terminating();
    // Until it has its node, this is all that says whose a DaemonSet's pod is.
    let made_for = view.spec.made_for().filter(|_| view.spec.node_name.is_empty());
    if containers.is_empty() && told.is_none() && !terminating && made_for.is_none() {
        return None;
    }
    let is_unmet = |gate: &str| {
        views::find(conditions, gate).is_none_or(|condition| condition.status != views::Status::True)
    };
    let gates = view.spec.readiness_gates.iter().map(|gate| gate.condition_type.as_str());
    let unmet = gates.filter(|gate| told.is_some() && is_unmet(gate));
    let running = view.status.container_statuses.iter().filter_map(|status| status.state.running.as_ref());
    let finalizers = view.metadata.finalizers.iter().filter(|_| terminating);
    Some(Box::new(Trouble {
        containers,
        reason: told.and_then(|condition| names.intern_some(&condition.reason)),
        words: told.map(|condition| text::head(&condition.message)).unwrap_or_default(),
        made_for: made_for.and_then(|node| names.intern_some(node)),
        started: running.filter(|_| told.is_some()).filter_map(|run| run.started_at).max().into(),
        gates: unmet.map(|gate| names.intern(gate)).collect(),
        finalizers: finalizers.map(|finalizer| names.intern(finalizer)).collect(),
        grace_s: view.metadata.deletion_grace_period_seconds.unwrap_or(0).clamp(0, u32::MAX.into()) as u32,
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 150,000 of them are a large cluster. With its name, its places in the table and two
    /// indexes, a pod without trouble takes about 70 bytes more.
    #[test]
    fn a_pod_without_trouble_is_small() {
        assert!(size_of::<Option<Pod>>() <= 104, "{} bytes", size_of::<Option<Pod>>());
    }
}

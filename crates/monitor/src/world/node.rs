//! Nodes.

use cluster::views;
use jiff::Timestamp;

use super::name::{Interner, Name};
use super::stamp::Stamp;
use super::table::Record;
use super::text;
use super::uid::Uid;

pub(crate) use cluster::views::Status;

/// A node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    pub(crate) name: Name,
    pub(crate) zone: Option<Name>,
    pub(crate) team: Option<Name>,
    pub(crate) uid: Uid,
    pub(crate) created: Stamp,
    pub(crate) terminating: bool,
    /// Whether somebody keeps new pods off it.
    pub(crate) cordoned: bool,
    pub(crate) control_plane: bool,
    pub(crate) kubelet_version: Name,
    pub(crate) ready: Option<Condition>,
    pub(crate) memory_pressure: Option<Condition>,
    pub(crate) disk_pressure: Option<Condition>,
}

/// One of a node's conditions. Its heartbeat is left out: the lease tells that, and a record that
/// changes with every heartbeat would wake checks for nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) status: Status,
    pub(crate) since: Stamp,
    pub(crate) reason: Name,
    /// The kubelet's words, where it says something is wrong.
    pub(crate) words: Box<str>,
}

impl Record for Node {
    fn namespace(&self) -> &'static str {
        ""
    }

    fn name(&self) -> &str {
        &self.name
    }
}

impl Node {
    /// Takes back times that its kubelet has set and that lie ahead of `now`: its clock is ahead, and
    /// nothing is to be let pass for as long as that.
    pub(super) fn take_back(&mut self, now: Timestamp) {
        let own = [&mut self.ready, &mut self.memory_pressure, &mut self.disk_pressure];
        for condition in own.into_iter().flatten() {
            condition.since = condition.since.at_most(now);
        }
    }

    pub(super) fn new(view: &views::Node, team_label: &str, names: &mut Interner) -> Self {
        let meta = &view.metadata;
        let conditions = &view.status.conditions;
        Self {
            name: names.intern(&meta.name),
            zone: names.intern_some(view.zone()),
            team: names.intern_some(meta.labels.get(team_label).unwrap_or_default()),
            uid: Uid::new(&meta.uid, names),
            created: meta.creation_timestamp.into(),
            terminating: meta.is_terminating(),
            cordoned: view.spec.unschedulable,
            control_plane: view.is_control_plane(),
            kubelet_version: names.intern(&view.status.node_info.kubelet_version),
            ready: condition(conditions, "Ready", Status::True, names),
            memory_pressure: condition(conditions, "MemoryPressure", Status::False, names),
            disk_pressure: condition(conditions, "DiskPressure", Status::False, names),
        }
    }
}

fn condition(all: &[views::Condition], kind: &str, well: Status, names: &mut Interner) -> Option<Condition> {
    let found = views::find(all, kind)?;
    Some(Condition {
        status: found.status,
        since: found.last_transition_time.into(),
        reason: names.intern(&found.reason),
        words: if found.status == well { Box::default() } else { text::head(&found.message) },
    })
}

//! The routing tree: which receivers an alert goes to, and how it is grouped on the way.

use std::collections::BTreeSet;
use std::fmt;

use jiff::SignedDuration;
use model::labels::LabelSet;

use super::matchers::{Matcher, all_match, to_text};

/// By which labels alerts are grouped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GroupBy {
    /// By these.
    Labels(BTreeSet<String>),
    /// By all: every alert is a group of its own (`...`).
    All,
}

/// A node of the tree, with everything it inherits filled in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// What alerts must satisfy.
    pub matchers: Vec<Matcher>,
    /// Whether the siblings after it are asked too.
    pub goes_on: bool,
    /// The receiver's name.
    pub receiver: String,
    /// How alerts are grouped.
    pub group_by: GroupBy,
    /// How long a new group waits for more before its first message.
    pub group_wait: SignedDuration,
    /// How long a group waits between messages.
    pub group_interval: SignedDuration,
    /// After how long an unchanged group is told again.
    pub repeat_interval: SignedDuration,
    /// Times in which nothing is sent.
    pub mute_time_intervals: Vec<String>,
    /// Times outside of which nothing is sent.
    pub active_time_intervals: Vec<String>,
    /// The matchers of the way to it, as group keys begin.
    pub key: String,
    /// The nodes below it, by index.
    pub children: Vec<usize>,
}

/// The tree; node 0 is its root.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tree {
    routes: Vec<Route>,
}

/// What a group is known by: its route and the labels its alerts have in common.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct GroupId {
    /// The route, by index.
    pub route: usize,
    /// The labels it is grouped by.
    pub labels: LabelSet,
}

impl Tree {
    /// A tree of `routes`, of which the first is the root. Their children must come after them.
    pub fn new(routes: Vec<Route>) -> Self {
        Self { routes }
    }

    /// All nodes, the root first.
    pub fn routes(&self) -> &[Route] {
        &self.routes
    }

    /// A node.
    pub fn route(&self, index: usize) -> &Route {
        &self.routes[index]
    }

    /// The routes an alert takes: depth first, and on each level only the first that matches
    /// unless it says to go on.
    pub fn matching(&self, labels: &LabelSet) -> Vec<usize> {
        let mut found = Vec::new();
        self.descend(0, labels, &mut found);
        found
    }

    fn descend(&self, index: usize, labels: &LabelSet, found: &mut Vec<usize>) -> bool {
        let route = &self.routes[index];
        if !all_match(&route.matchers, labels) {
            return false;
        }
        let before = found.len();
        for child in &route.children {
            if self.descend(*child, labels, found) && !self.routes[*child].goes_on {
                break;
            }
        }
        if found.len() == before {
            found.push(index);
        }
        true
    }

    /// The groups an alert belongs to.
    pub fn groups(&self, labels: &LabelSet) -> Vec<GroupId> {
        let routes = self.matching(labels).into_iter();
        routes.map(|route| GroupId { route, labels: self.routes[route].group_labels(labels) }).collect()
    }

    /// A group's key as messages carry it: `{}/{severity="critical"}:{alertname="X"}`.
    pub fn group_key(&self, group: &GroupId) -> String {
        format!("{}:{}", self.routes[group.route].key, Braced(&group.labels))
    }
}

impl Route {
    fn group_labels(&self, labels: &LabelSet) -> LabelSet {
        match &self.group_by {
            GroupBy::All => labels.clone(),
            GroupBy::Labels(names) => {
                names.iter().filter_map(|name| Some((name.clone(), labels.get(name)?.clone()))).collect()
            }
        }
    }
}

/// The key of a route: its parent's and its own matchers.
pub fn key(parent: Option<&Route>, matchers: &[Matcher]) -> String {
    match parent {
        Some(parent) => format!("{}/{}", parent.key, to_text(matchers)),
        None => to_text(matchers),
    }
}

struct Braced<'a>(&'a LabelSet);

impl fmt::Display for Braced<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for (index, (name, value)) in self.0.iter().enumerate() {
            let comma = if index == 0 { "" } else { ", " };
            write!(f, "{comma}{name}={value:?}")?;
        }
        f.write_str("}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alerts::testing::labels;
    use crate::configuration::testing::settings;

    const TREE: &str = "
route:
  receiver: default
  group_by: [alertname]
  routes:
  - matchers: [team=\"a\"]
    receiver: a
    continue: true
    routes:
    - matchers: [severity=\"critical\"]
      receiver: a-pager
      group_by: ['...']
  - matchers: [severity=~\"critical|warning\"]
    receiver: b
    group_wait: 1s
  - matchers: [severity=\"critical\"]
    receiver: never
receivers: [{name: default}, {name: a}, {name: a-pager}, {name: b}, {name: never}]
";

    fn receivers(pairs: &[(&str, &str)]) -> Vec<String> {
        let tree = settings(TREE).tree;
        tree.matching(&labels(pairs)).iter().map(|route| tree.route(*route).receiver.clone()).collect()
    }

    #[test]
    fn an_alert_goes_down_the_tree() {
        assert_eq!(receivers(&[("x", "y")]), ["default"]);
        assert_eq!(receivers(&[("team", "a")]), ["a"]);
        assert_eq!(receivers(&[("severity", "critical")]), ["b"], "the first match ends the search");
        assert_eq!(receivers(&[("team", "a"), ("severity", "critical")]), ["a-pager", "b"]);
    }

    #[test]
    fn groups_have_alertmanagers_keys() {
        let tree = settings(TREE).tree;
        let keys = |pairs: &[(&str, &str)]| -> Vec<String> {
            tree.groups(&labels(pairs)).iter().map(|group| tree.group_key(group)).collect()
        };
        assert_eq!(keys(&[("alertname", "X"), ("x", "y")]), [r#"{}:{alertname="X"}"#]);
        assert_eq!(
            keys(&[("alertname", "X"), ("severity", "critical"), ("team", "a")])[0],
            r#"{}/{team="a"}/{severity="critical"}:{alertname="X", severity="critical", team="a"}"#
        );
    }

    #[test]
    fn settings_are_inherited() {
        let tree = settings(TREE).tree;
        let route = |receiver: &str| tree.routes().iter().find(|route| route.receiver == receiver).unwrap();
        assert_eq!(route("b").group_wait, SignedDuration::from_secs(1));
        assert_eq!(route("a").group_wait, SignedDuration::from_secs(30));
        assert_eq!(route("a").group_interval, SignedDuration::from_mins(5));
        assert_eq!(route("a").repeat_interval, SignedDuration::from_hours(4));
        assert_eq!(route("a").group_by, GroupBy::Labels(BTreeSet::from(["alertname".to_owned()])));
    }
}

//! Where a pod may go: what it requires of nodes, what it bears, and how it keeps apart from others.
//! Preferences are not modelled: they decide which of several good nodes, not whether there is one.

use compact_str::CompactString;
use serde_json::Value;

use super::node::{HOSTNAME, Node};
use super::selector::Selector;
use super::taint::Toleration;

/// What a pod requires.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Placement {
    /// `nodeSelector`.
    pub selector: Selector,
    /// Required node affinity: one of these must fit, if there are any.
    pub terms: Box<[Term]>,
    /// Required pod affinity: some other such pod must be in the domain.
    pub near: Box<[Neighbours]>,
    /// Required pod anti-affinity: no other such pod may be in the domain.
    pub apart: Box<[Neighbours]>,
    /// Topology spread that must hold (`DoNotSchedule`).
    pub spread: Box<[Spread]>,
    /// Taints that it bears.
    pub tolerations: Box<[Toleration]>,
}

/// A term of node affinity.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Term {
    labels: Selector,
    /// The one node it is for.
    name: Option<CompactString>,
}

/// Other pods within a domain.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Neighbours {
    /// The label of nodes whose value is the domain.
    pub topology: CompactString,
    /// Which pods, of the same namespace.
    pub selector: Selector,
}

/// A bound on how unevenly pods are spread.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spread {
    /// What is counted where.
    pub pods: Neighbours,
    /// The most by which a domain may exceed the emptiest.
    pub skew_max: u64,
}

impl Placement {
    /// What the fields of a spec say.
    pub(super) fn of(
        selector: &Value,
        affinity: &Value,
        spread: &Value,
        tolerations: Vec<Toleration>,
    ) -> Self {
        const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
        let terms = affinity["nodeAffinity"][REQUIRED]["nodeSelectorTerms"].as_array();
        let neighbours = |of: &str| {
            let terms = affinity[of][REQUIRED].as_array().into_iter().flatten();
            terms.map(Neighbours::of).collect()
        };
        let spread = spread.as_array().into_iter().flatten();
        Self {
            selector: Selector::of_map(selector),
            terms: terms.into_iter().flatten().map(Term::of).collect(),
            near: neighbours("podAffinity"),
            apart: neighbours("podAntiAffinity"),
            spread: spread
                .filter(|one| one["whenUnsatisfiable"] == "DoNotSchedule")
                .map(Spread::of)
                .collect(),
            tolerations: tolerations.into(),
        }
    }

    /// The one node that it can go to, as pods of DaemonSets say it.
    pub fn pinned(&self) -> Option<&str> {
        match &*self.terms {
            [term] => term.name.as_deref(),
            _ => None,
        }
    }

    /// Whether selector and affinity let it onto a node.
    pub fn selects(&self, node: &Node) -> bool {
        let fits = |term: &Term| {
            term.labels.matches(&node.object) && term.name.as_ref().is_none_or(|name| *name == node.name)
        };
        self.selector.matches(&node.object) && (self.terms.is_empty() || self.terms.iter().any(fits))
    }

    /// Whether other pods matter to it.
    pub fn minds_others(&self) -> bool {
        !(self.near.is_empty() && self.apart.is_empty() && self.spread.is_empty())
    }
}

impl Term {
    fn of(term: &Value) -> Self {
        let fields = term["matchFields"].as_array().into_iter().flatten();
        let name = fields
            .filter(|field| field["key"] == "metadata.name")
            .find_map(|field| field["values"].as_array()?.first()?.as_str().map(CompactString::from));
        Self { labels: Selector::of_expressions(&term["matchExpressions"]), name }
    }
}

impl Neighbours {
    fn of(term: &Value) -> Self {
        Self {
            topology: term["topologyKey"].as_str().unwrap_or(HOSTNAME).into(),
            selector: Selector::of(&term["labelSelector"]),
        }
    }
}

impl Spread {
    fn of(constraint: &Value) -> Self {
        Self { pods: Neighbours::of(constraint), skew_max: constraint["maxSkew"].as_u64().unwrap_or(1) }
    }
}

//! How things stand when all is at rest, as far as it must not depend on luck: whatever was dropped,
//! doubled or late on the way there, it is the same.

use std::collections::{BTreeMap, BTreeSet};

use super::Books;
use super::books::Remediation;
use super::pages::Pages;

/// The end of a run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ending {
    /// What still fires and stands for itself, by lineage and check, and whose it is.
    pub issues: BTreeMap<(String, String), Whose>,
    /// Repairs that are not over, by lineage and check.
    pub open: BTreeSet<(String, String)>,
    /// Nodes that bear our mark.
    pub marked: BTreeSet<String>,
    /// Pods that are not ready, by namespace and the name of what made them.
    pub unready: BTreeMap<(String, String), usize>,
}

/// Who is to do something about an issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Whose {
    /// The healer.
    Healers,
    /// A person: the healer has given up, or must not do anything.
    Persons,
    /// Nobody's yet: no policy is for it.
    Nobodys,
}

impl Ending {
    pub(super) fn of(books: &Books, pages: &Pages) -> Self {
        let mut ending = Self::default();
        let newest = newest(books);
        for (key, _) in pages.by_issue.iter().filter(|(_, page)| page.firing.is_some()) {
            let own = newest.get(key).copied();
            let whose = match own {
                None => Whose::Nobodys,
                Some(own) if is_open(own) => Whose::Healers,
                Some(_) => Whose::Persons,
            };
            ending.issues.insert(key.clone(), whose);
        }
        let open = newest.into_iter().filter(|(_, own)| is_open(own));
        ending.open = open.map(|(key, _)| key).collect();
        let marked = books.nodes.iter().filter(|(_, node)| node.quarantined.is_some());
        ending.marked = marked.map(|(name, _)| name.clone()).collect();
        let alive = books.pods.values().filter(|pod| pod.gone.is_none() && !pod.has_ended);
        for pod in alive.filter(|pod| !pod.is_ready) {
            let maker = books.top(pod).map_or(&pod.name, |(_, top)| &top.name);
            *ending.unready.entry((pod.namespace.clone(), maker.clone())).or_default() += 1;
        }
        ending
    }
}

/// The newest remediation of each issue.
fn newest(books: &Books) -> BTreeMap<(String, String), &Remediation> {
    let mut newest: BTreeMap<(String, String), &Remediation> = BTreeMap::new();
    for own in books.remediations.values().filter(|own| !own.is_deleted) {
        let known = newest.entry((own.lineage.clone(), own.check.clone())).or_insert(own);
        if own.changed > known.changed {
            *known = own;
        }
    }
    newest
}

fn is_open(remediation: &Remediation) -> bool {
    matches!(
        remediation.phase.as_str(),
        "" | "Pending" | "AwaitingApproval" | "Deferred" | "Acting" | "Verifying"
    )
}

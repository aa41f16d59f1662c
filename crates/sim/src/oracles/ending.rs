//! How things stand when all is at rest, as far as it must not depend on luck: whatever was dropped,
//! doubled or late on the way there, it is the same.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::Books;
use super::books::Remediation;
use super::pages::{Page, Pages, SILENT};

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
    /// What the healer gave up on at some time, by namespace and name; a node has no namespace. How
    /// that ends depends on when each of its attempts came, and they are counted. (Where it gave up
    /// because monitor and cluster did not agree, one of them is wrong: that must not be so in the end.)
    pub given_up: BTreeSet<(String, String)>,
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
    pub(super) fn of(books: &Books, pages: &Pages, at: Duration) -> Self {
        let mut ending = Self::default();
        let newest = newest(books);
        let stands = |page: &Page| {
            page.firing.is_some() && page.said.is_some_and(|said| at.saturating_sub(said) < SILENT)
        };
        for (key, _) in pages.by_issue.iter().filter(|(_, page)| stands(page)) {
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
        let is_given_up = |own: &&Remediation| {
            (own.phase == "Escalated" || own.is_given_up()) && own.rule != "ConditionStillTrue"
        };
        let given_up = books.remediations.values().filter(is_given_up);
        ending.given_up = given_up.map(|own| subject(&own.lineage)).collect();
        ending
    }

    /// The same but for what was given up on in either of two runs.
    #[must_use]
    pub fn comparable(&self, other: &Self) -> Self {
        let counts = |subject: &(String, String)| {
            !self.given_up.contains(subject) && !other.given_up.contains(subject)
        };
        let mut rest = Self { given_up: BTreeSet::new(), ..self.clone() };
        rest.issues.retain(|(lineage, _), _| counts(&subject(lineage)));
        rest.open.retain(|(lineage, _)| counts(&subject(lineage)));
        rest.marked.retain(|node| counts(&(String::new(), node.clone())));
        rest.unready.retain(|maker, _| counts(maker));
        rest
    }
}

/// Namespace and name of what a lineage is about: `Deployment/shop/web`, `StatefulSet/bank/db/db-0`,
/// `Node/n-1`.
fn subject(lineage: &str) -> (String, String) {
    let mut parts = lineage.split('/').skip(1).map(str::to_owned);
    match (parts.next(), parts.next()) {
        (Some(namespace), Some(name)) => (namespace, name),
        (name, _) => (String::new(), name.unwrap_or_default()),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_given_up_on_in_either_run_is_not_compared() {
        let pair = |one: &str, other: &str| (one.to_owned(), other.to_owned());
        let broken = Ending {
            issues: BTreeMap::from([(
                pair("StatefulSet/bank/db/db-0", "PodCrashLoopBackOff"),
                Whose::Healers,
            )]),
            unready: BTreeMap::from([(pair("bank", "db"), 2)]),
            marked: BTreeSet::from(["n-1".to_owned()]),
            ..Ending::default()
        };
        let healed = Ending { marked: broken.marked.clone(), ..Ending::default() };
        assert_ne!(broken.comparable(&healed), healed.comparable(&broken));
        let given_up = BTreeSet::from([subject("StatefulSet/bank/db/db-1")]);
        let healed = Ending { given_up, ..healed };
        assert_eq!(broken.comparable(&healed), healed.comparable(&broken));
        let unmarked = Ending { marked: BTreeSet::new(), ..healed };
        assert_ne!(broken.comparable(&unmarked), unmarked.comparable(&broken));
        assert_eq!(subject("Node/n-1"), pair("", "n-1"));
    }
}

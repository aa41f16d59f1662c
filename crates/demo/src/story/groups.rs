//! Open troubles as a person looks at them: those that are alike and stand alike are one.

use std::time::Duration;

use model::Severity;
use model::remediation::Phase;

use super::words::{names, short};
use super::{Repair, Story, Trouble};

/// Troubles of one check that stand alike, with what they explain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// The check.
    pub check: String,
    /// How bad.
    pub severity: Severity,
    /// Whose.
    pub lineages: Vec<String>,
    /// When the first of them was found.
    pub found: Duration,
    /// What the monitor says of the first.
    pub summary: String,
    /// Where healing stands.
    pub standing: Standing,
    /// That in plain words.
    pub words: String,
    /// What is folded under them.
    pub symptoms: Vec<String>,
    /// The remediation that waits for a person.
    pub waits: Option<String>,
}

/// Where healing stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// Nothing is, or will be, done.
    Left,
    /// Something is being done.
    Healing,
    /// A rule holds it.
    Held,
    /// A person is asked.
    Asked,
    /// The healer gave up.
    GivenUp,
    /// It is healed, and not over yet.
    Healed,
}

impl Story {
    /// What is wrong at `now`, newest first.
    pub fn groups(&self, now: Duration) -> Vec<Group> {
        let rows = self.troubles.rows();
        let mut groups: Vec<(String, Group)> = Vec::new();
        let mut current = None;
        for row in rows {
            let (trouble, issue) = (row.trouble, &row.trouble.issue);
            if row.is_symptom {
                let symptom = format!("{} {}", issue.code, short(&issue.lineage.to_string()));
                if let Some(place) = current {
                    let (_, group): &mut (String, Group) = &mut groups[place];
                    group.symptoms.push(symptom);
                }
                continue;
            }
            let (alike, group) = self.group(trouble, now);
            let found = groups.iter().position(|(own, _)| *own == alike);
            current = Some(found.unwrap_or(groups.len()));
            match found {
                Some(place) => groups[place].1.join(group),
                None => groups.push((alike, group)),
            }
        }
        groups.into_iter().map(|(_, group)| group.in_order()).collect()
    }

    /// A trouble alone, and what those have in common that are told with it.
    fn group(&self, trouble: &Trouble, now: Duration) -> (String, Group) {
        let issue = &trouble.issue;
        let lineage = issue.lineage.to_string();
        // An episode that was over before the trouble began is about another one.
        let repair = self.repairs.of(&lineage, &issue.code);
        let repair = repair.filter(|repair| repair.ended.is_none_or(|ended| ended >= trouble.found));
        let standing = repair.map_or(Standing::Left, standing);
        let words = match (repair, standing) {
            (None, _) => "no policy is for it: a person is told".to_owned(),
            (_, Standing::Asked) => "the plan waits for your word: a allows it, x forbids it".to_owned(),
            (Some(repair), _) if repair.phase() == Phase::Observed => {
                let would = repair.status().map_or("", |status| &status.message);
                format!("nothing is done, its policy only observes: {would}")
            }
            (Some(repair), _) => repair.words(self.wall(now)),
        };
        let rule = repair.and_then(Repair::rule).unwrap_or_default();
        let alike = format!("{} {standing:?} {rule}", issue.code);
        let waits = repair.filter(|_| standing == Standing::Asked).map(|repair| repair.name.clone());
        let group = Group {
            check: issue.code.clone(),
            severity: issue.severity,
            lineages: vec![lineage],
            found: trouble.found,
            summary: issue.summary.clone(),
            standing,
            words,
            symptoms: Vec::new(),
            waits,
        };
        (alike, group)
    }
}

impl Group {
    fn join(&mut self, other: Self) {
        self.lineages.extend(other.lineages);
        self.found = self.found.min(other.found);
    }

    fn in_order(mut self) -> Self {
        self.lineages.sort();
        self.symptoms.sort();
        self
    }

    /// Whose, in a few words: `b-01, b-02 and 8 more`.
    pub fn whose(&self) -> String {
        let lineages: Vec<String> = self.lineages.iter().map(|own| short(own)).collect();
        names(&lineages)
    }
}

fn standing(repair: &Repair) -> Standing {
    match repair.phase() {
        Phase::AwaitingApproval if repair.remediation.spec.approval.is_none() => Standing::Asked,
        Phase::AwaitingApproval | Phase::Pending | Phase::Acting | Phase::Verifying => Standing::Healing,
        Phase::Deferred | Phase::Denied => Standing::Held,
        Phase::Succeeded => Standing::Healed,
        Phase::Escalated | Phase::Rejected => Standing::GivenUp,
        Phase::Cleared | Phase::Observed | Phase::Cancelled => Standing::Left,
    }
}

//! What is wrong, and was: the monitor's issues, each from when it was first told of to its end.

use std::time::Duration;

use model::Issue;
use model::alert::Report;
use model::issue::{Key, Resolution};

/// One trouble.
#[derive(Clone, Debug)]
pub struct Trouble {
    /// As the monitor told it last.
    pub issue: Issue,
    /// When it was first told of.
    pub found: Duration,
    /// When what befell its lineage had begun; nothing where nothing of the story did.
    pub befell: Option<Duration>,
    /// When it was over, and how it ended.
    pub ended: Option<(Duration, Resolution)>,
}

/// What the monitor's word means for the story.
pub(super) enum Turn<'a> {
    /// Something is wrong.
    Found(&'a Trouble),
    /// What was wrong has another cause now, or had none before.
    Explained(&'a Trouble),
    /// It is over.
    Ended(&'a Trouble),
}

/// All troubles, in the order in which they were found.
#[derive(Clone, Debug, Default)]
pub struct Troubles {
    all: Vec<Trouble>,
}

/// An open trouble, as it stands in the list: under its cause.
#[derive(Clone, Copy, Debug)]
pub struct Row<'a> {
    /// Which.
    pub trouble: &'a Trouble,
    /// Whether it is a symptom of the one above it.
    pub is_symptom: bool,
}

impl Trouble {
    /// Whether it lasts.
    pub fn is_open(&self) -> bool {
        self.ended.is_none()
    }
}

impl Troubles {
    /// The monitor tells of an issue, on which something began at `befell`.
    pub(super) fn see(&mut self, report: Report, befell: Option<Duration>, at: Duration) -> Option<Turn<'_>> {
        let Report { issue, resolution, .. } = report;
        let key = issue.key();
        let open = self.all.iter().rposition(|own| own.is_open() && own.issue.key() == key);
        match (open, resolution) {
            // It goes on, under other labels or by another's word; or that of which nothing was told is over.
            (_, Some(Resolution::Relabelled | Resolution::Handover)) | (None, Some(_)) => None,
            (Some(place), Some(resolution)) => {
                let own = &mut self.all[place];
                own.ended = Some((at, resolution));
                Some(Turn::Ended(own))
            }
            (Some(place), None) => {
                let own = &mut self.all[place];
                let is_explained = own.issue.cause != issue.cause;
                own.issue = issue;
                is_explained.then_some(Turn::Explained(own))
            }
            (None, None) => {
                self.all.push(Trouble { issue, found: at, befell, ended: None });
                self.all.last().map(Turn::Found)
            }
        }
    }

    /// All of them.
    pub fn all(&self) -> &[Trouble] {
        &self.all
    }

    /// Those that last, newest cause first, each with its symptoms under it.
    pub fn rows(&self) -> Vec<Row<'_>> {
        let open = || self.all.iter().rev().filter(|trouble| trouble.is_open());
        let is_told = |key: &Key| open().any(|own| own.issue.key() == *key);
        let cause = |trouble: &Trouble| {
            let cause = trouble.issue.cause.as_ref()?;
            Some(Key { lineage: cause.lineage.clone(), code: cause.code.clone() }).filter(&is_told)
        };
        let mut rows = Vec::new();
        for root in open().filter(|trouble| cause(trouble).is_none()) {
            rows.push(Row { trouble: root, is_symptom: false });
            let own = root.issue.key();
            let symptoms = open().filter(|trouble| cause(trouble).as_ref() == Some(&own));
            rows.extend(symptoms.map(|trouble| Row { trouble, is_symptom: true }));
        }
        rows
    }

    /// Those that last, as the monitor told them.
    pub(super) fn open_issues(&self) -> Vec<Issue> {
        self.all.iter().filter(|own| own.is_open()).map(|own| own.issue.clone()).collect()
    }
}

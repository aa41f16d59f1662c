//! A bench for rules: a world in which nothing stands against the request, to be changed one
//! thing at a time.

use std::collections::BTreeMap;
use std::time::Duration;

use cluster::views::{Namespace, Node, Pairs};
use model::config::healer::HealerConfig;
use model::issue::{Cause, Issue, Resolution};
use model::policy::ActionName;
use model::remediation::{Attempt, AttemptResult, Part, PartState, Remediation};
use model::{Lineage, ObjectRef};

use super::{BrakeState, Correlation, Leadership, Own, Request, Rule, Ruling, Stage, ViewState, World};
use crate::actions::{self, Action};
use crate::facts::{Facts, Found, Subject, Workload};
use crate::inbox::Standing;
use crate::ledger::{EffectId, Ledger};
use crate::machine::tests_support::{
    attempt, issue, namespace, node, node_issue, node_remediation, now, open_part, planned_part, pod,
    remediation, step, unready, workload,
};
use crate::machine::{self, Command, Inputs, Memory, Plan};
use crate::{Now, Steps};

/// How the issue stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Firing,
    Folded,
    Silent,
    /// Over and healthy since this moment.
    Healthy(Duration),
}

pub(crate) struct Bench {
    pub(crate) now: Now,
    pub(crate) remediation: Remediation,
    pub(crate) others: Vec<Remediation>,
    pub(crate) action: &'static Action,
    pub(crate) is_undo: bool,
    pub(crate) part: Part,
    pub(crate) issue: Issue,
    pub(crate) said: Said,
    pub(crate) plan: Plan,
    pub(crate) facts: Facts,
    pub(crate) stage: Stage,
    pub(crate) nodes: BTreeMap<String, Node>,
    pub(crate) namespaces: BTreeMap<String, Namespace>,
    pub(crate) views: Vec<ViewState>,
    pub(crate) brake: BrakeState,
    pub(crate) leadership: Leadership,
    pub(crate) troubled: BTreeMap<String, Duration>,
    pub(crate) correlation: Correlation,
    pub(crate) steps: Steps,
    pub(crate) own: Own,
    pub(crate) config: HealerConfig,
}

impl Bench {
    /// A pod of a Deployment with three replicas is to be evicted.
    pub(crate) fn new() -> Self {
        let now = now(100_000);
        let mut facts = Facts::at(now.monotonic);
        facts.subject = Some(Found::There(Subject::Workload(workload(3, 2))));
        facts.owner = Some(Found::There(workload(3, 2)));
        facts.pods.insert(("shop".into(), "web-1".into()), Found::There(pod("web-1", "p-1", false)));
        let view = |name| ViewState { name, is_synced: true, heard: Some(now.monotonic), problem: None };
        Self {
            now,
            remediation: remediation("r-1-1"),
            others: vec![],
            action: actions::get(ActionName::EvictPod),
            is_undo: false,
            part: planned_part("web-1", "p-1"),
            issue: issue(),
            said: Said::Firing,
            plan: Plan::Current,
            facts,
            stage: Stage::Begin,
            nodes: [("n1".to_owned(), node("n1", &[]))].into(),
            namespaces: [("shop".to_owned(), namespace("shop", false))].into(),
            views: vec![view("nodes")],
            brake: BrakeState::Off,
            leadership: Leadership { epoch: 7, remaining: Duration::from_secs(10) },
            troubled: BTreeMap::new(),
            correlation: Correlation::default(),
            steps: Steps::default(),
            own: Own { namespace: "seaworthy".into(), node: "n0".into(), is_in_cluster: true },
            config: HealerConfig::default(),
        }
    }

    /// Node n1 is to be quarantined.
    pub(crate) fn of_node() -> Self {
        let mut bench = Self::new();
        bench.remediation = node_remediation("r-1-1");
        bench.issue = node_issue();
        bench.action = actions::get(ActionName::QuarantineNode);
        bench.part.target = ObjectRef::cluster_wide("Node", "n1", "u-n1");
        bench.facts = Facts::at(bench.now.monotonic);
        bench.facts.subject = Some(Found::There(Subject::Node(unready("n1"))));
        bench
    }

    /// Deployment web with ten replicas is to be restarted, two at once.
    pub(crate) fn of_workload() -> Self {
        let mut bench = Self::new();
        bench.action = actions::get(ActionName::RolloutRestart);
        bench.remediation.spec.steps = vec![step(ActionName::RolloutRestart)];
        bench.part.target = workload(10, 9).reference;
        (bench.part.node, bench.part.pods) = (String::new(), Some(2));
        bench.facts.subject = Some(Found::There(Subject::Workload(workload(10, 9))));
        bench.facts.owner = None;
        bench
    }

    /// The workload that is to be restarted, to be changed.
    pub(crate) fn workload(&mut self) -> &mut Workload {
        match &mut self.facts.subject {
            Some(Found::There(Subject::Workload(workload))) => workload,
            other => panic!("{other:?} is no workload"),
        }
    }

    /// Another instance's remediation restarted the workload, so many seconds ago.
    pub(crate) fn restarted_ago(&mut self, instance: &str, seconds: u64, closed: Option<u64>) {
        let mut other = self.remediation.clone();
        other.metadata.name = Some("r-9-1".into());
        other.spec.lineage.instance = instance.to_owned();
        other.spec.steps = vec![step(ActionName::RolloutRestart)];
        let happened =
            Part { state: PartState::Happened, opened: Some(self.ago(seconds)), ..self.part.clone() };
        other.status.as_mut().expect("it has one").attempts = vec![Attempt {
            action: ActionName::RolloutRestart,
            target: happened.target.clone(),
            intended: self.ago(seconds),
            parts: vec![happened],
            closed: closed.map(|seconds| self.ago(seconds)),
            ..attempt()
        }];
        self.others = vec![other];
    }

    /// What the machine would do next about the remediation.
    pub(crate) fn step(&self, memory: &Memory, facts: Option<&Facts>) -> Command {
        let ledger = Ledger::of(self.others.iter().chain([&self.remediation]));
        let key = self.remediation.spec.key();
        let earlier: Vec<&Remediation> = self.others.iter().filter(|one| one.spec.key() == key).collect();
        let inputs = Inputs {
            now: self.now,
            standing: match self.said {
                Said::Firing | Said::Folded => Standing::Firing(&self.issue),
                Said::Silent => Standing::Silent,
                Said::Healthy(since) => Standing::Ended(Resolution::Healthy, since),
            },
            plan: self.plan,
            facts,
            world: &self.world(),
            ledger: &ledger,
            earlier: &earlier,
            memory,
        };
        machine::step(&self.remediation, &inputs)
    }

    fn world(&self) -> World<'_> {
        World {
            nodes: &self.nodes,
            namespaces: &self.namespaces,
            views: &self.views,
            brake: &self.brake,
            leadership: self.leadership,
            troubled: &self.troubled,
            correlation: &self.correlation,
            steps: &self.steps,
            own: &self.own,
            config: &self.config,
        }
    }

    fn ask<T>(&self, ask: impl FnOnce(&Request<'_>, &World<'_>, &Ledger, Now) -> T) -> T {
        let mut folded = self.issue.clone();
        folded.cause = Some(Cause {
            kind: "Node".into(),
            namespace: String::new(),
            name: "n9".into(),
            code: "NodeUnreachable".into(),
            lineage: Lineage::cluster_wide("Node", "n9"),
        });
        let request = Request {
            id: EffectId { remediation: "r-1-1".into(), attempt: 1, part: 0 },
            spec: &self.remediation.spec,
            status: self.remediation.status.as_ref().expect("it has one"),
            action: self.action,
            is_undo: self.is_undo,
            part: &self.part,
            standing: match self.said {
                Said::Firing => Standing::Firing(&self.issue),
                Said::Folded => Standing::Folded(&folded),
                Said::Silent => Standing::Silent,
                Said::Healthy(since) => Standing::Ended(Resolution::Healthy, since),
            },
            facts: &self.facts,
            stage: self.stage,
        };
        let world = self.world();
        let ledger = Ledger::of(self.others.iter().chain([&self.remediation]));
        ask(&request, &world, &ledger, self.now)
    }

    /// What one rule says.
    pub(crate) fn ruling(&self, rule: &Rule) -> Ruling {
        self.ask(|request, world, ledger, now| (rule.judge)(request, world, ledger, now))
    }

    /// Whether all rules admit it, and which one does not.
    pub(crate) fn admits(&self) -> Result<(), &'static str> {
        self.ask(|request, world, ledger, now| {
            super::weigh(request, world, ledger, now).map_err(|refusal| refusal.rule)
        })
    }

    #[track_caller]
    pub(crate) fn expect_pass(&self, rule: &Rule) {
        assert_eq!(self.ruling(rule), Ruling::Pass);
    }

    #[track_caller]
    pub(crate) fn expect_defer(&self, rule: &Rule, text: &str) {
        match self.ruling(rule) {
            Ruling::Defer { reason, .. } => assert!(reason.contains(text), "{text:?} is not in {reason:?}"),
            other => panic!("expected a deferral with {text:?}, was {other:?}"),
        }
    }

    #[track_caller]
    pub(crate) fn expect_deny(&self, rule: &Rule, text: &str) {
        match self.ruling(rule) {
            Ruling::Deny { reason } => assert!(reason.contains(text), "{text:?} is not in {reason:?}"),
            other => panic!("expected a denial with {text:?}, was {other:?}"),
        }
    }

    fn ago(&self, seconds: u64) -> jiff::Timestamp {
        self.now.wall - Duration::from_secs(seconds)
    }

    /// Attempts of an earlier remediation of the lineage, so many seconds ago.
    pub(crate) fn attempted_ago(&mut self, seconds: &[u64]) {
        let mut other = self.remediation.clone();
        other.metadata.name = Some("r-1-0".into());
        let attempts = seconds.iter().map(|seconds| Attempt {
            intended: self.ago(*seconds),
            parts: vec![Part { state: PartState::Refused, ..open_part("web-1", "p-0") }],
            result: AttemptResult::DidNotHelp,
            closed: Some(self.ago(*seconds)),
            ..attempt()
        });
        other.status.as_mut().expect("it has one").attempts = attempts.collect();
        self.others = vec![other];
    }

    /// So many pods are disrupted by an attempt elsewhere.
    pub(crate) fn disrupted(&mut self, namespace: &str, node: &str, owner: &str, count: usize) {
        self.elsewhere(namespace, node, owner, count, PartState::Open);
    }

    /// So many pods were disrupted within the hour, and have recovered.
    pub(crate) fn settled(&mut self, namespace: &str, count: usize) {
        self.elsewhere(namespace, "n9", "Deployment/a/x", count, PartState::Settled);
    }

    fn elsewhere(&mut self, namespace: &str, node: &str, owner: &str, count: usize, state: PartState) {
        let mut other = self.remediation.clone();
        other.metadata.name = Some("r-9-1".into());
        other.spec.lineage = Lineage::cluster_wide("Node", "n7");
        let part = |n: usize| Part {
            target: ObjectRef::namespaced("Pod", namespace, format!("x-{n}"), format!("x-{n}")),
            node: node.to_owned(),
            owner: Some(owner.parse().expect("a lineage")),
            state,
            opened: Some(self.ago(5)),
            ..planned_part("", "")
        };
        let parts = (0..count).map(part).collect();
        let attempts = vec![Attempt { intended: self.ago(5), parts, ..attempt() }];
        other.status.as_mut().expect("it has one").attempts = attempts;
        let mut zone_less = self::node("n9", &[]);
        zone_less.metadata.labels = Pairs::default();
        self.nodes.insert("n9".into(), zone_less);
        self.others = vec![other];
    }

    /// Nodes n1 to n`count`, all in one zone.
    pub(crate) fn nodes_named(&mut self, count: usize) {
        self.config.budgets.nodes.zone = model::config::healer::Amount::Percent(100);
        self.nodes = (1..=count).map(|n| (format!("n{n}"), node(&format!("n{n}"), &[]))).collect();
    }

    pub(crate) fn cordon(&mut self, name: &str) {
        self.nodes.get_mut(name).expect("it is there").spec.unschedulable = true;
    }
}

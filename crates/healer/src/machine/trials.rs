//! A model of all that the healer meets, by the thousand and from a seed: nodes and pods that fail
//! and recover, answers that are lost, leaders that are stopped and followed, policies, approvals and
//! the Brake under people's hands. The machine and the governor are the real ones; whether what was
//! promised is kept is for [`books`] to say, which counts by itself.

mod books;
mod cluster;
mod disturbances;
mod leaders;

use std::collections::BTreeMap;
use std::time::Duration;

use ::cluster::effects::Answer;
use ::cluster::views::Namespace;
use model::config::healer::{Amount, HealerConfig};
use model::issue::{Issue, Key, Member};
use model::policy::{ActionName, Mode};
use model::remediation::Remediation;
use model::{Lineage, ObjectRef, codes};

use self::books::{Books, Flight, NODES_AT_ONCE};
use self::cluster::{Cluster, Health};
use self::leaders::{Leader, troubled};
use super::Plan;
use super::tests_support::{issue, namespace, node_issue, policy, step};
use crate::governor::{BrakeState, Correlation, unhealthy};
use crate::policy::Entry;
use crate::{Now, intake, orphans};

/// How many seeds are tried. `SEAWORTHY_TRIALS=20000 cargo test -p healer trials` tries more.
const SEEDS: u64 = 400;

/// Numbers from a seed: splitmix64.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end as u64) as usize
    }

    fn one_in(&mut self, n: usize) -> bool {
        self.below(n) == 0
    }
}

/// One run.
struct Trial {
    dice: Dice,
    now: Now,
    config: HealerConfig,
    policies: Vec<Entry>,
    cluster: Cluster,
    /// The remediations as a quorum has them.
    store: BTreeMap<String, Remediation>,
    version: u64,
    /// The last one leads.
    leaders: Vec<Leader>,
    flying: Vec<Flight>,
    brake: BrakeState,
    plan: Plan,
    is_monitor_silent: bool,
    /// What the monitor has found at its last look, and whether it is so.
    issues: Vec<(Issue, bool)>,
    /// Since when each issue is told of, or is over.
    told: BTreeMap<Key, (bool, Duration)>,
    namespaces: BTreeMap<String, Namespace>,
    correlation: Correlation,
    /// Whether things still go wrong.
    is_rough: bool,
    books: Books,
}

/// What a monitor would find, and whether it is so.
fn issues(cluster: &Cluster) -> Vec<(Issue, bool)> {
    let mut all = Vec::new();
    for (at, (name, node)) in cluster.nodes.iter().enumerate() {
        // Every other node is watched for its silence alone: that it is not ready is no issue then.
        let code = if at % 2 == 0 { codes::NODE_NOT_READY } else { codes::NODE_UNREACHABLE };
        let fires = if at % 2 == 0 { node.health != Health::Ready } else { node.health == Health::Silent };
        let lineage = Lineage::cluster_wide("Node", name.as_str());
        let subject = ObjectRef::cluster_wide("Node", name.as_str(), format!("u-{name}"));
        all.push((Issue { code: code.into(), lineage, subject, ..node_issue() }, fires));
    }
    let mut web = issue();
    let member = web.members.remove(0);
    for (name, pod) in cluster.pods.iter().filter(|(_, pod)| !pod.is_ready) {
        let object = ObjectRef::namespaced("Pod", "shop", name.as_str(), pod.uid.as_str());
        web.members.push(Member { object, node: pod.node.as_str().into(), ..member.clone() });
    }
    let fires = !web.members.is_empty();
    all.push((web, fires));
    all
}

impl Trial {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let mut config = HealerConfig::default();
        config.budgets.nodes.cluster = Amount::Count(u32::try_from(NODES_AT_ONCE).expect("few"));
        config.budgets.nodes.zone = Amount::Percent(100);
        let mode = [Mode::Enforce, Mode::Enforce, Mode::Approve, Mode::Observe][dice.below(4)];
        let mut nodes = policy(mode);
        nodes.name = "nodes".into();
        nodes.spec.selects.codes = vec![codes::NODE_NOT_READY.into(), codes::NODE_UNREACHABLE.into()];
        nodes.spec.steps = vec![step(ActionName::QuarantineNode), step(ActionName::DrainNode)];
        let mut pods = policy(mode);
        pods.spec.steps = vec![step(ActionName::EvictPod), step(ActionName::RolloutRestart)];
        pods.spec.steps[0].attempts = 1 + u32::try_from(dice.below(3)).expect("few");
        let now = super::tests_support::now(0);
        let mut trial = Self {
            dice,
            now,
            config,
            policies: vec![nodes, pods],
            cluster: Cluster::new(10, 4),
            store: BTreeMap::new(),
            version: 0,
            leaders: Vec::new(),
            flying: Vec::new(),
            brake: BrakeState::Off,
            plan: Plan::Current,
            is_monitor_silent: false,
            issues: Vec::new(),
            told: BTreeMap::new(),
            namespaces: [("shop".to_owned(), namespace("shop", false))].into(),
            correlation: Correlation::default(),
            is_rough: true,
            books: Books::default(),
        };
        trial.succeed();
        trial
    }

    fn pass(&mut self, time: Duration) {
        self.now.monotonic += time;
        self.now.wall = self.now.wall_in(time);
        let (landing, flying) = std::mem::take(&mut self.flying)
            .into_iter()
            .partition(|flight| flight.lands <= self.now.monotonic);
        self.flying = flying;
        let landing: Vec<Flight> = landing;
        for flight in landing.into_iter().filter(|flight| !flight.is_lost) {
            self.land(&flight);
        }
        self.hear();
    }

    fn land(&mut self, flight: &Flight) -> Answer {
        let before = self.cluster.clone();
        let answer = self.cluster.land(&flight.target, &flight.attempt, &flight.effect);
        if matches!(answer, Answer::Done { .. }) {
            self.books.landed(flight, &before, &self.cluster);
        }
        answer
    }

    /// The monitor looks, and the share of failing nodes is counted.
    fn hear(&mut self) {
        if !self.is_monitor_silent {
            self.issues = issues(&self.cluster);
            for (issue, fires) in &self.issues {
                let told = self.told.entry(issue.key()).or_insert((false, self.now.monotonic));
                if told.0 != *fires {
                    *told = (*fires, self.now.monotonic);
                }
            }
        }
        let (down, total) = unhealthy(&self.cluster.views, &troubled(&self.told));
        self.correlation.observe(down, total, &self.config, self.now);
    }

    fn take_up(&mut self) {
        if self.is_monitor_silent || self.plan != Plan::Current {
            return;
        }
        let epoch = self.leaders.last().expect("somebody leads").epoch;
        for (mut issue, _) in self.issues.clone().into_iter().filter(|(_, fires)| *fires) {
            let key = issue.key();
            let Some((true, since)) = self.told.get(&key).copied() else { continue };
            let ago = self.now.monotonic.saturating_sub(since);
            issue.since = self.now.wall - ago;
            let policy = self.policies.iter().find(|policy| policy.spec.selects.codes.contains(&issue.code));
            let policy = policy.expect("one is for it");
            let last = intake::last(&key, self.store.values());
            if intake::is_new(&issue, self.now.wall, policy, last.map(|(_, one)| one)) {
                let number =
                    intake::next_number(&key, self.store.keys().map(String::as_str), None, self.now.wall);
                self.keep(intake::take_up(&issue, "c1", policy, number, &self.config));
            }
        }
        for orphan in orphans::find(self.cluster.views.values(), &self.store) {
            let names = self.store.keys().map(String::as_str).chain([orphan.by.as_str()]);
            let number = intake::next_number(&orphan.key, names, None, self.now.wall);
            let known = self.store.get(&orphan.by).cloned();
            let taken = match known {
                Some(one) => {
                    let status = one.status.clone().unwrap_or_default();
                    Remediation {
                        status: orphans::remember(&status, &one.spec, &orphan, self.now.wall),
                        ..one
                    }
                }
                None => orphans::take_in(&orphan, number, "c1", &self.config, epoch, self.now.wall),
            };
            self.keep(taken);
        }
    }

    fn keep(&mut self, mut one: Remediation) {
        self.version += 1;
        one.metadata.resource_version = Some(self.version.to_string());
        self.store.insert(one.metadata.name.clone().expect("it has one"), one);
    }

    /// Everything is well again, or nearly: after some hours nothing is left to do.
    fn settle(&mut self) {
        self.is_rough = false;
        (self.brake, self.plan, self.is_monitor_silent) = (BrakeState::Off, Plan::Current, false);
        self.cluster.has_room_in_budget = true;
        for (at, name) in self.cluster.nodes.keys().cloned().collect::<Vec<_>>().into_iter().enumerate() {
            // The first one stays broken: its trouble ends with a person.
            let health = if at == 0 { Health::NotReady } else { Health::Ready };
            self.cluster.touch(&name, |node| (node.health, node.is_cordoned) = (health, false));
        }
        for _ in 0..60 {
            self.pass(Duration::from_mins(15));
            self.cluster.pods.values_mut().for_each(|pod| pod.is_ready = true);
            self.turn();
        }
    }

    fn expect_rest(&self) {
        for (name, one) in &self.store {
            let status = one.status.as_ref().expect("it has one");
            assert!(status.phase.is_over(), "{name} does not end: {status:#?}");
        }
        for (name, node) in
            self.cluster.nodes.iter().filter(|(_, node)| node.mark.is_some() && node.is_tainted)
        {
            assert_eq!(node.health, Health::NotReady, "{name} is well and keeps its mark: {:#?}", self.store);
        }
    }
}

fn run(seed: u64) -> Books {
    let mut trial = Trial::new(seed);
    trial.hear();
    for _ in 0..60 {
        trial.disturb();
        let seconds = [0, 1, 5, 20, 60, 600][trial.dice.below(6)];
        trial.pass(Duration::from_secs(seconds));
        trial.turn();
    }
    trial.settle();
    trial.expect_rest();
    trial.books
}

#[test]
fn what_was_promised_is_kept_over_many_seeds() {
    let seeds = std::env::var("SEAWORTHY_TRIALS").ok().and_then(|seeds| seeds.parse().ok()).unwrap_or(SEEDS);
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for seed in 0..seeds {
        // What went wrong stands above: the seed alone leads there again.
        let books = std::panic::catch_unwind(|| run(seed)).unwrap_or_else(|_| panic!("seed {seed}"));
        for (what, count) in books.seen {
            *seen.entry(what).or_default() += count;
        }
    }
    for what in ["eviction", "fence", "quarantine", "release", "restart"] {
        assert!(seen.get(what).is_some_and(|count| *count > 0), "no {what} in any of them: {seen:?}");
    }
}

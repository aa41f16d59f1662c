//! What came of a scenario, without when: what was decided about each target and in which order, what
//! people were told, and how the cluster stood in the end. It is read from what a real cluster and a
//! simulated one both have, and so can be compared.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::apps::v1::{DaemonSet, Deployment, StatefulSet};
use k8s_openapi::api::core::v1::Node;
use kube::ResourceExt;
use kube::api::ListParams;
use model::remediation::{Attempt, AttemptResult, Phase, Remediation};

use crate::cluster::Cluster;
use crate::receiver::Message;

/// How far apart two looks are that have to find the same: longer than any interval after which the
/// services of the suite still say or do something.
const STILL: Duration = Duration::from_secs(4);
/// How many looks there are at most.
const LOOKS_MAX: usize = 15;
/// Marks of ours on nodes begin so.
const OURS: &str = "seaworthy.dev/";
/// The record of who changed a node last: it marks nothing, and stays.
const LAST_ATTEMPT: &str = "seaworthy.dev/attempt";

/// Rules whose waits are a matter of moments: they speak of the healer's claim, of what it has heard,
/// and of a trouble that it does not see just now.
const OF_THE_MOMENT: [&str; 3] = ["ConditionStillTrue", "Fencing", "FreshView"];

/// What came of a scenario. Names are those inside of its namespace.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Record {
    /// By lineage and check: the rules that held, the attempts with their outcome, and the end.
    pub decided: BTreeMap<String, Vec<String>>,
    /// By what a message was about: whether it fired or was over, as often as that changed.
    pub told: BTreeMap<String, Vec<String>>,
    /// By object: how it stood in the end.
    pub end: BTreeMap<String, String>,
}

impl Record {
    /// Looks until two looks find the same, or often enough; what was found last.
    pub async fn settled(look: impl AsyncFn() -> Result<Self>) -> Result<Self> {
        let mut before = look().await?;
        for _ in 0..LOOKS_MAX {
            tokio::time::sleep(STILL).await;
            let now = look().await?;
            if now == before {
                break;
            }
            before = now;
        }
        Ok(before)
    }

    /// The record so far, of a namespace of that name and those whose names begin with it.
    pub async fn of(
        cluster: &Cluster,
        namespace: &str,
        history: &[Remediation],
        messages: &[Message],
    ) -> Result<Self> {
        let nodes = Nodes::met(history);
        Ok(Self {
            decided: nodes.rename(decided(namespace, history)),
            told: nodes.rename(told(namespace, messages)),
            end: nodes.rename(stands(cluster, namespace).await?),
        })
    }

    /// Where this differs from another; empty if nowhere. What people were told is not compared: the
    /// suite's pages wait for seconds only, and whether a repair ends before is a matter of moments.
    pub fn differs_from(&self, other: &Self) -> Vec<String> {
        [differences(&self.decided, &other.decided), differences(&self.end, &other.end)].concat()
    }
}

/// The nodes that something was decided about, in the order in which they were met: which of them a
/// pod came to be on is the scheduler's affair.
struct Nodes(Vec<String>);

impl Nodes {
    fn met(history: &[Remediation]) -> Self {
        let mut names: Vec<String> = Vec::new();
        for lineage in history.iter().map(|one| &one.spec.lineage).filter(|lineage| lineage.kind == "Node") {
            if !names.contains(&lineage.name) {
                names.push(lineage.name.clone());
            }
        }
        Self(names)
    }

    /// Calls them by letters.
    fn rename<T>(&self, parts: BTreeMap<String, T>) -> BTreeMap<String, T> {
        let called = |about: String| {
            let mut words = about.split(' ');
            let object = words.next().unwrap_or_default();
            let met = ('A'..='Z').zip(&self.0).find(|(_, name)| object == format!("Node/{name}"));
            match met {
                Some((letter, _)) => about.replacen(object, &format!("Node/{letter}"), 1),
                None => about,
            }
        };
        parts.into_iter().map(|(about, part)| (called(about), part)).collect()
    }
}

fn differences<T: std::fmt::Debug + PartialEq>(
    one: &BTreeMap<String, T>,
    other: &BTreeMap<String, T>,
) -> Vec<String> {
    let names: std::collections::BTreeSet<&String> = one.keys().chain(other.keys()).collect();
    let differing = names.into_iter().filter_map(|name| {
        let (one, other) = (one.get(name), other.get(name));
        (one != other).then(|| format!("{name}: {one:?} and {other:?}"))
    });
    differing.collect()
}

/// Whether something is a scenario's: in its namespaces, or in none.
fn is_of(namespace: &str, found: &str) -> bool {
    found.is_empty() || found.starts_with(namespace)
}

fn short(namespace: &str, text: &str) -> String {
    text.replace(&format!("/{namespace}/"), "/").replace(&format!("/{namespace}-"), "/-")
}

fn decided(namespace: &str, history: &[Remediation]) -> BTreeMap<String, Vec<String>> {
    let mut order: Vec<&str> = Vec::new();
    let mut versions: BTreeMap<&str, Vec<&Remediation>> = BTreeMap::new();
    for remediation in history.iter().filter(|one| is_of(namespace, &one.spec.lineage.namespace)) {
        let uid = remediation.metadata.uid.as_deref().unwrap_or_default();
        if !versions.contains_key(uid) {
            order.push(uid);
        }
        versions.entry(uid).or_default().push(remediation);
    }
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for uid in order {
        let spec = &versions[uid][0].spec;
        let target = short(namespace, &format!("{} {}", spec.lineage, spec.check));
        all.entry(target).or_default().extend(steps(&versions[uid]));
    }
    all
}

/// What one remediation went through.
fn steps(versions: &[&Remediation]) -> Vec<String> {
    let mut steps: Vec<String> = Vec::new();
    let mut seen = 0;
    let last = versions.last().and_then(|last| last.status.as_ref());
    let came_to = last.map(|status| status.attempts.as_slice()).unwrap_or_default();
    for status in versions.iter().filter_map(|version| version.status.as_ref()) {
        for (attempt, last) in status.attempts.iter().zip(came_to).skip(seen) {
            seen += 1;
            if !met_another_writer(last) {
                steps.push(format!("{:?} {:?}", attempt.action, last.result));
            }
        }
        let rule = status.decision.as_ref().map(|decision| decision.rule.as_str()).unwrap_or_default();
        let step = match status.phase {
            Phase::Deferred if OF_THE_MOMENT.contains(&rule) => continue,
            Phase::Deferred | Phase::Denied | Phase::Observed if !rule.is_empty() => {
                format!("{} by {rule}", status.phase.as_str())
            }
            phase if phase.is_over() || phase == Phase::AwaitingApproval => phase.as_str().to_owned(),
            _ => continue,
        };
        if steps.last() != Some(&step) {
            steps.push(step);
        }
    }
    steps
}

/// Whether nothing came of it because the object was written by somebody else between the look and the
/// change, as a kubelet does with its node every few seconds: it is begun anew with the next look.
pub fn met_another_writer(attempt: &Attempt) -> bool {
    attempt.result == AttemptResult::NotHappened && attempt.detail.contains("the object has been modified")
}

fn told(namespace: &str, messages: &[Message]) -> BTreeMap<String, Vec<String>> {
    let mut all: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for message in messages {
        let is_its = |alert: &crate::receiver::Alert| is_of(namespace, alert.label("namespace"));
        if !message.alerts.iter().any(is_its) {
            continue;
        }
        let group = message.group_labels.iter().filter(|(name, _)| name.as_str() != "cluster");
        let values: Vec<&str> = group.map(|(_, value)| value.as_str()).collect();
        // By name, the check comes before the lineage.
        let about = values.into_iter().rev().collect::<Vec<_>>().join(" ");
        let told = all.entry(short(namespace, &about)).or_default();
        if told.last() != Some(&message.status) {
            told.push(message.status.clone());
        }
    }
    all
}

/// How a scenario's objects stand.
async fn stands(cluster: &Cluster, namespace: &str) -> Result<BTreeMap<String, String>> {
    let all = ListParams::default();
    let mut found = BTreeMap::new();
    let mut note = |kind: &str, within: Option<String>, name: String, ready: i32, wanted: i32| {
        let within = within.unwrap_or_default();
        if is_of(namespace, &within) && !within.is_empty() {
            let name = short(namespace, &format!("{kind}/{within}/{name}"));
            found.insert(name, format!("{ready} of {wanted} ready"));
        }
    };
    for one in cluster.everywhere::<Deployment>().list(&all).await? {
        let ready = one.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        let wanted = one.spec.replicas.unwrap_or(1);
        note("Deployment", one.namespace(), one.name_any(), ready, wanted);
    }
    for one in cluster.everywhere::<StatefulSet>().list(&all).await? {
        let ready = one.status.as_ref().and_then(|status| status.ready_replicas).unwrap_or(0);
        let wanted = one.spec.replicas.unwrap_or(1);
        note("StatefulSet", one.namespace(), one.name_any(), ready, wanted);
    }
    for one in cluster.everywhere::<DaemonSet>().list(&all).await? {
        let status = one.status.clone().unwrap_or_default();
        note(
            "DaemonSet",
            one.namespace(),
            one.name_any(),
            status.number_ready,
            status.desired_number_scheduled,
        );
    }
    for node in cluster.cluster_wide::<Node>().list(&all).await? {
        let marks = marks(&node);
        if !marks.is_empty() {
            found.insert(format!("Node/{}", node.name_any()), marks.join(", "));
        }
    }
    Ok(found)
}

/// What is marked on a node, by us or by a person.
fn marks(node: &Node) -> Vec<String> {
    let spec = node.spec.clone().unwrap_or_default();
    let taints = spec.taints.unwrap_or_default().into_iter().map(|taint| taint.key);
    let annotations = node.annotations().keys().cloned();
    let ours = taints.chain(annotations).filter(|mark| mark.starts_with(OURS) && mark != LAST_ATTEMPT);
    let cordon = spec.unschedulable.unwrap_or(false).then(|| "cordoned".to_owned());
    ours.chain(cordon).collect()
}

//! The commands, as a person calls them while something is wrong: one look of their own, what the
//! running services know, why something was not healed, taking an alert on, and saying no to a plan.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::Method;
use e2e::bed::{Ended, end};
use e2e::installation::Installation;
use e2e::scenario::Stage;
use e2e::workload::{self, Workload};
use e2e::{audit, eventually, http};
use model::Lineage;
use model::codes::{POD_CRASH_LOOP_BACK_OFF, POD_RUNNING_NOT_READY, SERVICE_NO_READY_ENDPOINTS};
use model::remediation::Phase;
use serde_json::{Value, json};
use tokio::process::Command;

use crate::policies::evict_when_approved;

const PATIENCE: Duration = Duration::from_mins(1);
const FINE: i32 = 0;
const WARNING: i32 = 1;
const CRITICAL: i32 = 2;
const COULD_NOT: i32 = 3;

pub(crate) async fn run(stage: &Stage, installation: &Installation) -> Result<()> {
    let person = Person { stage, installation };
    check(&person).await?;
    ask_the_services(&person).await?;
    take_on(&person).await?;
    reject(&person).await
}

/// Somebody at a terminal, who calls `seaworthy` as the cluster's administrator.
struct Person<'a> {
    stage: &'a Stage,
    installation: &'a Installation,
}

impl Person<'_> {
    /// A command about the scenario's namespace that ends with this code; what it printed.
    async fn calls(&self, words: &[&str], code: i32) -> Result<String> {
        let Ended { code: ended, said, complaint } = self.call(words).await?;
        ensure!(ended == Some(code), "{words:?} ends with {code}, not {ended:?}:\n{said}{complaint}");
        Ok(said)
    }

    async fn call(&self, words: &[&str]) -> Result<Ended> {
        let Self { stage, installation } = self;
        let mut command = Command::new(&stage.bed.program);
        command
            .args(words)
            .args(["--namespace", &stage.namespace])
            .env("KUBECONFIG", &stage.bed.kubeconfig)
            .env("SEAWORTHY_IDENTITY", installation.certificates().join("operator"));
        end(&mut command).await
    }

    /// One look with the thresholds of the running monitor.
    async fn checks(&self, form: &str, code: i32) -> Result<String> {
        let config = self.installation.monitor_config().display().to_string();
        self.calls(&["check", "--config", &config, "--output", form], code).await
    }
}

/// `check`: exit codes by what was found, the table by cause, and JSON of a shape that programs rely on.
async fn check(person: &Person<'_>) -> Result<()> {
    let Person { stage, installation } = person;
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let table = person.checks("table", FINE).await?;
    ensure!(table.contains("nothing is wrong") && table.contains("0 critical, 0 warning"), "{table}");
    let nothing: Value = serde_json::from_str(&person.checks("json", FINE).await?)?;
    ensure!(nothing["issues"] == json!([]) && nothing["unseen"] == json!([]), "{nothing}");

    let hunt = Lineage::namespaced("Deployment", namespace, "hunt");
    Workload::crashing(namespace, "hunt").create(cluster).await?;
    installation.issue(&hunt, POD_CRASH_LOOP_BACK_OFF, PATIENCE, |_| Ok(())).await?;
    person.checks("table", WARNING).await?;
    workload::service(cluster, namespace, "hunt", "hunt").await?;
    let behind = Lineage::namespaced("Service", namespace, "hunt");
    installation.issue(&behind, SERVICE_NO_READY_ENDPOINTS, PATIENCE, |_| Ok(())).await?;

    let table = person.checks("table", CRITICAL).await?;
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    ensure!(rows[0].starts_with(&["SEVERITY", "CHECK", "LINEAGE", "AGE", "SUMMARY"]), "{table}");
    let (cause, symptom) = (hunt.to_string(), behind.to_string());
    ensure!(
        rows[1].starts_with(&["critical", POD_CRASH_LOOP_BACK_OFF, &cause]),
        "the cause first, as grave as its symptom: {table}"
    );
    ensure!(
        rows[2].starts_with(&["critical", "└", SERVICE_NO_READY_ENDPOINTS, &symptom]),
        "its symptom below it: {table}"
    );
    ensure!(table.contains("2 critical, 0 warning, 0 info; 1 of them explained by others"), "{table}");
    let wide = person.checks("wide", CRITICAL).await?;
    ensure!(wide.lines().next().is_some_and(|head| head.contains("MEMBERS")), "{wide}");

    let found: Value = serde_json::from_str(&person.checks("json", CRITICAL).await?)?;
    has_the_promised_shape(&found, namespace)?;
    let elsewhere = end(Command::new(&stage.bed.program)
        .args(["check", "--namespace", "no-such-namespace"])
        .env("KUBECONFIG", &stage.bed.kubeconfig))
    .await?;
    ensure!(elsewhere.code == Some(COULD_NOT), "{elsewhere:?}");
    ensure!(elsewhere.complaint.contains("no-such-namespace"), "{elsewhere:?}");
    Ok(())
}

/// What `-o json` promises to those who read it with programs: these keys, and what they hold.
fn has_the_promised_shape(found: &Value, namespace: &str) -> Result<()> {
    ensure!(keys(found) == BTreeSet::from(["issues", "summary", "unseen"]), "{found}");
    let counts = ["critical", "warning", "info", "folded"].map(|count| found["summary"][count].as_u64());
    ensure!(counts == [Some(2), Some(0), Some(0), Some(1)], "{}", found["summary"]);
    let of = |code: &str| {
        let issues = found["issues"].as_array().context("a list of issues")?;
        issues.iter().find(|issue| issue["code"] == code).with_context(|| format!("no {code}: {found}"))
    };
    let (crash, behind) = (of(POD_CRASH_LOOP_BACK_OFF)?, of(SERVICE_NO_READY_ENDPOINTS)?);
    for issue in [crash, behind] {
        let promised =
            ["code", "severity", "lineage", "subject", "members", "since", "summary", "evidence", "cause"];
        let keys = keys(issue);
        ensure!(promised.iter().all(|key| keys.contains(key)), "{keys:?}");
        let subject = &issue["subject"];
        ensure!(self::keys(subject) == BTreeSet::from(["kind", "namespace", "name", "uid"]), "{subject}");
        ensure!(subject["namespace"] == namespace && subject["name"] == "hunt", "{subject}");
        ensure!(issue["lineage"].is_string() && issue["since"].is_string(), "{issue}");
        ensure!(issue["evidence"].is_object() && issue["members"].is_array(), "{issue}");
    }
    ensure!(crash["severity"] == "critical" && behind["severity"] == "critical", "{found}");
    let grave_for =
        format!("{SERVICE_NO_READY_ENDPOINTS} of {}", behind["lineage"].as_str().unwrap_or_default());
    ensure!(crash["evidence"]["graveFor"] == grave_for.as_str(), "{crash}");
    ensure!(crash["cause"].is_null(), "null where nothing explains it: {crash}");
    ensure!(crash["members"][0]["evidence"]["exitCode"] == "3", "{}", crash["members"]);
    let cause = &behind["cause"];
    for (key, value) in [
        ("kind", "Deployment"),
        ("namespace", namespace),
        ("name", "hunt"),
        ("code", POD_CRASH_LOOP_BACK_OFF),
    ] {
        ensure!(cause[key] == value, "{key} of the cause is {value}: {cause}");
    }
    Ok(())
}

fn keys(value: &Value) -> BTreeSet<&str> {
    value.as_object().into_iter().flat_map(|object| object.keys().map(String::as_str)).collect()
}

/// `issues` and `explain`: what the running monitor and the running alerter know.
async fn ask_the_services(person: &Person<'_>) -> Result<()> {
    let namespace = person.stage.namespace.as_str();
    let monitor = person.installation.monitor_url();
    let known = person.calls(&["issues", "--monitor", &monitor, "--output", "json"], CRITICAL).await?;
    has_the_promised_shape(&serde_json::from_str(&known)?, namespace)?;
    let names = person.calls(&["issues", "--monitor", &monitor, "--output", "name"], CRITICAL).await?;
    let lineages: BTreeSet<&str> = names.lines().collect();
    let (cause, symptom) = (format!("Deployment/{namespace}/hunt"), format!("Service/{namespace}/hunt"));
    ensure!(lineages == BTreeSet::from([cause.as_str(), &symptom]), "{names}");

    let told = person.calls(&["explain", "deploy/hunt", "--monitor", &monitor], FINE).await?;
    for words in
        ["no HealingPolicy is for PodCrashLoopBackOff", "cannot find the treasure map", "exitCode: 3"]
    {
        ensure!(told.contains(words), "it explains {words:?}: {told}");
    }
    let told = person.calls(&["explain", "service/hunt", "--monitor", &monitor], FINE).await?;
    ensure!(told.contains(&format!("a symptom of {cause}")), "it points at the cause: {told}");
    let nobody = person.call(&["explain", "deploy/nobody", "--monitor", &monitor]).await?;
    ensure!(nobody.code == Some(COULD_NOT) && nobody.complaint.contains("nobody"), "{nobody:?}");
    Ok(())
}

/// `ack`: of two alerts that were kept silent, the one that somebody has taken on is not told when
/// the silence ends, and the other is.
async fn take_on(person: &Person<'_>) -> Result<()> {
    let Person { stage, installation } = person;
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    let silence = silence(person).await?;
    for name in ["left", "taken"] {
        workload::service(cluster, namespace, name, "nobody").await?;
        let lineage = Lineage::namespaced("Service", namespace, name);
        installation.issue(&lineage, SERVICE_NO_READY_ENDPOINTS, PATIENCE, |_| Ok(())).await?;
    }
    let alerter = format!("http://{}", installation.alerts());
    let words = ["ack", "service/taken", "--by", "ada", "--note", "a typo", "--alerter", &alerter];
    let said = person.calls(&words, FINE).await?;
    ensure!(said.contains("acknowledged by ada") && said.contains("taken"), "{said}");
    let words = ["ack", "service/nobody", "--by", "ada", "--alerter", &alerter];
    let nothing = person.call(&words).await?;
    ensure!(nothing.code == Some(COULD_NOT) && nothing.complaint.contains("no open alert"), "{nothing:?}");

    let path = format!("/api/v2/silence/{silence}");
    let ended = http::send(Method::DELETE, installation.alerts(), &path, None).await?;
    ensure!(ended.status().is_success(), "{}", ended.status());
    eventually("the alert that nobody has taken on is told", PATIENCE, || async {
        ensure!(told(person)?.contains("left"), "told so far: {:?}", told(person)?);
        Ok(())
    })
    .await?;
    let known = person.calls(&["issues", "--alerter", &alerter, "--output", "json"], CRITICAL).await?;
    let known: Value = serde_json::from_str(&known)?;
    let state = |name: &str| {
        let issues = known["issues"].as_array().into_iter().flatten();
        issues.filter(|issue| issue["subject"]["name"] == name).map(|issue| &issue["state"]).next_back()
    };
    ensure!(state("taken") == Some(&json!("acknowledged")), "{known}");
    ensure!(state("left") == Some(&json!("firing")), "{known}");
    Ok(())
}

/// Keeps the alerts of Services in the scenario's namespace silent; what the silence is called.
async fn silence(person: &Person<'_>) -> Result<String> {
    let environment = &person.stage.environment;
    let exactly =
        |name: &str, value: &str| json!({"name": name, "value": value, "isRegex": false, "isEqual": true});
    let silence = json!({
        "matchers": [
            exactly(model::labels::NAMESPACE, &person.stage.namespace),
            exactly(model::labels::KIND, "Service"),
        ],
        "startsAt": environment.now(),
        "endsAt": environment.now() + Duration::from_hours(1),
        "createdBy": "the suite",
        "comment": "until one of them is taken on",
    });
    let alerts = person.installation.alerts();
    let answer = http::send(Method::POST, alerts, "/api/v2/silences", Some(&silence)).await?;
    let answer: Value = serde_json::from_slice(answer.body())?;
    Ok(answer["silenceID"].as_str().with_context(|| format!("no silence: {answer}"))?.to_owned())
}

/// Names of the Services that messages were about so far.
fn told(person: &Person<'_>) -> Result<BTreeSet<String>> {
    let messages = person.installation.messages_about(&person.stage.namespace)?;
    let alerts = messages.iter().flat_map(|(_, message)| &message.alerts);
    let of_services = alerts.filter(|alert| alert.label("kind") == "Service");
    Ok(of_services.map(|alert| alert.label("name").to_owned()).collect())
}

/// `remediations` and `remediations reject`: a plan that waits is listed, and a no is the end of it.
async fn reject(person: &Person<'_>) -> Result<()> {
    let stage = person.stage;
    let (cluster, namespace) = (&stage.cluster, stage.namespace.as_str());
    stage.policy(evict_when_approved(namespace)).await?;
    Workload::serving(namespace, "web").replicas(2).create(cluster).await?;
    let hangs = cluster.ready_pods(namespace, "web", 2).await?.remove(0);
    workload::deadlock(&stage.bed, &hangs).await?;
    let web = Lineage::namespaced("Deployment", namespace, "web");
    let waiting = cluster.reaches(&web, POD_RUNNING_NOT_READY, Phase::AwaitingApproval, PATIENCE).await?;
    let name = waiting.metadata.name.context("a remediation has a name")?;

    let listed = person.calls(&["remediations"], FINE).await?;
    let row = listed.lines().find(|line| line.contains(&name)).context("it is listed")?;
    for cell in [web.to_string().as_str(), POD_RUNNING_NOT_READY, "AwaitingApproval"] {
        ensure!(row.contains(cell), "{row}");
    }
    let listed: Value = serde_json::from_str(&person.calls(&["remediations", "-o", "json"], FINE).await?)?;
    ensure!(listed.as_array().is_some_and(|all| all.len() == 1), "one in this namespace: {listed}");
    let said = person.installation.program(&["remediations", "reject", &name]).await?;
    ensure!(said.contains(&name) && said.contains("rejected"), "{said}");
    cluster.reaches(&web, POD_RUNNING_NOT_READY, Phase::Rejected, PATIENCE).await?;

    let too_late = end(Command::new(&stage.bed.program)
        .args(["remediations", "approve", &name])
        .env("KUBECONFIG", &stage.bed.kubeconfig))
    .await?;
    ensure!(too_late.code == Some(COULD_NOT) && too_late.complaint.contains("Rejected"), "{too_late:?}");
    let why = person.calls(&["explain", "deploy/web"], FINE).await?;
    ensure!(why.contains("not healed") && why.contains("rejected by"), "{why}");
    let over = person.calls(&["remediations"], FINE).await?;
    ensure!(!over.contains(&name), "what is over is not listed: {over}");
    ensure!(person.calls(&["remediations", "--all"], FINE).await?.contains(&name), "but with --all");
    let effects = stage.effects()?;
    ensure!(effects.is_empty(), "nobody approved anything:{}", audit::told(&effects));
    ensure!(!told(person)?.contains("taken"), "what ada has taken on was never told");
    Ok(())
}

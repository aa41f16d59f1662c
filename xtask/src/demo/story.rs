//! The story, told inside of a testbed.

use super::installation::{ALERTER, Installation};
use super::tools::{apply, kubectl, list, seaworthy};
use super::{facts, receiver};
use crate::stopwatch::{Stopwatch, readable};
use crate::tree;
use anyhow::{Context, Result, bail};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::Receiver;
use std::thread;
use std::time::Duration;

const WORKLOAD: &str = include_str!("workload.yaml");
/// How often the cluster is looked at: often enough that no step of seconds is missed.
const EVERY: Duration = Duration::from_millis(250);
/// After this the story has no good end.
const PATIENCE: Duration = Duration::from_mins(3);

/// Where the demo keeps its files.
pub(super) fn folder() -> PathBuf {
    tree::kept().join("demo")
}

/// Tells it to its end.
pub(super) fn tell(program: &Path) -> Result<()> {
    let folder = folder();
    if folder.exists() {
        fs::remove_dir_all(&folder)?;
    }
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;

    chapter(
        "Install Seaworthy: custom resources, accounts with the least rights, certificates, three services",
    );
    let (hook, messages) = receiver::start()?;
    let _installation = Installation::start(program, &folder, &hook)?;

    chapter("Deploy a workload of two replicas, and a policy that lets the healer evict what hangs");
    apply(WORKLOAD)?;
    kubectl(&["rollout", "status", "deployment/web", "--namespace", "shop", "--timeout", "90s"])?;

    let victim =
        kubectl(&["get", "pods", "--namespace", "shop", "-o", "jsonpath={.items[0].metadata.name}"])?;
    chapter(&format!("Hang the container of {victim}: it runs on, and serves nobody"));
    let mut told = Told::default();
    // What is so before anything happens is no news.
    told.keep_quiet_about(&facts::pods(&pods()));
    kubectl(&["exec", "--namespace", "shop", &victim, "--", "rm", "/tmp/ready"])?;
    follow(program, &messages, &mut told)?;

    chapter("Ask why: seaworthy explain deploy/web -n shop");
    let alerter = format!("http://{ALERTER}");
    print!("{}", seaworthy(program, &["explain", "deploy/web", "-n", "shop", "--alerter", &alerter])?);
    Ok(())
}

/// Looks at everything again and again, and tells what is new, until it is healed and reported.
fn follow(program: &Path, messages: &Receiver<Value>, told: &mut Told) -> Result<()> {
    let (mut healed, mut reported) = (false, false);
    while told.since.elapsed() < PATIENCE {
        let remediations = list(&["get", "remediations"]);
        told.tell(facts::pods(&pods()));
        told.tell(facts::issues(&issues(program)));
        told.tell(facts::remediations(&remediations));
        for message in messages.try_iter() {
            told.always(facts::message(&message));
            reported |= message["status"] == "resolved";
        }
        healed |= facts::is_healed(&remediations);
        if healed && reported {
            println!("\nHealed and reported {} after the container hung.", readable(told.since.elapsed()));
            return Ok(());
        }
        thread::sleep(EVERY);
    }
    let missing = if healed { "reported" } else { "healed" };
    bail!("it was not {missing} within {}", readable(PATIENCE))
}

fn pods() -> Vec<Value> {
    list(&["get", "pods", "--namespace", "shop"])
}

/// The exit code says how bad the issues are, so it is no error here.
fn issues(program: &Path) -> Vec<Value> {
    let mut command = Command::new(program);
    command.args(["issues", "-o", "json", "--alerter", &format!("http://{ALERTER}")]);
    let said = command.output().map(|output| output.stdout).unwrap_or_default();
    serde_json::from_slice(&said).unwrap_or_default()
}

fn chapter(title: &str) {
    println!("\n== {title}");
}

/// What was told already, and when the story began.
struct Told {
    since: Stopwatch,
    facts: BTreeSet<facts::Fact>,
}

impl Default for Told {
    fn default() -> Self {
        Self { since: Stopwatch::start(), facts: BTreeSet::new() }
    }
}

impl Told {
    fn keep_quiet_about(&mut self, facts: &[facts::Fact]) {
        self.facts.extend(facts.iter().cloned());
    }

    fn tell(&mut self, facts: Vec<facts::Fact>) {
        for fact in facts {
            if self.facts.insert(fact.clone()) {
                self.always(fact);
            }
        }
    }

    fn always(&self, (who, what): facts::Fact) {
        println!("{:>8}  {who:<10}  {what}", format!("+{}", readable(self.since.elapsed())));
    }
}

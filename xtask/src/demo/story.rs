//! The story, told inside of a testbed.

use super::installation::{Installation, MONITOR, log};
use super::tools::{apply, inside, kubectl, seaworthy};
use super::witness::{self, End, Seen, Watch};
use super::{facts, receiver};
use crate::stopwatch::{Stopwatch, readable};
use crate::tree;
use anyhow::{Context, Result, bail};
use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

const WORKLOAD: &str = include_str!("workload.yaml");
const NAMESPACE: &str = "shop";
/// After this the story has no good end.
const PATIENCE: Duration = Duration::from_mins(3);
/// For so long nothing new is seen before the story begins: what is so already is no news.
const QUIET: Duration = Duration::from_secs(1);

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

    let took = chapter(
        "Install Seaworthy: custom resources, accounts with the least rights, certificates, three services",
    );
    let (sender, seen) = mpsc::channel();
    let hook = receiver::start(facts::message, sender.clone())?;
    let _installation = Installation::start(program, &folder, &hook)?;
    done(took);

    let took =
        chapter("Deploy a workload of two replicas, and a policy that lets the healer evict what hangs");
    apply(WORKLOAD)?;
    kubectl(&["rollout", "status", "deployment/web", "--namespace", NAMESPACE, "--timeout", "90s"])?;
    let _watches = [
        Watch::start(&["pods", "--namespace", NAMESPACE], facts::pod, sender.clone())?,
        Watch::start(&["remediations"], facts::remediation, sender.clone())?,
    ];
    witness::follow(&log(&folder, "monitor"), facts::found, sender)?;
    let mut told = Told::default();
    told.keep_quiet_about(&seen);
    done(took);

    let victim =
        kubectl(&["get", "pods", "--namespace", NAMESPACE, "-o", "jsonpath={.items[0].metadata.name}"])?;
    chapter(&format!("Hang the container of {victim}: it runs on, and serves nobody"));
    inside(NAMESPACE, &victim, "rm /tmp/ready")?;
    told.begin();
    follow(&seen, &mut told)?;

    let identity = folder.join("tls/operator").display().to_string();
    for question in ["explain deploy/web -n shop", "remediations --all"] {
        chapter(&format!("Ask: seaworthy {question}"));
        let mut arguments: Vec<&str> = question.split(' ').collect();
        if arguments[0] == "explain" {
            arguments.extend(["--monitor", MONITOR, "--identity", &identity]);
        }
        print!("{}", seaworthy(program, &arguments)?);
    }
    Ok(())
}

/// Tells everything that is seen, until it is healed and reported.
fn follow(seen: &Receiver<Seen>, told: &mut Told) -> Result<()> {
    let (mut healed, mut reported) = (false, false);
    while let Some(left) = PATIENCE.checked_sub(told.since.elapsed()) {
        let Ok(Seen { facts, end }) = seen.recv_timeout(left) else { break };
        for fact in facts {
            told.tell(fact);
        }
        match end {
            Some(End::Healed) => healed = true,
            Some(End::Reported) => reported = true,
            None => {}
        }
        if healed && reported {
            println!("\nHealed and reported {} after the container hung.", readable(told.since.elapsed()));
            return Ok(());
        }
    }
    let missing = if healed { "reported" } else { "healed" };
    bail!("it was not {missing} within {}", readable(PATIENCE))
}

fn chapter(title: &str) -> Stopwatch {
    println!("\n== {title}");
    Stopwatch::start()
}

fn done(took: Stopwatch) {
    println!("   done in {}", readable(took.elapsed()));
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
    fn keep_quiet_about(&mut self, seen: &Receiver<Seen>) {
        while let Ok(Seen { facts, .. }) = seen.recv_timeout(QUIET) {
            self.facts.extend(facts);
        }
    }

    fn begin(&mut self) {
        self.since = Stopwatch::start();
    }

    fn tell(&mut self, fact: facts::Fact) {
        let (who, what) = &fact;
        if !self.facts.contains(&fact) {
            println!("{:>8}  {who:<10}  {what}", format!("+{}", readable(self.since.elapsed())));
            self.facts.insert(fact);
        }
    }
}

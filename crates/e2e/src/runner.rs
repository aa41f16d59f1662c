//! Runs scenarios and says how they went, in the words of Rust's own test runner.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use environment::Environment;
use futures::future::FutureExt;
use futures::stream::{self, StreamExt};

use crate::audit::Audit;
use crate::bed::Bed;
use crate::circumstances;
use crate::cluster::Cluster;
use crate::history::History;
use crate::installation::{Installation, Options};
use crate::record::Record;
use crate::scenario::{self, Counterpart, Play, Scenario, Skipped, Stage};
use crate::truth::Truth;

/// How many scenarios run beside each other: two cores make more of them slower, not sooner.
const BESIDE_MAX: usize = 4;
/// After this a scenario is given up: none of its waits is that long.
const PATIENCE: Duration = Duration::from_mins(5);
/// Seeds what the suite itself draws, which nothing depends on.
const SEED: u64 = 1;

/// What the command line asks for; what Rust's runner knows besides is accepted and ignored.
struct Arguments {
    list: bool,
    exact: bool,
    filters: Vec<String>,
}

impl Arguments {
    fn read(arguments: impl Iterator<Item = String>) -> Self {
        let mut read = Self { list: false, exact: false, filters: Vec::new() };
        for argument in arguments {
            match argument.as_str() {
                "--list" => read.list = true,
                "--exact" => read.exact = true,
                flag if flag.starts_with('-') => {}
                _ => read.filters.push(argument),
            }
        }
        read
    }

    fn wants(&self, name: &str) -> bool {
        let matches = |filter: &String| if self.exact { name == filter } else { name.contains(filter) };
        self.filters.is_empty() || self.filters.iter().any(matches)
    }
}

/// A suite.
pub struct Suite {
    /// Its scenarios.
    pub scenarios: &'static [Scenario],
    /// How many real nodes the testbed has to have.
    pub real_nodes_min: usize,
    /// The page that tells of simulated and real cluster, where there is one.
    pub page: Option<&'static str>,
}

/// Runs those scenarios of a suite that the command line asks for, and their counterparts on simulated clusters. `kept`
/// is a folder for logs.
pub fn main(suite: &Suite, kept: &Path) -> ExitCode {
    let Suite { scenarios, real_nodes_min, page } = *suite;
    let arguments = Arguments::read(std::env::args().skip(1));
    let wanted: Vec<Scenario> =
        scenarios.iter().copied().filter(|scenario| arguments.wants(scenario.name)).collect();
    if arguments.list {
        for scenario in &wanted {
            println!("{}: test", scenario.name);
        }
        return ExitCode::SUCCESS;
    }
    println!("\nrunning {} tests", wanted.len());
    let mut report = Report { filtered_out: scenarios.len() - wanted.len(), ..Report::default() };
    // One thread: everything here waits for others, and children are tied to the thread that
    // started them.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    match runtime {
        Ok(runtime) => runtime.block_on(play(&wanted, real_nodes_min, kept, &mut report)),
        Err(error) => report.broken(&anyhow!(error).context("start the runtime")),
    }
    simulate(&wanted, page, &mut report);
    report.finish()
}

/// Plays the counterparts on simulated clusters, and compares.
fn simulate(scenarios: &[Scenario], page: Option<&str>, report: &mut Report) {
    let mut truth = std::mem::take(&mut report.truth);
    for scenario in scenarios {
        if let Some(outcome) = truth.simulate(scenario) {
            report.played(&format!("simulated::{}", scenario.name), &[], outcome);
        }
    }
    if let Some(page) = page {
        println!("\n{}", truth.table(scenarios));
        if report.filtered_out == 0 {
            report.played("the_page_about_the_truth", &[], truth.check(scenarios, page));
        }
    }
}

async fn play(scenarios: &[Scenario], real_nodes_min: usize, kept: &Path, report: &mut Report) {
    let environment = Environment::real(SEED);
    report.begun = environment.monotonic();
    match Bed::find(kept) {
        Err(reason) => scenarios.iter().for_each(|scenario| report.skipped(scenario.name, &reason)),
        Ok(bed) => {
            if let Err(error) = play_on(bed, environment.clone(), scenarios, real_nodes_min, report).await {
                report.broken(&error);
            }
        }
    }
    report.took = environment.monotonic().saturating_sub(report.begun);
}

async fn play_on(
    bed: Bed,
    environment: Environment,
    scenarios: &[Scenario],
    real_nodes_min: usize,
    report: &mut Report,
) -> Result<()> {
    let real_nodes = bed.real_nodes().await.context("ask for the real nodes")?;
    if real_nodes.len() < real_nodes_min {
        let reason = format!(
            "{} of {real_nodes_min} real nodes: `testbed up --real-nodes {real_nodes_min}` as root",
            real_nodes.len()
        );
        for scenario in scenarios {
            report.skipped(scenario.name, &reason);
        }
        return Ok(());
    }
    let cluster = Cluster::connect(&bed.kubeconfig).await.context("connect to the testbed")?;
    let audit = Audit::of(&bed.audit_log);
    let suite = scenario::Suite {
        bed,
        history: History::follow(&cluster, &environment),
        cluster,
        audit,
        environment,
        receiver: Arc::default(),
        whole: report.filtered_out == 0,
    };
    let beside: Vec<&Scenario> =
        scenarios.iter().filter(|scenario| matches!(scenario.play, Play::Beside(_))).collect();
    if !beside.is_empty() {
        play_beside(&suite, &beside, report).await?;
    }
    for scenario in scenarios {
        if matches!(scenario.play, Play::Alone(_)) {
            let performed = perform(&suite, scenario, None).await;
            report.performed(scenario.name, performed);
        }
    }
    Ok(())
}

/// The scenarios that share an installation, which at its end must have kept the rules as a whole.
async fn play_beside(suite: &scenario::Suite, scenarios: &[&Scenario], report: &mut Report) -> Result<()> {
    let installation = Installation::start(suite, "shared", Options::default()).await;
    let mut installation = installation.context("start the shared installation")?;
    let shared = &installation;
    let mut outcomes = stream::iter(scenarios)
        .map(|scenario| async move { (scenario.name, perform(suite, scenario, Some(shared)).await) })
        .buffer_unordered(BESIDE_MAX);
    while let Some((name, performed)) = outcomes.next().await {
        report.performed(name, performed);
    }
    drop(outcomes);
    report.played("the_shared_installation_as_a_whole", &[], installation.finish().await);
    Ok(())
}

/// One scenario on its stage. A panic is a failure like any other, and what the scenario leaves
/// behind is cleared.
async fn perform(
    suite: &scenario::Suite,
    scenario: &Scenario,
    installation: Option<&Installation>,
) -> Performed {
    let stage = match Stage::set(suite, scenario.name).await {
        Ok(stage) => stage,
        Err(error) => {
            let outcome = Err(error.context("set the stage"));
            return Performed { outcome, notes: Vec::new() };
        }
    };
    let playing = match (scenario.play, installation) {
        (Play::Alone(run), _) => run(&stage),
        (Play::Beside(run), Some(installation)) => run(&stage, installation),
        (Play::Beside(_), None) => unreachable!("scenarios that share get the installation"),
    };
    let playing = AssertUnwindSafe(playing).catch_unwind();
    let outcome = match tokio::time::timeout(PATIENCE, playing).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(panic)) => Err(anyhow!("panicked: {}", words(panic.as_ref()))),
        Err(_) => Err(anyhow!("not over after {} s", PATIENCE.as_secs())),
    };
    if outcome.is_err() {
        note_circumstances(&stage).await;
    }
    let recorded = match (outcome, scenario.counterpart) {
        (Ok(()), Counterpart::Played(_)) => stage.record().await.context("read what came of it").map(Some),
        (outcome, _) => outcome.map(|()| None),
    };
    let cleared = stage.clear().await.context("clear the stage");
    let outcome = recorded.and_then(|record| cleared.map(|()| record));
    Performed { outcome, notes: stage.notes() }
}

/// Says under a failure what was the case, since that may be why.
async fn note_circumstances(stage: &Stage) {
    match circumstances::of(&stage.cluster, &stage.namespace).await {
        Ok(lines) => lines.into_iter().for_each(|line| stage.note(format!("in the end: {line}"))),
        Err(error) => stage.note(format!("in the end nothing can be read: {error:#}")),
    }
}

/// How a scenario went: its record if it has a counterpart, and what it noted.
struct Performed {
    outcome: Result<Option<Record>>,
    notes: Vec<String>,
}

fn words(panic: &(dyn std::any::Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("without words")
}

/// How the scenarios went.
#[derive(Default)]
struct Report {
    passed: usize,
    skipped: usize,
    filtered_out: usize,
    failures: BTreeMap<String, String>,
    begun: Duration,
    took: Duration,
    truth: Truth,
}

impl Report {
    fn performed(&mut self, name: &'static str, performed: Performed) {
        let outcome = performed.outcome.map(|record| {
            if let Some(record) = record {
                self.truth.real(name, record);
            }
        });
        self.played(name, &performed.notes, outcome);
    }

    fn played(&mut self, name: &str, notes: &[String], outcome: Result<()>) {
        match outcome {
            Ok(()) => {
                self.passed += 1;
                println!("test {name} ... ok");
            }
            Err(error) if error.is::<Skipped>() => self.skipped(name, &error.to_string()),
            Err(error) => {
                println!("test {name} ... FAILED");
                self.failures.insert(name.to_owned(), format!("{error:#}"));
            }
        }
        for note in notes {
            println!("     {note}");
        }
    }

    fn skipped(&mut self, name: &str, reason: &str) {
        self.skipped += 1;
        println!("test {name} ... ignored, {reason}");
    }

    /// The suite itself could not go on.
    fn broken(&mut self, error: &anyhow::Error) {
        println!("test the_suite ... FAILED");
        self.failures.insert("the_suite".to_owned(), format!("{error:#}"));
    }

    fn finish(&self) -> ExitCode {
        if self.skipped > 0 {
            println!("\nSKIPPED, so that they showed nothing: {} scenarios.", self.skipped);
        }
        if !self.failures.is_empty() {
            println!("\nfailures:\n");
            for (name, error) in &self.failures {
                println!("---- {name} ----\n{error}\n");
            }
        }
        let verdict = if self.failures.is_empty() { "ok" } else { "FAILED" };
        println!(
            "\ntest result: {verdict}. {} passed; {} failed; {} ignored; 0 measured; {} filtered out; finished in {:.2}s\n",
            self.passed,
            self.failures.len(),
            self.skipped,
            self.filtered_out,
            self.took.as_secs_f64()
        );
        if self.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

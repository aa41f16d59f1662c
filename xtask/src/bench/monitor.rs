//! The monitor beside a plain client-go informer: the same server, the same objects, one after the other.

use super::PATIENCE;
use super::churn::{Latencies, until_logged};
use super::page::{Line, Unit, publish, table};
use super::running::Running;
use super::usage::{Process, Usage};
use crate::bed::Bed;
use crate::process::{cargo, run_logged};
use crate::stopwatch::Stopwatch;
use crate::testbed;
use crate::tree;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

/// The size that docs/benchmarks.md speaks of.
const NODES: u32 = 5_000;
const PODS: u32 = 150_000;
/// How often the API server is asked whether it is back.
const RETRY: Duration = Duration::from_secs(1);
/// For how long the informer listens to the load, beyond the time that the load takes.
const MARGIN_S: u64 = 10;
/// How long after its sync the informer looks at its memory.
const SETTLE_S: u64 = 15;
/// The monitor's configuration. Nobody renews the leases of nodes that exist only in etcd.
const CONFIG: &str = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: MonitorConfig\n\
    checks: {NodeUnreachable: {after: 30d}}\nlog: {modules: {'monitor::service::watches': debug}}\n";

/// How large, and how fast.
#[derive(Args)]
pub(super) struct Arguments {
    /// Nodes in the cluster
    #[arg(long, default_value_t = NODES)]
    nodes: u32,
    /// Pods in the cluster
    #[arg(long, default_value_t = PODS)]
    pods: u32,
    /// Changes in a second
    #[arg(long, default_value_t = 1_000)]
    rate: u32,
    /// For how many seconds pods change
    #[arg(long, default_value_t = 20)]
    seconds: u32,
}

/// What was measured of the monitor.
struct Monitor {
    sync: Duration,
    synced: Usage,
    settled: Usage,
    relisted: Usage,
    latencies: Latencies,
    /// With the issues of the load open.
    loaded: Usage,
}

pub(super) fn run(arguments: &Arguments) -> Result<ExitCode> {
    let folder = tree::kept().join("bench");
    fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
    let program = build(&folder)?;
    let informer = testbed::ready()?.with_file_name("informer");
    let bed = Bed::new("bench");
    let _guard = bed.guard();
    step("cluster", &mut bed.up(0), &folder)?;
    let (nodes, pods) = (arguments.nodes.to_string(), arguments.pods.to_string());
    step("seed", &mut bed.testbed(["seed", "--nodes", &nodes, "--pods", &pods]), &folder)?;
    wait_for_cache(&bed)?;
    let look = measure_check(&bed, &program, &folder)?;
    let heal = || churn(arguments, &bed, &folder, "heal");
    let monitor = undisturbed(|| measure_monitor(arguments, &bed, &program, &folder), heal)?;
    let informer = undisturbed(|| measure_informer(arguments, &bed, &informer, &folder), heal)?;
    let binary = fs::metadata(&program).context("the program is gone")?.len();
    report(arguments, &lines(&monitor, &informer, look, binary), &monitor.latencies)
}

/// Measures, and once more if that fails: a machine that stands still for seconds makes etcd refuse changes, and what was
/// measured meanwhile is void. `heal` undoes what the load had done until then.
fn undisturbed<T>(measure: impl Fn() -> Result<T>, heal: impl Fn() -> Result<PathBuf>) -> Result<T> {
    measure().or_else(|error| {
        eprintln!("{error:#}: once more");
        heal()?;
        measure()
    })
}

fn build(folder: &Path) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--profile", tree::SHIPPED, "-p", "seaworthy"]);
    step("build", &mut build, folder)?;
    Ok(tree::target().join(tree::SHIPPED).join("seaworthy"))
}

fn step(title: &str, command: &mut Command, folder: &Path) -> Result<()> {
    let log = folder.join(format!("{title}.log"));
    eprintln!("{title}");
    let status = run_logged(title, command, &log, |_| ())?;
    if !status.success() {
        bail!("{title} failed: see {}", log.display());
    }
    Ok(())
}

/// Waits until the API server has taken in what its store holds. After a seed or a restart that takes it a while in
/// which it answers nobody: `check` would give up, and what would be measured is the server.
fn wait_for_cache(bed: &Bed) -> Result<()> {
    eprintln!("cache");
    let waiting = Stopwatch::start();
    while !is_cache_current(bed) {
        if waiting.elapsed() > PATIENCE {
            bail!("the API server does not take in what is in its store");
        }
        thread::sleep(RETRY);
    }
    Ok(())
}

/// Whether the API server's cache of pods is as new as its store: a list without a version is as new as the store, and
/// one not older than a version comes from the cache.
fn is_cache_current(bed: &Bed) -> bool {
    let pods = "/api/v1/namespaces/default/pods";
    let newest = ask(bed, &format!("{pods}?limit=1"));
    let Some(version) = newest.as_ref().and_then(|list| list["metadata"]["resourceVersion"].as_str()) else {
        return false;
    };
    ask(bed, &format!("{pods}?resourceVersion={version}&resourceVersionMatch=NotOlderThan")).is_some()
}

/// What the API server answers, if it does.
fn ask(bed: &Bed, path: &str) -> Option<Value> {
    let mut command = bed.exec(Path::new("kubectl"));
    command.args(["get", "--raw", path]).stdin(Stdio::null()).stderr(Stdio::null());
    let answer = command.output().ok().filter(|answer| answer.status.success())?;
    serde_json::from_slice(&answer.stdout).ok()
}

/// Writes the monitor's configuration, and says where it is.
fn configuration(folder: &Path) -> Result<PathBuf> {
    let path = folder.join("monitor.yaml");
    fs::write(&path, CONFIG).with_context(|| format!("cannot write {}", path.display()))?;
    Ok(path)
}

/// How long one look at the whole cluster takes, from start to answer.
fn measure_check(bed: &Bed, program: &Path, folder: &Path) -> Result<Duration> {
    eprintln!("check");
    let config = configuration(folder)?;
    let mut command = bed.exec(program);
    command.args(["check", "-A", "-o", "json", "--config"]).arg(config);
    let since = Stopwatch::start();
    let status = command.stdout(Stdio::null()).status()?;
    let took = since.elapsed();
    // Up to 2 it says how bad what it found is; anything above, that it could not look.
    if !matches!(status.code(), Some(0..=2)) {
        bail!("check ended with {status}");
    }
    Ok(took)
}

fn measure_monitor(arguments: &Arguments, bed: &Bed, program: &Path, folder: &Path) -> Result<Monitor> {
    let (config, log) = (configuration(folder)?, folder.join("monitor.log"));
    let mut command = bed.exec(program);
    command.args(["monitor", "--log-format", "json", "--config"]).arg(&config);
    let mut running = Running::start(&mut command, &log)?;
    eprintln!("monitor: sync");
    running.wait_for("everything was listed", |log| log.contains("everything is listed"))?;
    let sync = running.elapsed();
    let process = Process::running(program, &config.display().to_string())?;
    let synced = process.usage()?;
    let settled = process.settled()?;
    eprintln!("monitor: relist");
    restart_api_server(bed, folder, &mut running)?;
    let relisted = process.settled()?;
    eprintln!("monitor: changes");
    let changes = churn(arguments, bed, folder, "crash")?;
    let loaded = process.settled()?;
    let latencies = until_logged(&changes, &log)?;
    process.end()?;
    running.ended()?;
    churn(arguments, bed, folder, "heal")?;
    Ok(Monitor { sync, synced, settled, relisted, latencies, loaded })
}

/// Restarts the API server without its history, and waits until the monitor has listed everything anew.
fn restart_api_server(bed: &Bed, folder: &Path, monitor: &mut Running) -> Result<()> {
    let lists = |log: &str| log.matches("a list is complete").count();
    let before = lists(&monitor.said()?);
    // With this many objects, the server may need longer than the fault waits for it.
    let log = folder.join("restart.log");
    let mut restart = bed.testbed(["fault", "restart-apiserver", "--set", "lose-history=true"]);
    run_logged("restart", &mut restart, &log, |_| ())?;
    wait_for_cache(bed)?;
    monitor.wait_for("everything was listed anew", |log| lists(log) >= 2 * before)
}

fn measure_informer(arguments: &Arguments, bed: &Bed, informer: &Path, folder: &Path) -> Result<Value> {
    let (synced, log) = (folder.join("informer.synced"), folder.join("informer.log"));
    // From a run before, if there was one.
    let _ = fs::remove_file(&synced);
    let watch = u64::from(arguments.seconds) + MARGIN_S;
    let mut command = bed.exec(informer);
    command.arg("-synced").arg(&synced).arg(format!("-settle={SETTLE_S}s")).arg(format!("-watch={watch}s"));
    let mut running = Running::start(&mut command, &log)?;
    eprintln!("informer: sync");
    running.wait_for("everything was listed", |_| synced.exists())?;
    thread::sleep(Duration::from_secs(SETTLE_S + 1));
    eprintln!("informer: changes");
    churn(arguments, bed, folder, "crash")?;
    running.ended()?;
    let text = running.said()?;
    let line = text.lines().find(|line| line.starts_with('{')).context("the informer printed no result")?;
    Ok(serde_json::from_str(line)?)
}

/// Changes pods at the rate asked for. Gives the log of when which was changed.
fn churn(arguments: &Arguments, bed: &Bed, folder: &Path, change: &str) -> Result<PathBuf> {
    let log = folder.join(format!("{change}.jsonl"));
    let (rate, changes) = (arguments.rate.to_string(), (arguments.rate * arguments.seconds).to_string());
    let mut command =
        bed.testbed(["churn", "--rate", &rate, "--changes", &changes, "--change", change, "--log"]);
    command.arg(&log);
    step(change, &mut command, folder)?;
    Ok(log)
}

/// The figures and their targets. The first is memory's, which guards against regressions.
fn lines(monitor: &Monitor, informer: &Value, look: Duration, binary: u64) -> Vec<Line> {
    let theirs = |name: &str| informer[name].as_f64().unwrap_or(f64::NAN);
    let Monitor { sync, synced, settled, relisted, latencies, loaded } = monitor;
    let (rss, peak) = (settled.rss_bytes as f64, settled.peak_bytes as f64);
    let latency = |what, ours: Duration, name| {
        Line::beside(what, Unit::Millis, ours.as_secs_f64(), theirs(name)).at_most(1.5, "1.5")
    };
    vec![
        Line::beside("memory, settled", Unit::Bytes, rss, theirs("settledRssBytes"))
            .at_most(1.0 / 15.0, "1/15"),
        Line::alone("memory with the load's issues open", Unit::Bytes, loaded.rss_bytes as f64),
        Line::beside("peak of the cold sync", Unit::Bytes, peak, theirs("peakRssBytes")),
        Line::alone("that peak over settled memory", Unit::Times, peak / rss).at_most(1.2, "1.2"),
        Line::alone("the same with a forced relist", Unit::Times, relisted.peak_bytes as f64 / rss)
            .at_most(1.2, "1.2"),
        Line::beside("processor time to sync", Unit::Seconds, synced.cpu_s, theirs("syncCpuSeconds"))
            .at_most(1.0, "1"),
        Line::beside("time to sync", Unit::Seconds, sync.as_secs_f64(), theirs("syncSeconds")),
        latency("change → issue / callback, p50", latencies.p50, "latencyP50Seconds"),
        latency("the same, p99", latencies.p99, "latencyP99Seconds"),
        Line::alone("change → issue, p99", Unit::Millis, latencies.p99.as_secs_f64()).at_most(0.1, "100 ms"),
        Line::beside(
            "change → issue / callback, worst",
            Unit::Millis,
            latencies.worst.as_secs_f64(),
            theirs("latencyWorstSeconds"),
        ),
        Line::alone("`seaworthy check`, listing included", Unit::Seconds, look.as_secs_f64()),
        Line::alone("the program's size", Unit::Bytes, binary as f64).at_most(25e6, "25 MB"),
    ]
}

/// Prints the table, and publishes it if it is of the size that the page speaks of. Fails when memory misses its target.
fn report(arguments: &Arguments, lines: &[Line], latencies: &Latencies) -> Result<ExitCode> {
    let Arguments { nodes, pods, rate, seconds } = arguments;
    let text = format!(
        "{nodes} nodes, {pods} pods; {rate} changes a second for {seconds} s, which opened {} issues.\n\n{}",
        latencies.count,
        table("monitor, all kinds", "client-go, pods and nodes", lines)
    );
    println!("{text}");
    if (*nodes, *pods) == (NODES, PODS) {
        publish("monitor", &text)?;
        eprintln!("written to docs/benchmarks.md");
    } else {
        eprintln!("docs/benchmarks.md stays as it is: it shows {NODES} nodes and {PODS} pods");
    }
    let misses = lines.first().is_some_and(Line::is_missed);
    Ok(if misses { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

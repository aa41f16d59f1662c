//! The monitor beside a plain client-go informer: the same server, the same objects, one after the other.

use super::churn::{Latencies, until_logged};
use super::usage::{Process, Usage};
use crate::bed::Bed;
use crate::process::{cargo, run_logged};
use crate::testbed;
use crate::tree;
use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::Value;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};
use std::thread;
use std::time::Duration;

/// The goal for memory: a fifteenth of what the informer holds.
const MEMORY_RATIO_MIN: f64 = 15.0;
/// The goal for the peak, in settled memory.
const PEAK_MAX: f64 = 1.2;
/// How long listing may take on a slow machine.
const PATIENCE: Duration = Duration::from_mins(10);
/// How often the API server is asked whether it is back.
const RETRY: Duration = Duration::from_secs(1);
/// The longest time between two tries of a watch, and some for the list.
const LONGEST_RETRY: Duration = Duration::from_mins(1);
/// For how long the informer listens to the load, beyond the time that the load takes.
const MARGIN_S: u64 = 10;
/// How long after its sync the informer looks at its memory.
const SETTLE_S: u64 = 15;

/// How large, and how fast.
#[derive(Args)]
pub(super) struct Arguments {
    /// Nodes in the cluster
    #[arg(long, default_value_t = 5_000)]
    nodes: u32,
    /// Pods in the cluster
    #[arg(long, default_value_t = 150_000)]
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
    synced: Usage,
    settled: Usage,
    relisted: Usage,
    latencies: Latencies,
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
    let monitor = measure_monitor(arguments, &bed, &program, &folder)?;
    let informer = measure_informer(arguments, &bed, &informer, &folder)?;
    Ok(report(arguments, &monitor, &informer))
}

fn build(folder: &Path) -> Result<PathBuf> {
    let mut build = cargo();
    build.args(["build", "--release", "-p", "seaworthy"]);
    step("build", &mut build, folder)?;
    Ok(tree::target().join("release/seaworthy"))
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

fn measure_monitor(arguments: &Arguments, bed: &Bed, program: &Path, folder: &Path) -> Result<Monitor> {
    let (config, log) = (folder.join("monitor.yaml"), folder.join("monitor.log"));
    // Nobody renews the leases of nodes that exist only in etcd.
    let text = "apiVersion: config.seaworthy.dev/v1alpha1\nkind: MonitorConfig\n\
                checks: {NodeUnreachable: {after: 30d}}\n";
    fs::write(&config, text).with_context(|| format!("cannot write {}", config.display()))?;
    let mut command = bed.exec(program);
    command.args(["monitor", "--log-format", "json", "--config"]).arg(&config);
    let mut running = Running::start(&mut command, &log)?;
    eprintln!("monitor: sync");
    wait_for(
        || fs::read_to_string(&log).is_ok_and(|text| text.contains("everything is listed")),
        &mut running,
    )?;
    let process = Process::running(program, &config.display().to_string())?;
    let synced = process.usage()?;
    let settled = process.settled()?;
    eprintln!("monitor: relist");
    restart_api_server(bed, folder)?;
    let relisted = process.settled()?;
    eprintln!("monitor: changes");
    let changes = churn(arguments, bed, folder, "crash")?;
    process.settled()?;
    let latencies = until_logged(&changes, &log)?;
    process.end()?;
    running.ended()?;
    churn(arguments, bed, folder, "heal")?;
    Ok(Monitor { synced, settled, relisted, latencies })
}

/// Restarts the API server, so that every history is lost, and waits until the monitor has had time to list anew.
fn restart_api_server(bed: &Bed, folder: &Path) -> Result<()> {
    // With this many objects, the server may need longer than the fault waits for it.
    let log = folder.join("restart.log");
    run_logged("restart", &mut bed.testbed(["fault", "restart-apiserver"]), &log, |_| ())?;
    let is_ready = || {
        let mut ask = bed.exec(Path::new("kubectl"));
        ask.args(["get", "--raw", "/readyz"]).stdout(Stdio::null()).stderr(Stdio::null());
        ask.status().is_ok_and(|status| status.success())
    };
    let mut left = PATIENCE;
    while !is_ready() {
        thread::sleep(RETRY);
        left = left.checked_sub(RETRY).context("the API server does not come back")?;
    }
    thread::sleep(LONGEST_RETRY);
    Ok(())
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
    wait_for(|| synced.exists(), &mut running)?;
    thread::sleep(Duration::from_secs(SETTLE_S + 1));
    eprintln!("informer: changes");
    churn(arguments, bed, folder, "crash")?;
    running.ended()?;
    let text = fs::read_to_string(&log).with_context(|| format!("cannot read {}", log.display()))?;
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

/// A program in the testbed, ended when dropped.
struct Running(Child);

impl Running {
    fn start(command: &mut Command, log: &Path) -> Result<Self> {
        let file = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
        let child = command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file).spawn()?;
        Ok(Self(child))
    }

    fn ended(&mut self) -> Result<()> {
        let status = self.0.wait()?;
        if !status.success() {
            bail!("the program ended with {status}");
        }
        Ok(())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn wait_for(is_so: impl Fn() -> bool, running: &mut Running) -> Result<()> {
    let mut left = PATIENCE;
    while !is_so() {
        if let Some(status) = running.0.try_wait()? {
            bail!("the program ended with {status}");
        }
        let look = Duration::from_millis(50);
        thread::sleep(look);
        left = left.checked_sub(look).context("it took too long")?;
    }
    Ok(())
}

/// Prints the table. Fails when memory misses its goal: that is what guards against regressions.
fn report(arguments: &Arguments, monitor: &Monitor, informer: &Value) -> ExitCode {
    let figure = |name: &str| informer[name].as_f64().unwrap_or(f64::NAN);
    let megabytes = |bytes: f64| format!("{:.0} MB", bytes / 1e6);
    let seconds = |seconds: f64| format!("{seconds:.1} s");
    let millis = |seconds: f64| format!("{:.0} ms", seconds * 1e3);
    let row = |what: &str, own: f64, peer: f64, show: &dyn Fn(f64) -> String| {
        println!("| {what} | {} | {} | {:.2} |", show(own), show(peer), own / peer);
    };
    let (settled, peak) = (monitor.settled.rss_bytes as f64, monitor.settled.peak_bytes as f64);
    let after_relist = monitor.relisted.peak_bytes as f64;
    println!(
        "{} nodes, {} pods; {} changes a second for {} s\n",
        arguments.nodes, arguments.pods, arguments.rate, arguments.seconds
    );
    println!("| | monitor, all kinds | client-go, pods and nodes | ratio |\n|---|---|---|---|");
    row("Memory, settled", settled, figure("settledRssBytes"), &megabytes);
    row("Memory, peak of the cold sync", peak, figure("peakRssBytes"), &megabytes);
    row("CPU to sync", monitor.synced.cpu_s, figure("syncCpuSeconds"), &seconds);
    let latencies = &monitor.latencies;
    row(
        "Change to issue / to callback, p50",
        latencies.p50.as_secs_f64(),
        figure("latencyP50Seconds"),
        &millis,
    );
    row(
        "Change to issue / to callback, p99",
        latencies.p99.as_secs_f64(),
        figure("latencyP99Seconds"),
        &millis,
    );
    let worst = latencies.worst.as_secs_f64();
    row("Change to issue / to callback, worst", worst, figure("latencyWorstSeconds"), &millis);
    let ratio = figure("settledRssBytes") / settled;
    println!(
        "\nclient-go's settled memory is {ratio:.1} times the monitor's (goal: at least {MEMORY_RATIO_MIN})"
    );
    println!(
        "peak of the cold sync: {:.2} of settled; with a forced relist: {:.2} (goal: at most {PEAK_MAX})",
        peak / settled,
        after_relist / settled
    );
    println!("{} issues and {} changes were timed", latencies.count, figure("changes"));
    if ratio >= MEMORY_RATIO_MIN { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

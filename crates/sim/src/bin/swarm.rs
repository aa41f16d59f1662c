//! Plays many seeds, or one again: `cargo xtask swarm`.

use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use sim::run::defect::{self, Defect};
use sim::run::plan::Plan;
use sim::run::report::Failure;
use sim::run::staff::SERVICES;
use sim::swarm::{self, Catch, Hunt, Options};
use sim::trace::Keep;

/// A run makes and drops small pieces of JSON all the time: a quarter of its time is the allocator's
/// with that of the C library.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Plays simulated clusters with faults, seed by seed, and checks every promise.
#[derive(Parser)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
struct Arguments {
    /// How many seeds
    #[arg(long, default_value_t = 1000)]
    seeds: u64,
    /// For how many minutes at most
    #[arg(long)]
    minutes: Option<f64>,
    /// The first seed; one of the operating system's choice without it
    #[arg(long)]
    first: Option<u64>,
    /// Play this seed alone, and show its trace
    #[arg(long, group = "one")]
    seed: Option<u64>,
    /// Play a failing run again, from the file it was written to, and show its trace
    #[arg(long, group = "one")]
    replay: Option<PathBuf>,
    /// Show below each line of a trace what it leaves out: bodies and objects
    #[arg(long, requires = "one")]
    bodies: bool,
    /// Play all recorded runs of a folder: those of a defect have to be noticed, the others to be good
    #[arg(long, conflicts_with_all = ["seed", "replay"])]
    recorded: Option<PathBuf>,
    /// Play the seeds and write their hashes to this file, for another build to compare
    #[arg(long, conflicts_with_all = ["seed", "replay", "recorded"])]
    write_hashes: Option<PathBuf>,
    /// Switch a deliberate defect on; `list` shows them
    #[arg(long)]
    defect: Option<String>,
    /// Look for every deliberate defect, or for the one of `--defect`, in fresh seeds until it is
    /// noticed; what shows it is made small and written to the folder
    #[arg(long, conflicts_with_all = ["seed", "replay", "recorded"])]
    defects: bool,
    /// Play every so many-th seed twice and compare
    #[arg(long, default_value_t = 20)]
    twice_every: u64,
    /// Play every so many-th seed that has faults of events without them, too, and compare the ends
    #[arg(long, default_value_t = 4)]
    level_every: u64,
    /// Crash these services (`all` for all), before and after each of their requests, while
    /// something small is healed
    #[arg(long, value_delimiter = ',', conflicts_with_all = ["seed", "replay", "recorded"])]
    sweep: Vec<String>,
    /// Sweep only while this is healed: `deadlock` or `dead node`
    #[arg(long, requires = "sweep")]
    scene: Option<String>,
    /// Do not make failing runs smaller
    #[arg(long)]
    no_shrink: bool,
    /// Stop at the first seed that fails
    #[arg(long)]
    until_first: bool,
    /// How many at once; all cores without it
    #[arg(long)]
    threads: Option<usize>,
    /// Where failing runs are written
    #[arg(long, default_value = "target/failing")]
    folder: PathBuf,
    /// Show what the services log, too; as RUST_LOG
    #[arg(long)]
    log: Option<String>,
}

impl Arguments {
    /// How much of one run is shown.
    fn keep(&self) -> Keep {
        if self.bodies { Keep::Bodies } else { Keep::All }
    }

    fn time(&self) -> Option<Duration> {
        self.minutes.map(|minutes| Duration::from_secs_f64(minutes * 60.0))
    }
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    if let Some(filter) = &arguments.log {
        tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).without_time().init();
    }
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &Arguments) -> Result<ExitCode, String> {
    if arguments.defect.as_deref() == Some("list") {
        for Defect { name, noticed_by, .. } in defect::TABLE {
            println!("{name}: noticed by {noticed_by}");
        }
        return Ok(ExitCode::SUCCESS);
    }
    let named =
        |name: &str| defect::get(name).ok_or(format!("no defect is called {name:?}; try --defect list"));
    let defect = arguments.defect.as_deref().map(named).transpose()?;
    if let Some(path) = &arguments.replay {
        let failure = swarm::read(path)?;
        let recorded = failure.defect.as_deref().map(named).transpose()?;
        return replay(&failure.plan, Some(&failure), defect.or(recorded), arguments.keep());
    }
    if let Some(folder) = &arguments.recorded {
        return recorded(folder);
    }
    if !arguments.sweep.is_empty() {
        return Ok(sweep(arguments));
    }
    if let Some(seed) = arguments.seed {
        return replay(&Plan::draw(seed), None, defect, arguments.keep());
    }
    if arguments.defects {
        return hunt(arguments, defect);
    }
    let first = arguments.first.map_or_else(fresh_seed, Ok)?;
    if let Some(path) = &arguments.write_hashes {
        swarm::hashes::write(path, first..first + arguments.seeds)?;
        return Ok(ExitCode::SUCCESS);
    }
    let options = Options {
        first,
        seeds: arguments.seeds,
        time: arguments.time(),
        threads: arguments.threads.unwrap_or_else(cores),
        twice_every: arguments.twice_every,
        level_every: arguments.level_every,
        defect,
        shrink: !arguments.no_shrink,
        until_first: arguments.until_first,
        folder: arguments.folder.clone(),
    };
    eprintln!("seeds from {first}; all of them again: --first {first} --seeds {}", options.seeds);
    let outcome = swarm::run(&options);
    print!("{}", swarm::print(&outcome.coverage));
    for (seed, error) in &outcome.broken {
        eprintln!("seed {seed} could not be played: {error}");
    }
    if outcome.played < options.seeds && !options.until_first {
        let missed = options.seeds - outcome.played;
        println!(
            "SKIPPED {missed} of {} seeds: the time was over; {} were played",
            options.seeds, outcome.played
        );
    }
    if outcome.is_idle() {
        println!(
            "FAIL nothing was healed in {} seeds: what holds the healer in all of them?",
            outcome.played
        );
    }
    Ok(if outcome.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One run, with all of its trace.
fn replay(
    plan: &Plan,
    written: Option<&Failure>,
    defect: Option<&'static Defect>,
    keep: Keep,
) -> Result<ExitCode, String> {
    let report = swarm::replay(plan, written, defect, keep).map_err(|error| error.to_string())?;
    for line in &report.trace {
        println!("{line}");
    }
    println!("{}", serde_json::to_string_pretty(plan).unwrap_or_default());
    println!("{} lines, hash {}", report.lines, report.hash);
    for violation in &report.violations {
        println!(
            "VIOLATION {} at {:.3} s: {}",
            violation.oracle,
            violation.at_millis as f64 / 1000.0,
            violation.what
        );
    }
    Ok(if report.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// A crash at each request.
fn sweep(arguments: &Arguments) -> ExitCode {
    let named: Vec<&str> = arguments.sweep.iter().map(String::as_str).collect();
    let services = if named == ["all"] { SERVICES.to_vec() } else { named };
    let swept = swarm::sweep(
        &services,
        arguments.scene.as_deref(),
        arguments.threads.unwrap_or_else(cores),
        &arguments.folder,
    );
    for (scene, service, requests) in &swept.requests {
        println!("{scene}, {service}: a crash before and after each of {requests} requests");
    }
    for service in swept.spared() {
        println!("FAIL {service} sent no request in any scene that was played, and did not crash");
    }
    for error in &swept.broken {
        eprintln!("a run could not be played: {error}");
    }
    if swept.is_good() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Defects, each until it is noticed. All of them have to be.
fn hunt(arguments: &Arguments, only: Option<&'static Defect>) -> Result<ExitCode, String> {
    let hunt = Hunt {
        first: arguments.first.map_or_else(fresh_seed, Ok)?,
        time: arguments.time(),
        threads: arguments.threads.unwrap_or_else(cores),
        only,
        folder: (!arguments.no_shrink).then(|| arguments.folder.clone()),
    };
    eprintln!("seeds from {}", hunt.first);
    let caught = swarm::hunt(&hunt);
    println!("{:<28} {:<22} {:>6} {:>12}", "defect", "noticed by", "seeds", "seed");
    for Catch { defect: Defect { name, noticed_by, .. }, played, seed } in &caught {
        let seed = seed.map_or("NOT NOTICED".to_owned(), |seed| seed.to_string());
        println!("{name:<28} {noticed_by:<22} {played:>6} {seed:>12}");
    }
    let are_all = caught.iter().all(|catch| catch.seed.is_some());
    Ok(if are_all { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Recorded runs, one after the other.
fn recorded(folder: &std::path::Path) -> Result<ExitCode, String> {
    let mut failed = 0;
    for (path, verdict) in swarm::replay_recorded(folder)? {
        failed += usize::from(verdict.is_err());
        match verdict {
            Ok(said) => println!("ok   {}: {said}", path.display()),
            Err(said) => println!("FAIL {}: {said}", path.display()),
        }
    }
    Ok(if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// A first seed that nobody has played yet.
fn fresh_seed() -> Result<u64, String> {
    use rand::TryRng;
    // Shorter than it could be, so that it can be read and typed.
    let drawn = rand::rngs::SysRng.try_next_u64().map_err(|error| format!("no randomness: {error}"))?;
    Ok(drawn % 1_000_000_000)
}

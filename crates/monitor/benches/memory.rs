//! What a pod costs the monitor, beside what it costs who keeps pods whole. Fails when the ratio is worse than a bound.
//!
//! Each is measured in a process of its own, by what its resident memory grows. The pods are one that a real cluster
//! told, as JSON of 8.6 kB, with names, owners and places of their own: so the ratio says how much of what is on the
//! wire is kept, and does not depend on how fast the machine is, or how busy.
//!
//! `cargo xtask test guard` runs it. It is no substitute for `cargo xtask bench monitor`, which measures the program as
//! it is shipped beside client-go on a real server, and takes half an hour.

#[path = "memory/api_server.rs"]
mod api_server;
#[path = "memory/pod.rs"]
mod pod;

use std::collections::BTreeMap;
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::Duration;

use environment::Environment;
use k8s_openapi::api::core::v1::Pod;
use monitor::{Options, Service, Transports};

/// The allocator that is shipped: what it rounds up and keeps back counts.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many pods each keeps: so many that what a process needs anyway does not matter. Whole pods are large, and a
/// tenth of them shows as much.
const MONITOR_PODS: usize = 50_000;
const WHOLE_PODS: usize = 5_000;

/// So many times the monitor's memory must a whole pod take at least. Measured were 98.7 to 101.9 in ten runs on a
/// busy machine (626 bytes beside 62.7 kB): a quarter more for each pod fails, and no run by chance.
const RATIO_MIN: f64 = 80.0;

/// How long the monitor may take, in virtual time, which passes only where nobody has anything to do.
const PATIENCE: Duration = Duration::from_mins(10);

fn main() -> ExitCode {
    match std::env::args().nth(1).as_deref() {
        Some("monitor") => println!("{}", grown(MONITOR_PODS, || as_monitor(MONITOR_PODS))),
        Some("whole") => println!("{}", grown(WHOLE_PODS, || as_whole(WHOLE_PODS))),
        _ => return compare(),
    }
    ExitCode::SUCCESS
}

/// Measures both, and judges.
fn compare() -> ExitCode {
    let (monitor, whole) = (measured("monitor"), measured("whole"));
    let ratio = whole / monitor;
    println!("bytes of memory a pod: the monitor {monitor:.0}, whole pods {whole:.0}: 1/{ratio:.1}");
    if ratio >= RATIO_MIN {
        return ExitCode::SUCCESS;
    }
    eprintln!(
        "the monitor's memory must be 1/{RATIO_MIN} of whole pods' or less: does a record keep more than checks read, or \
         a text that it could share? See docs/benchmarks.md"
    );
    ExitCode::FAILURE
}

/// What a process of its own finds out.
fn measured(what: &str) -> f64 {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).arg(what).output().expect("it starts again");
    let said = String::from_utf8_lossy(&output.stdout);
    said.trim().parse().unwrap_or_else(|_| panic!("{what}: {output:?}"))
}

/// The bytes of memory that a pod takes while what `keep` returns is kept.
fn grown<T>(pods: usize, keep: impl FnOnce() -> T) -> f64 {
    let before = resident_bytes();
    let kept = keep();
    let after = resident_bytes();
    drop(kept);
    (after - before) / pods as f64
}

fn resident_bytes() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("this is Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().expect("a number");
    kilobytes * 1024.0
}

/// A monitor that has listed so many pods, and whatever it runs on.
fn as_monitor(pods: usize) -> impl Sized {
    let mut runtime = tokio::runtime::Builder::new_current_thread();
    let runtime = runtime.enable_time().start_paused(true).build().expect("a runtime");
    let handle = runtime.block_on(async {
        let environment = Environment::test(7);
        let client = api_server::client(pods);
        let transports = Transports { client, tls: None, endpoints: Vec::new() };
        let service = Service::new(Options::default(), environment.clone(), transports);
        let handle = service.handle();
        let (drain, drained) = environment::drain();
        environment.spawn("monitor", async move {
            // Held, so that nobody asks it to stop.
            let _drain = drain;
            drop(service.work(drained).await);
        });
        let synced = async {
            // The last pod of all keeps failing: when that is known, the others are.
            while handle.report().issues.is_empty() {
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        };
        tokio::time::timeout(PATIENCE, synced).await.expect("the list ends");
        handle
    });
    (runtime, handle)
}

/// So many pods as they came, by namespace and name: what a reflector keeps.
fn as_whole(pods: usize) -> BTreeMap<(String, String), Arc<Pod>> {
    let template = pod::Template::read();
    let decoded = (0..pods).map(|number| {
        let pod: Pod = serde_json::from_str(&template.pod(number)).expect("a pod");
        let name = |name: &Option<String>| name.clone().unwrap_or_default();
        ((name(&pod.metadata.namespace), name(&pod.metadata.name)), Arc::new(pod))
    });
    decoded.collect()
}

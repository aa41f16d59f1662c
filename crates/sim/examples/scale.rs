//! How large a simulated cluster may be, with the services in it, faults and all oracles: one virtual hour of 1,000
//! nodes, and 5,000 nodes with 150,000 pods. `cargo xtask bench sim` plays both and writes docs/benchmarks.md.

use std::time::Duration;

use sim::faults::Fault;
use sim::run::plan::{Plan, Workload};
use sim::run::play::play;
use sim::trace::Keep;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() {
    // Each in a process of its own, so that one does not count the other's memory.
    match std::env::args().nth(1).as_deref() {
        Some("hour") => run(&plan(1_000, 30_000, Duration::from_hours(1))),
        Some("large") => run(&plan(5_000, 150_000, Duration::from_mins(10))),
        _ => eprintln!("say which: hour or large"),
    }
}

/// A cluster in which now and then something breaks: for so long, of which the second half is calm.
fn plan(nodes: usize, pods: usize, time: Duration) -> Plan {
    let half = time.as_secs() / 2;
    let faults = [
        ("deadlock", "Deployment/shop/web 2", half / 10, 1),
        ("frozen nodes", "n-7", half / 5, half / 2),
        ("crash loop", "Deployment/shop/cart 20s", half / 4, half / 4),
        ("deletion", "Deployment/team-0/app-0", half / 3, 1),
        ("scaling", "Deployment/team-1/app-20", half / 3, half / 4),
        ("power", "n-11", half / 2, half / 3),
        ("service crash", "healer-0 after 1", half / 2, 1),
    ];
    let fault = |(name, subject, at_s, lasts_s): (&str, &str, u64, u64)| Fault {
        name: name.to_owned(),
        subject: subject.to_owned(),
        at_s,
        lasts_s,
    };
    let workload = |name: &str| Workload {
        kind: "Deployment".to_owned(),
        namespace: "shop".to_owned(),
        name: name.to_owned(),
        replicas: 20,
        budget: Some(2),
    };
    Plan {
        seed: 1,
        nodes,
        zones: 3,
        workloads: vec![workload("web"), workload("cart")],
        crowd: pods,
        faults: faults.map(fault).to_vec(),
        storm_s: half,
        calm_s: half,
        ends_at_rest: false,
    }
}

/// Plays it, and says in one line of JSON what it took.
#[expect(clippy::print_stdout, reason = "an example tells on standard output")]
fn run(plan: &Plan) {
    let report = play(plan, Keep::Nothing, None).expect("it can be played");
    for violation in &report.violations {
        eprintln!("{}: {}", violation.oracle, violation.what);
    }
    let told = serde_json::json!({
        "nodes": plan.nodes,
        "pods": plan.crowd,
        "seconds": plan.storm_s + plan.calm_s,
        "cpuSeconds": cpu_seconds(),
        "peakBytes": peak_bytes(),
        "lines": report.lines,
        "effects": report.coverage.effects.values().sum::<u64>(),
        "messages": report.coverage.messages,
        "violations": report.violations.len(),
    });
    println!("{told}");
}

/// What the process has used, in clock ticks of 10 ms, as on every Linux that this is measured on.
fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
    (ticks(11) + ticks(12)) as f64 / 100.0
}

/// The most memory that was resident.
fn peak_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let kib = line.and_then(|line| line.trim().split_once(' ')).and_then(|(kib, _)| kib.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

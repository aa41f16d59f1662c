//! How large a simulated cluster may be: memory and time of 5,000 nodes with 150,000 pods, and of one
//! virtual hour of 1,000 nodes. `cargo run --release -p sim --example scale`; docs/simulator-cluster.md
//! has the figures.

use std::fmt;
use std::time::Duration;

use environment::Environment;
use sim::blueprint;
use sim::machinery::{Machinery, Settings};
use sim::registry::Registry;

fn main() {
    // Each in a process of its own, so that one does not count the other's memory.
    match std::env::args().nth(1).as_deref() {
        Some("hour") => run("1,000 nodes, 30,000 pods, one hour", 1_000, 30_000, Duration::from_hours(1)),
        Some("large") => {
            run("5,000 nodes, 150,000 pods, five minutes", 5_000, 150_000, Duration::from_mins(5));
        }
        _ => eprintln!("say which: hour or large"),
    }
}

#[expect(clippy::print_stdout, reason = "an example tells on standard output")]
fn run(name: &str, nodes: usize, pods: usize, time: Duration) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let runtime = runtime.expect("a runtime without I/O");
    runtime.block_on(async {
        let environment = Environment::test(1);
        let registry = Registry::new(&environment);
        let before = Usage::now();
        blueprint::fill(&registry, nodes, pods).expect("an empty cluster takes everything");
        let filled = Usage::now();
        let _machinery = Machinery::start(&registry, &environment, Settings::default());
        let begun = Usage::now();
        let revision = registry.storage().revision();
        tokio::time::sleep(time).await;
        let ended = Usage::now();
        let changes = registry.storage().revision() - revision;
        println!("{name}\n  filled:  {}\n  begun:   {}", filled.since(before), begun.since(filled));
        println!("  played:  {}, {changes} changes", ended.since(begun));
    });
}

/// What the process has used so far.
#[derive(Clone, Copy)]
struct Usage {
    cpu_s: f64,
    resident_mib: u64,
}

impl Usage {
    fn now() -> Self {
        // Jiffies of 10 ms and pages of 4 KiB, as on every Linux that this is measured on.
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let number = |at: usize| fields.get(at).and_then(|text| text.parse::<u64>().ok()).unwrap_or(0);
        Self { cpu_s: (number(11) + number(12)) as f64 / 100.0, resident_mib: number(21) * 4 / 1024 }
    }

    fn since(self, before: Self) -> Spent {
        Spent { cpu_s: self.cpu_s - before.cpu_s, resident_mib: self.resident_mib }
    }
}

/// What a step took.
struct Spent {
    cpu_s: f64,
    resident_mib: u64,
}

impl fmt::Display for Spent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.1} CPU-s, {} MiB resident", self.cpu_s, self.resident_mib)
    }
}

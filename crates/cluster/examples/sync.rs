//! What it costs to list every pod and node of the cluster that KUBECONFIG means, and to keep
//! nothing of them: the floor under the monitor's own figures.
//!
//! ```text
//! cargo xtask testbed seed --nodes 5000 --pods 150000
//! cargo xtask testbed exec -- target/dist/examples/sync [paged]
//! ```

use std::pin::pin;
use std::sync::Arc;

use cluster::connect::{Options, connect};
use cluster::views::{Node, Pod, View};
use cluster::watch::{Counters, Event, Spec, watch};
use environment::Environment;
use futures::StreamExt;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let streaming = std::env::args().nth(1).is_none_or(|word| word != "paged");
    let client = connect(&Options::default()).await?.client;
    let environment = Environment::real(1);
    println!(
        "{:<8}{:>10}{:>12}{:>10}{:>10}{:>12}{:>12}",
        "kind", "objects", "bytes", "wall s", "cpu s", "bytes/view", "peak MiB"
    );
    sync::<Node>(&client, &environment, streaming).await?;
    sync::<Pod>(&client, &environment, streaming).await?;
    Ok(())
}

async fn sync<V: View>(
    client: &kube::Client,
    environment: &Environment,
    streaming: bool,
) -> Result<(), Box<dyn std::error::Error>> {
    let counters = Arc::new(Counters::default());
    let spec = Spec { streaming, counters: Arc::clone(&counters), ..Spec::default() };
    let (begin, cpu) = (environment.monotonic(), cpu_seconds()?);
    let mut events = pin!(watch::<V>(client.clone(), environment.clone(), spec));
    loop {
        match events.next().await {
            Some(Event::ListDone) => break,
            Some(Event::Failed { error, .. }) => eprintln!("{error}"),
            _ => {}
        }
    }
    let counted = counters.snapshot();
    println!(
        "{:<8}{:>10}{:>12}{:>10.2}{:>10.2}{:>12}{:>12}",
        V::kind(),
        counted.events,
        counted.bytes,
        environment.monotonic().saturating_sub(begin).as_secs_f64(),
        cpu_seconds()? - cpu,
        size_of::<V>(),
        peak_mib()?,
    );
    Ok(())
}

/// CPU time of this process, in seconds, user and system.
fn cpu_seconds() -> Result<f64, Box<dyn std::error::Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    // Fields 14 and 15 of proc(5), in ticks of 10 ms; the split begins at field 3.
    Ok((fields[11].parse::<f64>()? + fields[12].parse::<f64>()?) / 100.0)
}

/// The most memory that this process ever had, in MiB.
fn peak_mib() -> Result<u64, Box<dyn std::error::Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
    Ok(line.split_whitespace().next().unwrap_or("0").parse::<u64>()? / 1024)
}

//! amtool, the real one, on a running demo. `SEAWORTHY_PEERS` names the folder with the program;
//! `cargo xtask testbed peers` builds it.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Duration;

use demo::chapters;
use demo::door::{Door, Options};
use demo::pace::Pace;
use demo::world::World;
use environment::Environment;

/// How often to look, and how often at most: minutes, for a machine that has much to do.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: usize = 1200;

/// Where amtool is, or why it is not run.
fn programs(test: &str) -> Option<PathBuf> {
    let folder = std::env::var_os("SEAWORTHY_PEERS").map(PathBuf::from);
    let found = folder.filter(|folder| folder.join("amtool").exists());
    if found.is_none() {
        let why = "SEAWORTHY_PEERS does not name a folder with amtool; `cargo xtask test peers` does";
        let _ = writeln!(std::io::stderr(), "SKIPPED {test}: {why}");
    }
    found
}

/// What a line says in a shell that has read what the demo has for shells.
fn shell(door: &Door, programs: &Path, line: &str) -> String {
    let ran = run(door, programs, line);
    assert!(ran.status.success(), "{line}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8_lossy(&ran.stdout).into_owned()
}

fn run(door: &Door, programs: &Path, line: &str) -> Output {
    let env = door.visit().env;
    // An alias counts from the next line on.
    let script = format!(". {}\n{line}", env.display());
    Command::new("/bin/sh")
        .args(["-c", &script])
        .env_clear()
        .env("PATH", programs)
        .env("HOME", "/nowhere")
        .output()
        .expect("there is a shell")
}

fn eventually(holds: impl Fn() -> bool) {
    for _ in 0..LOOKS_MAX {
        if holds() {
            return;
        }
        std::thread::sleep(LOOK);
    }
    panic!("it does not come to hold");
}

#[test]
fn amtool_reads_and_silences() {
    let Some(programs) = programs("amtool_reads_and_silences") else { return };
    let start = Environment::real(1).now();
    let pace = Pace::start(20.0, async move || World::make(1, start).await).expect("a world");
    let door = Door::open(&Options::default(), &pace).expect("doors");
    let says = |line: &str| shell(&door, &programs, line);
    assert!(!says("amtool alert query").contains("WorkloadRolloutStuck"));
    // Nobody mends it after a while, as in the story.
    let rollout = chapters::get("rollout").expect("there is such a chapter");
    pace.errand(|world| (rollout.begin)(&world.stage));
    let is_there = || says("amtool alert query").contains("WorkloadRolloutStuck");
    eventually(is_there);
    // It stays as it is now.
    pace.set_speed(0.0);
    let cart = "lineage=Deployment/shop/cart";
    assert!(says(&format!("amtool alert query {cart}")).contains("WorkloadRolloutStuck"));
    // The demo's clock runs ahead of ours.
    let silence = says(&format!("amtool silence add {cart} --author=ada --comment=known --duration=7d"));
    assert!(says("amtool silence query").contains(&silence[..8]));
    assert!(!says(&format!("amtool alert query {cart}")).contains("WorkloadRolloutStuck"));
    assert!(says(&format!("amtool alert query --silenced {cart}")).contains("WorkloadRolloutStuck"));
    says(&format!("amtool silence expire {}", silence.trim()));
    assert!(says(&format!("amtool alert query {cart}")).contains("WorkloadRolloutStuck"));
    assert!(says("amtool config show").contains("pager"));
    pace.ask(|world| world.stage.staff().pause("alerter")).expect("it goes on");
    let refused = run(&door, &programs, "amtool alert query");
    let error = String::from_utf8_lossy(&refused.stderr);
    assert!(!refused.status.success() && error.contains("stands still"), "{error}");
}

//! The commands on a running demo, from outside: what its `env` says makes them work on it.

use std::process::Command;
use std::time::Duration;

use demo::chapters;
use demo::door::{Door, Inside, Options};
use demo::pace::Pace;
use demo::world::World;
use serde_json::Value;

use crate::seaworthy::{Ended, end};

/// As people see it.
const SPEED: f64 = 20.0;
/// A pod of web's hangs: the healer evicts it.
const HANG: &str = "hang";
/// A rollout of cart's is stuck: a person is told.
const ROLLOUT: &str = "rollout";
/// How often to look, and how often at most: minutes, for a machine that has much to do.
const LOOK: Duration = Duration::from_millis(100);
const LOOKS_MAX: usize = 1200;

/// The demo's world, in which nothing happens by itself, and its doors.
struct Demo {
    door: Door,
    pace: Pace<World>,
}

impl Demo {
    fn start() -> Self {
        // The demo's clock runs ahead of a person's: here by a day, from the beginning.
        let start = environment::Environment::real(1).now() + jiff::SignedDuration::from_hours(24);
        let pace = Pace::start(SPEED, async move || World::make(1, start).await).expect("a world");
        let door = Door::open(&Options::default(), &pace).expect("doors");
        Self { door, pace }
    }

    /// Begins what befalls in a chapter. Nobody mends it after a while.
    fn begin(&self, chapter: &'static str) {
        let chapter = chapters::get(chapter).expect("there is such a chapter");
        self.pace.errand(|world| (chapter.begin)(&world.stage));
    }

    /// Runs one of our commands in a shell that has read `env`.
    fn run(&self, arguments: &[&str]) -> Ended {
        let mut shell = Command::new("/bin/sh");
        shell
            .args(["-c", ". \"$0\" && exec \"$@\""])
            .arg(self.door.visit().env)
            .arg(env!("CARGO_BIN_EXE_seaworthy"))
            .args(arguments)
            .env_clear()
            .env("HOME", env!("CARGO_TARGET_TMPDIR"));
        end(&mut shell)
    }

    /// What a command says that ends with this code.
    fn says(&self, code: i32, arguments: &[&str]) -> String {
        let ended = self.run(arguments);
        assert_eq!((ended.code, ended.err.as_str()), (code, ""), "{arguments:?}: {}", ended.out);
        ended.out
    }

    fn json(&self, arguments: &[&str]) -> Value {
        let ended = self.run(arguments);
        serde_json::from_str(&ended.out).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {ended:?}"))
    }

    /// The issue of a lineage, as `issues -o json` has it.
    fn issue(&self, lineage: &str, check: &str) -> Option<Value> {
        let found = self.json(&["issues", "-o", "json"]);
        let issues = found["issues"].as_array().cloned().unwrap_or_default();
        issues.into_iter().find(|issue| issue["lineage"] == lineage && issue["code"] == check)
    }

    /// What the healer made of a lineage's trouble.
    fn remediation(&self, lineage: &str) -> Option<Value> {
        let all = self.json(&["remediations", "--all", "-o", "json"]);
        let items = all.as_array().or_else(|| all["items"].as_array()).cloned().unwrap_or_default();
        items.into_iter().find(|item| item["spec"]["lineage"] == lineage)
    }
}

fn eventually<T>(what: &str, mut look: impl FnMut() -> Option<T>) -> T {
    for _ in 0..LOOKS_MAX {
        if let Some(found) = look() {
            return found;
        }
        std::thread::sleep(LOOK);
    }
    panic!("it does not come to pass: {what}");
}

#[test]
fn a_person_looks_takes_on_and_is_taken_at_their_word() {
    const CART: &str = "Deployment/shop/cart";
    const STUCK: &str = "WorkloadRolloutStuck";
    let demo = Demo::start();
    assert!(demo.says(0, &["issues"]).contains("nothing is wrong"));
    demo.begin(ROLLOUT);
    eventually("somebody is paged about cart", || {
        let is_told = |world: &World| {
            world
                .story()
                .letters()
                .all()
                .iter()
                .any(|letter| letter.is_firing && letter.subject.contains(STUCK))
        };
        demo.pace.ask(is_told).filter(|is_told| *is_told)
    });
    // It stays as it is now.
    demo.pace.set_speed(0.0);

    let issue = demo.issue(CART, STUCK).expect("the monitor knows it");
    assert_eq!(issue["state"], "firing");
    let table = demo.run(&["issues"]);
    assert!(table.out.contains(STUCK) && table.out.contains(CART), "{table:?}");
    assert!(table.code == 1 || table.code == 2, "{table:?}");
    let looked = demo.json(&["check", "-o", "json"]);
    assert!(looked.to_string().contains(STUCK), "a look from outside finds it, too: {looked}");
    let table = demo.says(0, &["remediations", "--all"]);
    assert!(table.contains(CART) && table.contains("Observed"), "{table}");
    let told = demo.says(0, &["explain", "deploy/cart", "-n", "shop"]);
    assert!(told.contains(STUCK) && told.contains("observe-rollouts"), "{told}");

    let taken =
        demo.says(0, &["ack", "deploy/cart", "-n", "shop", "--check", STUCK, "--by", "ada", "--for", "1h"]);
    assert_eq!(taken.trim(), format!("{STUCK} {CART} acknowledged by ada"));
    assert_eq!(demo.issue(CART, STUCK).expect("it is there still")["state"], "acknowledged");
}

#[test]
fn a_person_stops_the_healer_and_lets_it_go_on() {
    const WEB: &str = "Deployment/shop/web";
    let demo = Demo::start();
    demo.says(0, &["pause", "--reason", "the auditors are here", "--for", "1h"]);
    demo.begin(HANG);
    eventually("the Brake holds it", || {
        let told = demo.run(&["explain", "deploy/web", "-n", "shop"]).out;
        told.contains("The rule Veto says not now: paused: the auditors are here").then_some(())
    });
    let held = demo.remediation(WEB).expect("it was taken up");
    // What is known is kept before, which changes nothing.
    let attempts = held["status"]["attempts"].as_array().cloned().unwrap_or_default();
    assert!(attempts.iter().all(|attempt| attempt["action"] == "CollectEvidence"), "{held}");
    demo.says(0, &["resume"]);
    eventually("it is healed", || demo.remediation(WEB).filter(|own| own["status"]["phase"] == "Succeeded"));
}

#[test]
fn a_service_that_answers_nobody_is_told_of_at_once() {
    let demo = Demo::start();
    let refused = |arguments: &[&str], says: &str| {
        let ended = demo.run(arguments);
        assert!(ended.code == 3 && ended.err.contains(says), "{arguments:?}: {ended:?}");
    };
    demo.pace.ask(|world| world.stage.staff().pause("monitor")).expect("it goes on");
    refused(&["issues"], "the simulated monitor stands still");
    demo.pace.errand(|world| {
        let stage = world.stage.clone();
        world.environment().spawn("crash", async move { stage.staff().crash("alerter").await });
    });
    eventually("the alerter is down", || {
        let ended = demo.run(&["ack", "deploy/web", "-n", "shop", "--by", "ada"]);
        ended.err.contains("the simulated alerter is down").then_some(())
    });
    demo.pace.errand(|_| panic!("on purpose"));
    eventually("the world ends", || demo.pace.has_ended().then_some(()));
    refused(&["issues"], "the simulated cluster has ended");
}

#[test]
fn who_has_another_certificate_is_refused() {
    let (demo, other) = (Demo::start(), Demo::start());
    let folder = other.door.visit().env;
    let folder = folder.parent().expect("it lies in a folder").to_str().expect("a plain name");
    let ended = demo.run(&["issues", "--identity", folder]);
    assert!(ended.code == 3 && ended.err.contains("no tls with https://127.0.0.1"), "{ended:?}");
}

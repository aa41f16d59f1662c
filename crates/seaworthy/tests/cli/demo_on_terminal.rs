//! The demo on a terminal, which is left as it was found however the demo ends.

use std::process::Command;
use std::sync::atomic::AtomicBool;

use demo::pace::Pace;
use demo::screen;
use demo::visit::Visit;
use demo::world::World;
use environment::ManualClock;
use rustix::process::Signal;

use crate::demo_signals::{empty_folder, is_empty};
use crate::seaworthy::command;
use crate::terminal::{LOOK, OTHER_SCREEN, OnTerminal, SCREEN_BEFORE};

/// By this the test's own program knows that it is the demo that panics.
const PART: &str = "DEMO_PANICS";
/// How a process ends that has panicked.
const PANICKED: i32 = 101;
/// What is on every picture of the demo.
const PICTURE: &str = "What happened";

fn demo(arguments: &[&str]) -> Command {
    let mut demo = command(&[&["demo"], arguments].concat());
    demo.envs([("TERM", "xterm"), ("LANG", "C.UTF-8")]);
    demo
}

#[test]
fn a_key_an_interrupt_or_a_signal_ends_it_and_the_terminal_is_as_before() {
    let ends: [fn(&mut OnTerminal); 6] = [
        |shown| shown.press(b"q"),
        |shown| shown.press(b"\x03"),
        |shown| shown.press(b"?\x03"),
        |shown| shown.signal(Signal::INT),
        |shown| shown.signal(Signal::TERM),
        |shown| shown.signal(Signal::HUP),
    ];
    for end in ends {
        let mut shown = OnTerminal::start(&mut demo(&[]), 80, 24);
        shown.wait_for(PICTURE);
        shown.wait_for("KUBECONFIG=");
        end(&mut shown);
        let (status, written) = shown.gives_the_screen_back();
        assert!(status.success(), "{status}: {written}");
    }
}

/// A connection is lost, and no signal comes, as under `nohup`.
#[test]
fn a_terminal_that_goes_away_ends_it_and_leaves_nothing_behind() {
    let folder = empty_folder("terminal-gone");
    let shown = OnTerminal::start(demo(&[]).env("TMPDIR", &folder), 80, 24);
    shown.wait_for(PICTURE);
    assert!(!is_empty(&folder), "the kubeconfig is there");
    let status = shown.goes_away();
    assert!(status.code().is_some_and(|code| code != PANICKED), "{status}");
    assert!(is_empty(&folder), "{status}");
}

/// Before it has begun to listen to signals, one ends it as it ends every process; later it ends in order. (Where the
/// tests run in the background of a shell, an interrupt is ignored until then.)
#[test]
fn a_signal_at_the_very_beginning_leaves_the_terminal_as_before() {
    let shown = OnTerminal::start(&mut demo(&[]), 80, 24);
    shown.signal(Signal::TERM);
    let (_, written) = shown.ends();
    assert!(!written.contains("panicked"), "{written}");
    assert_eq!(written.contains(OTHER_SCREEN), written.contains(SCREEN_BEFORE), "{written}");
}

#[test]
fn a_terminal_that_places_no_cursor_gets_plain_lines() {
    for (arguments, kind) in [(&["--speed", "100"][..], "dumb"), (&["--speed", "100", "--plain"], "xterm")] {
        let shown = OnTerminal::start(demo(arguments).env("TERM", kind), 80, 24);
        shown.wait_for("healed");
        shown.signal(Signal::INT);
        let (status, written) = shown.ends();
        assert!(status.success(), "{status}: {written}");
        assert!(!written.contains('\u{1b}'), "{written}");
        assert!(
            written.trim_end().lines().last().is_some_and(|last| last.starts_with("Found: ")),
            "{written}"
        );
    }
}

#[test]
fn a_small_terminal_is_told_what_it_takes_and_may_grow() {
    let mut shown = OnTerminal::start(demo(&[]).env("NO_COLOR", "1"), 40, 10);
    shown.wait_for("80x24");
    shown.resize(80, 24);
    shown.wait_for(PICTURE);
    // One on which nothing can be said, either.
    shown.resize(1, 1);
    // A key that comes in the same moment as a size is lost by the terminal library.
    shown.wait_for("\u{1b}[1;1HI");
    shown.press(b"q");
    let (status, written) = shown.gives_the_screen_back();
    assert!(status.success(), "{status}: {written}");
}

/// The demo's own process: begun by the next test, and nothing to do otherwise.
#[test]
fn the_process_that_panics() {
    if std::env::var_os(PART).is_some() {
        panic_while_shown();
    }
}

/// Panics in the world's thread once a key has set another speed: the first picture is there by then.
fn panic_while_shown() {
    let pace = Pace::start(1.0, async || World::make(1, ManualClock::EPOCH).await).expect("it can be made");
    let world = pace.clone();
    std::thread::spawn(move || {
        while world.speed() < 2.0 {
            std::thread::sleep(LOOK);
        }
        world.errand(|_| panic!("on purpose"));
    });
    let visit = Visit { env: "env".into(), kubeconfig: "kubeconfig".into() };
    screen::run(&pace, &visit, &AtomicBool::new(false)).expect("the terminal is restored");
    assert!(pace.has_ended());
}

/// Nothing that the binary is asked makes it panic, so it is the same screen in a process of the test's own.
#[test]
fn a_panic_is_said_on_the_screen_from_before() {
    let mut program = Command::new(std::env::current_exe().expect("this test"));
    program.args(["--exact", "demo_on_terminal::the_process_that_panics", "--nocapture"]);
    program.env_clear().envs([(PART, "1"), ("TERM", "xterm"), ("LANG", "C.UTF-8")]);
    let mut shown = OnTerminal::start(&mut program, 80, 24);
    shown.wait_for(PICTURE);
    shown.press(b"+");
    let (status, written) = shown.gives_the_screen_back();
    assert!(status.success(), "{status}");
    let (_, after) = written.split_once(SCREEN_BEFORE).expect("the screen from before is back");
    assert!(after.contains("on purpose"), "{after}");
}

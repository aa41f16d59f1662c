//! The terminal is left as it was found, however the demo ends. The demo runs in a process of its own, on
//! a terminal that the test holds the other end of.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use demo::pace::Pace;
use demo::show::{self, Options};
use demo::visit::Visit;
use demo::world::World;
use demo::{door, screen};
use environment::ManualClock;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// By this the process knows that it is the demo, and which.
const PART: &str = "DEMO_PART";
/// How often to look, and how often at most: two minutes, for a machine that has much to do.
const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: usize = 2400;

/// The demo's own process: begun by the others, and nothing to do otherwise.
#[test]
fn the_other_process() {
    match std::env::var(PART).as_deref() {
        Ok("show") => show::show(&options()).expect("it can be shown"),
        Ok("panic") => panic_while_shown(),
        _ => {}
    }
}

fn options() -> Options {
    Options { seed: 1, speed: 20.0, is_plain: false, door: door::Options::default() }
}

fn panic_while_shown() {
    let pace = Pace::start(1.0, async || World::make(1, ManualClock::EPOCH).await).expect("it can be made");
    let world = pace.clone();
    std::thread::spawn(move || {
        std::thread::sleep(LOOK * 20);
        world.errand(|_| panic!("on purpose"));
    });
    let visit = Visit { env: "env".into(), kubeconfig: "kubeconfig".into() };
    screen::run(&pace, &visit, &AtomicBool::new(false)).expect("the terminal is restored");
    assert!(pace.has_ended());
}

/// The demo at work on a terminal.
struct Shown {
    terminal: File,
    before: Termios,
    /// Keeps the terminal there when the process is gone.
    line: OwnedFd,
    child: Child,
    written: Arc<Mutex<String>>,
}

impl Shown {
    fn start(part: &str, (columns, rows): (u16, u16), environment: &[(&str, &str)]) -> Self {
        let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal of ours");
        let name = ptsname(&terminal, Vec::new()).expect("it has a name");
        let line: OwnedFd =
            File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap().into();
        let size = Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
        tcsetwinsize(&line, size).expect("a size");
        let before = tcgetattr(&line).expect("its settings");
        let same = || line.try_clone().expect("the same terminal");
        let child = Command::new(std::env::current_exe().expect("this test"))
            .args(["--exact", "the_other_process", "--nocapture"])
            .env_clear()
            .envs([(PART, part), ("TERM", "xterm"), ("LANG", "C.UTF-8")])
            .envs(environment.iter().copied())
            .stdin(same())
            .stdout(same())
            .stderr(same())
            .spawn()
            .expect("it starts");
        let terminal = File::from(terminal);
        let written = Arc::new(Mutex::new(String::new()));
        read(terminal.try_clone().expect("the same terminal"), Arc::clone(&written));
        Self { terminal, before, line, child, written }
    }

    fn written(&self) -> String {
        self.written.lock().unwrap().clone()
    }

    fn wait_for(&self, text: &str) {
        for _ in 0..LOOKS_MAX {
            if self.written().contains(text) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("{text:?} is not shown:\n{}", self.written());
    }

    fn press(&mut self, keys: &[u8]) {
        self.terminal.write_all(keys).expect("it takes keys");
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Waits until it has ended, and that the terminal is as it was.
    fn ends(mut self) -> (ExitStatus, String) {
        let mut status = None;
        for _ in 0..LOOKS_MAX {
            status = self.child.try_wait().expect("it is our child");
            if status.is_some() {
                break;
            }
            std::thread::sleep(LOOK);
        }
        let Some(status) = status else {
            self.child.kill().expect("it is our child");
            panic!("it does not end:\n{}", self.written());
        };
        let after = tcgetattr(self.line.as_fd()).expect("its settings");
        assert_eq!(after.local_modes, self.before.local_modes, "lines, echo and signals are back");
        self.wait_for("\u{1b}[?1049l");
        let written = self.written();
        let last = |code: &str| written.rfind(code);
        assert!(last("\u{1b}[?1049l") > last("\u{1b}[?1049h"), "the screen from before is back");
        assert!(last("\u{1b}[?25h") > last("\u{1b}[?25l"), "the cursor is back");
        (status, written)
    }
}

fn read(mut terminal: File, written: Arc<Mutex<String>>) {
    std::thread::spawn(move || {
        let mut bytes = [0; 4096];
        // It ends with an error when nobody has the other end any more.
        while let Ok(count @ 1..) = terminal.read(&mut bytes) {
            written.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    });
}

#[test]
fn a_key_an_interrupt_or_a_signal_ends_it_and_the_terminal_is_as_before() {
    let ends: [fn(&mut Shown); 5] = [
        |shown| shown.press(b"q"),
        |shown| shown.press(b"\x03"),
        |shown| shown.press(b"?\x03"),
        |shown| shown.signal(Signal::TERM),
        |shown| shown.signal(Signal::HUP),
    ];
    for end in ends {
        let mut shown = Shown::start("show", (80, 24), &[]);
        shown.wait_for("KUBECONFIG=");
        end(&mut shown);
        let (status, written) = shown.ends();
        assert!(status.success(), "{status}: {written}");
    }
}

#[test]
fn a_panic_is_said_on_the_screen_from_before() {
    let shown = Shown::start("panic", (80, 24), &[]);
    let (status, written) = shown.ends();
    assert!(status.success(), "{status}");
    let (_, after) = written.split_once("\u{1b}[?1049l").expect("the screen from before is back");
    assert!(after.contains("on purpose"), "{after}");
}

#[test]
fn a_small_terminal_is_told_what_it_takes_and_may_grow() {
    let mut shown = Shown::start("show", (40, 10), &[("NO_COLOR", "1")]);
    shown.wait_for("80x24");
    let size = Winsize { ws_row: 24, ws_col: 80, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&shown.line, size).expect("a size");
    // It is not the process's controlling terminal: the kernel tells nobody.
    shown.signal(Signal::WINCH);
    shown.wait_for("What happened");
    shown.press(b"q");
    let (status, _) = shown.ends();
    assert!(status.success());
}

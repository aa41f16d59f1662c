//! A process on a terminal that the test holds the other end of.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::process::{Child, Command, ExitStatus};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Termios, Winsize, tcgetattr, tcsetwinsize};

/// How often to look, and how often at most: two minutes, for a machine that has much to do.
pub(crate) const LOOK: Duration = Duration::from_millis(50);
const LOOKS_MAX: usize = 2400;

/// What a program writes to have another screen, and to have the one from before.
pub(crate) const OTHER_SCREEN: &str = "\u{1b}[?1049h";
pub(crate) const SCREEN_BEFORE: &str = "\u{1b}[?1049l";
const NO_CURSOR: &str = "\u{1b}[?25l";
const CURSOR: &str = "\u{1b}[?25h";

/// A process at work on a terminal.
pub(crate) struct OnTerminal {
    terminal: File,
    before: Termios,
    /// Keeps the terminal there when the process is gone.
    line: OwnedFd,
    child: Child,
    written: Arc<Mutex<String>>,
    /// Whether nobody holds the other end any more.
    is_gone: Arc<AtomicBool>,
}

impl OnTerminal {
    /// Starts it on a terminal of this size, and with nothing in its environment but what was set.
    pub(crate) fn start(command: &mut Command, columns: u16, rows: u16) -> Self {
        let terminal =
            openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal");
        grantpt(&terminal).and_then(|()| unlockpt(&terminal)).expect("a terminal of ours");
        let name = ptsname(&terminal, Vec::new()).expect("it has a name");
        let line: OwnedFd =
            File::options().read(true).write(true).open(name.to_str().unwrap()).unwrap().into();
        tcsetwinsize(&line, size(columns, rows)).expect("a size");
        let before = tcgetattr(&line).expect("its settings");
        let same = || line.try_clone().expect("the same terminal");
        let child = command.stdin(same()).stdout(same()).stderr(same()).spawn().expect("it starts");
        // The command has the terminal's ends, too, until it is told to use others.
        command.stdin(std::process::Stdio::null()).stdout(std::process::Stdio::null());
        command.stderr(std::process::Stdio::null());
        let terminal = File::from(terminal);
        let (written, is_gone) = (Arc::default(), Arc::default());
        read(terminal.try_clone().expect("the same terminal"), Arc::clone(&written), Arc::clone(&is_gone));
        Self { terminal, before, line, child, written, is_gone }
    }

    /// What it has written so far.
    pub(crate) fn written(&self) -> String {
        self.written.lock().unwrap().clone()
    }

    /// Waits until it has written this.
    pub(crate) fn wait_for(&self, text: &str) {
        for _ in 0..LOOKS_MAX {
            if self.written().contains(text) {
                return;
            }
            std::thread::sleep(LOOK);
        }
        panic!("{text:?} is not shown:\n{}", self.written());
    }

    pub(crate) fn press(&mut self, keys: &[u8]) {
        self.terminal.write_all(keys).expect("it takes keys");
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).expect("it runs");
    }

    /// Gives the terminal another size, and tells the process.
    pub(crate) fn resize(&self, columns: u16, rows: u16) {
        tcsetwinsize(&self.line, size(columns, rows)).expect("a size");
        // It is not the process's controlling terminal: the kernel tells nobody.
        self.signal(Signal::WINCH);
    }

    /// The terminal goes away, as when a connection is lost. Waits until the process has ended.
    pub(crate) fn goes_away(self) -> ExitStatus {
        let Self { terminal, line, mut child, written, is_gone, .. } = self;
        is_gone.store(true, Ordering::Relaxed);
        drop((terminal, line));
        wait(&mut child, &written)
    }

    /// Waits until it has ended, and sees that lines, echo and signals are back. How it ended, and all that it wrote.
    pub(crate) fn ends(mut self) -> (ExitStatus, String) {
        let status = wait(&mut self.child, &self.written);
        let after = tcgetattr(self.line.as_fd()).expect("its settings");
        assert_eq!(after.local_modes, self.before.local_modes, "lines, echo and signals are back");
        assert_eq!(after.input_modes, self.before.input_modes);
        (status, self.all_written())
    }

    /// The same, of one that had the whole screen: that the screen from before and the cursor are back, too.
    pub(crate) fn gives_the_screen_back(self) -> (ExitStatus, String) {
        let (status, written) = self.ends();
        let last = |code: &str| written.rfind(code);
        assert!(last(OTHER_SCREEN).is_some(), "it had a screen of its own: {written:?}");
        assert!(last(SCREEN_BEFORE) > last(OTHER_SCREEN), "the screen from before is back");
        assert!(last(CURSOR) > last(NO_CURSOR), "the cursor is back");
        (status, written)
    }

    /// What it wrote comes a moment later than its end: it is waited for a mark that is written after it.
    fn all_written(&self) -> String {
        const MARK: &str = "<the end>";
        let mut line = File::from(self.line.try_clone().expect("the same terminal"));
        line.write_all(MARK.as_bytes()).expect("the terminal takes it");
        self.wait_for(MARK);
        self.written().split(MARK).next().unwrap_or_default().to_owned()
    }
}

fn size(columns: u16, rows: u16) -> Winsize {
    Winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 }
}

fn wait(child: &mut Child, written: &Mutex<String>) -> ExitStatus {
    for _ in 0..LOOKS_MAX {
        if let Some(status) = child.try_wait().expect("it is our child") {
            return status;
        }
        std::thread::sleep(LOOK);
    }
    child.kill().expect("it is our child");
    panic!("it does not end:\n{}", written.lock().unwrap());
}

fn read(mut terminal: File, written: Arc<Mutex<String>>, is_gone: Arc<AtomicBool>) {
    std::thread::spawn(move || {
        let look = Timespec::try_from(LOOK).expect("a time");
        let mut bytes = [0; 4096];
        while !is_gone.load(Ordering::Relaxed) {
            let mut ready = [PollFd::new(&terminal, PollFlags::IN)];
            if poll(&mut ready, Some(&look)).expect("it can be waited for") == 0 {
                continue;
            }
            // It ends with an error when nobody has the other end any more.
            let Ok(count @ 1..) = terminal.read(&mut bytes) else { return };
            written.lock().unwrap().push_str(&String::from_utf8_lossy(&bytes[..count]));
        }
    });
}

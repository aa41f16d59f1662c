//! Programs that chores call: their words go to a log, their last line onto the screen.

use crate::stopwatch::{Stopwatch, readable};
use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressStyle};
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

/// How often the screen is redrawn while a program says nothing.
const REDRAW: Duration = Duration::from_millis(200);
/// Where there is no terminal, how often a sign of life is printed.
const SIGN_OF_LIFE: Duration = Duration::from_secs(30);

/// The cargo that runs us.
pub(crate) fn cargo() -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.current_dir(crate::tree::root());
    command
}

/// Runs `command` to its end. Every line it says goes to `log` and to `heard`.
pub(crate) fn run_logged(
    title: &str,
    command: &mut Command,
    log: &Path,
    mut heard: impl FnMut(&str),
) -> Result<ExitStatus> {
    let mut log = File::create(log).with_context(|| format!("cannot write {}", log.display()))?;
    writeln!(log, "$ {}", shown(command))?;
    let mut child = command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("cannot start {}", command.get_program().display()))?;
    let (sender, lines) = mpsc::channel();
    let readers = [
        follow(child.stdout.take().expect("piped above"), sender.clone()),
        follow(child.stderr.take().expect("piped above"), sender),
    ];
    let mut screen = Screen::new(title);
    loop {
        match lines.recv_timeout(REDRAW) {
            Ok(line) => {
                writeln!(log, "{line}")?;
                heard(&line);
                screen.last_line(&line);
            }
            Err(RecvTimeoutError::Timeout) => screen.tick(),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    for reader in readers {
        reader.join().expect("a reader does not panic");
    }
    screen.clear();
    Ok(child.wait()?)
}

/// The command line as a person would type it.
pub(crate) fn shown(command: &Command) -> String {
    std::iter::once(command.get_program())
        .chain(command.get_args())
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ")
}

fn follow(from: impl Read + Send + 'static, to: Sender<String>) -> thread::JoinHandle<()> {
    thread::spawn(move || {
        // Lossy, since a test may print any bytes; a line that cannot be read must not hide the following ones.
        for line in BufReader::new(from).split(b'\n') {
            let Ok(line) = line else { return };
            if to.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                return;
            }
        }
    })
}

/// One line that changes on a terminal; now and then a line where there is none.
struct Screen {
    bar: ProgressBar,
    title: String,
    since: Stopwatch,
    said: Stopwatch,
    last: String,
}

impl Screen {
    fn new(title: &str) -> Self {
        let style = ProgressStyle::with_template("{spinner} {prefix}  {elapsed}  {wide_msg:.dim}")
            .expect("a constant template");
        let bar = ProgressBar::new_spinner().with_style(style).with_prefix(title.to_owned());
        let (since, said) = (Stopwatch::start(), Stopwatch::start());
        Self { bar, title: title.to_owned(), since, said, last: String::new() }
    }

    fn last_line(&mut self, line: &str) {
        if !line.trim().is_empty() {
            line.trim().clone_into(&mut self.last);
            self.bar.set_message(self.last.clone());
        }
        self.tick();
    }

    fn tick(&mut self) {
        self.bar.tick();
        if self.bar.is_hidden() && self.said.elapsed() >= SIGN_OF_LIFE {
            println!("     … {} ({}): {}", self.title, readable(self.since.elapsed()), self.last);
            self.said = Stopwatch::start();
        }
    }

    fn clear(&self) {
        self.bar.finish_and_clear();
    }
}

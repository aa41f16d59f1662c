//! The story on a terminal. `state` is what the person at the keyboard wants to see, `keys` what the keys
//! do to it, `draw` makes a picture of it and of the story; only `run` touches the terminal.

mod draw;
mod keys;
mod look;
pub mod picture;
mod state;
#[cfg(test)]
mod tests;
mod wrap;

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crossterm::event::{self, Event, KeyEventKind};
use model::remediation::ApprovalVerdict;
use ratatui::DefaultTerminal;

pub use draw::draw;
pub use look::{Look, is_dumb};
pub use state::{Moment, State};

use crate::pace::Pace;
use crate::story::Story;
use crate::visit::Visit;
use crate::world::World;
use keys::Command;

/// How long a key is waited for before the picture is made anew: ten pictures a second look alive, also
/// over ssh.
const FRAME: Duration = Duration::from_millis(100);
/// Keys that may wait for a picture to be made.
const KEYS: usize = 64;
/// Who says yes or no at the keyboard.
const OPERATOR: &str = "operator";

/// Shows the story until somebody, or the world, ends it, and leaves the terminal as it was: after a panic, too.
pub fn run(pace: &Pace<World>, visit: &Visit, is_over: &AtomicBool) -> io::Result<()> {
    let Some(story) = pace.ask(World::shared_story) else { return Ok(()) };
    let state = State { visit: Some(visit.clone()), ..State::default() };
    let mut terminal = ratatui::try_init()?;
    let shown = show(&mut terminal, pace, &story, state, is_over);
    let restored = ratatui::try_restore();
    if restored.is_err() {
        // It would say on a terminal that is gone that the cursor cannot be shown, and panic.
        std::mem::forget(terminal);
    }
    shown.and(restored)
}

fn show(
    terminal: &mut DefaultTerminal,
    pace: &Pace<World>,
    story: &Mutex<Story>,
    mut state: State,
    is_over: &AtomicBool,
) -> io::Result<()> {
    let look = Look::of_environment();
    let events = listen()?;
    while !is_over.load(Ordering::Relaxed) && !pace.has_ended() {
        let moment = Moment { now: pace.now(), speed: pace.speed() };
        let locked = || story.lock().unwrap_or_else(PoisonError::into_inner);
        terminal.draw(|frame| draw(frame, &locked(), &mut state, moment, look))?;
        let event = match events.recv_timeout(FRAME) {
            Ok(event) => event?,
            Err(RecvTimeoutError::Timeout) => continue,
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        };
        let Event::Key(key) = event else { continue };
        if key.kind == KeyEventKind::Release {
            continue;
        }
        let command = state.press(key, &locked(), moment);
        match command {
            Some(Command::Quit) => return Ok(()),
            Some(command) => obey(command, pace),
            None => {}
        }
    }
    Ok(())
}

/// What comes from the terminal, read in a thread of its own, which ends with the process: where the terminal
/// is gone, as after a lost connection, its library reads on for ever. That it is gone is seen by a signal, or
/// by a picture that cannot be drawn.
fn listen() -> io::Result<Receiver<io::Result<Event>>> {
    let (told, events) = sync_channel(KEYS);
    let read = move || {
        loop {
            let event = event::read();
            let is_last = event.is_err();
            if told.send(event).is_err() || is_last {
                return;
            }
        }
    };
    std::thread::Builder::new().name("keys".to_owned()).spawn(read)?;
    Ok(events)
}

fn obey(command: Command, pace: &Pace<World>) {
    match command {
        Command::Speed(speed) => pace.set_speed(speed),
        Command::Begin(chapter) => pace.errand(move |world| world.begin(chapter)),
        Command::Decide(remediation, is_allowed) => {
            let verdict = if is_allowed { ApprovalVerdict::Approved } else { ApprovalVerdict::Rejected };
            pace.errand(move |world| world.decide(&remediation, verdict, OPERATOR));
        }
        Command::Quit => {}
    }
}

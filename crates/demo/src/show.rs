//! Shows the world to whoever asked for it: on the terminal, or in plain lines where there is none.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use environment::{Clock, SystemClock};
use jiff::SignedDuration;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};

use crate::door::Door;
use crate::pace::Pace;
use crate::world::{self, World};
use crate::{door, lines, screen};

/// How it is shown.
#[derive(Clone, Debug)]
pub struct Options {
    /// What the world follows from.
    pub seed: u64,
    /// How many times faster than real time it goes.
    pub speed: f64,
    /// Plain lines, also on a terminal.
    pub is_plain: bool,
    /// Where others come in.
    pub door: door::Options,
}

/// Why it could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The cluster could not be made.
    #[error("the cluster could not be made: {0}")]
    Cluster(#[from] sim::registry::Status),
    /// Nobody can come in.
    #[error(transparent)]
    Door(#[from] door::Error),
    /// The terminal, or what standard output goes to, does not work.
    #[error("the terminal cannot be used: {0}; --plain needs none")]
    Terminal(#[source] io::Error),
    /// Nobody reads what is written.
    #[error(transparent)]
    Output(io::Error),
    /// It panicked, and has said why.
    #[error("the simulated world ended by itself, which is a defect of the demo")]
    Ended,
    /// Signals cannot be waited for.
    #[error("signals cannot be waited for: {0}")]
    Signals(#[source] io::Error),
}

/// Makes the world and shows it until somebody ends it.
pub fn show(options: &Options) -> Result<(), Error> {
    let is_over = interrupted()?;
    let pace = start(options)?;
    // Who ended it before the world was there has nothing to see, and a terminal that is left alone.
    if is_over.load(Ordering::Relaxed) {
        return Ok(());
    }
    let door = Door::open(&options.door, &pace)?;
    if options.is_plain || !io::stdout().is_terminal() || !io::stdin().is_terminal() || screen::is_dumb() {
        lines::tell(&pace, &door.visit(), &is_over).map_err(Error::Output)?;
    } else {
        screen::run(&pace, &door.visit(), &is_over).map_err(Error::Terminal)?;
    }
    if pace.has_ended() { Err(Error::Ended) } else { Ok(()) }
}

/// A world that keeps pace, with all its chapters to come. Its clock says what ours says when the story
/// begins.
fn start(options: &Options) -> Result<Pace<World>, Error> {
    let (from, speed) = (options.seed, options.speed);
    let before = SignedDuration::try_from(world::PRELUDE).unwrap_or_default();
    let now = SystemClock.now();
    let start = now.checked_sub(before).unwrap_or(now);
    let pace = Pace::start(speed, async move || {
        let world = World::make(from, start).await?;
        world.play();
        Ok::<_, sim::registry::Status>(world)
    })?;
    Ok(pace)
}

/// Becomes true when the process is asked to end.
fn interrupted() -> Result<Arc<AtomicBool>, Error> {
    let is_over = Arc::new(AtomicBool::new(false));
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&is_over)).map_err(Error::Signals)?;
    }
    Ok(is_over)
}

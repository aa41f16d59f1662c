//! A picture of the demo at a moment of its story, as SVG on standard output:
//! `picture SECONDS WIDTH HEIGHT [why|help|mono]`. `cargo xtask docs` makes the README's with it.

use std::time::Duration;

use demo::screen::{self, Look, Moment, State, picture};
use demo::world::World;
use environment::ManualClock;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let number = |place: usize| arguments.get(place).and_then(|text| text.parse::<u16>().ok());
    let (Some(seconds), Some(width), Some(height)) = (number(0), number(1), number(2)) else {
        eprintln!("picture SECONDS WIDTH HEIGHT");
        std::process::exit(64);
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build();
    let drawn = runtime.expect("a runtime").block_on(async {
        let world = World::make(1, ManualClock::EPOCH).await.expect("the cluster can be made");
        world.play();
        let now = Duration::from_secs(seconds.into());
        tokio::time::sleep(now).await;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).expect("a screen in memory");
        let look = Look { has_colours: true, has_unicode: true };
        let moment = Moment { now, speed: 20.0 };
        terminal
            .draw(|frame| screen::draw(frame, &world.story(), &mut State::default(), moment, look))
            .expect("it can be drawn");
        picture::svg(terminal.backend().buffer())
    });
    print!("{drawn}");
}

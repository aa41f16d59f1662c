//! The story in plain lines: for pipes, logs, and terminals that can do no more.

use std::io::{self, Write, stdout};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::pace::Pace;
use crate::story::{Diary, Entry, Story};
use crate::visit::Visit;
use crate::world::World;

/// How often to look for something new, in real time: often enough to be told at once.
const LOOK: Duration = Duration::from_millis(50);
/// An entry is joined by others for a while: so many of the newest are looked at again.
const AGAIN: usize = 32;

/// Tells the story as it happens, until `is_over`, or the world has ended.
pub fn tell(pace: &Pace<World>, visit: &Visit, is_over: &AtomicBool) -> io::Result<()> {
    let Some(story) = pace.ask(World::shared_story) else { return Ok(()) };
    let lock = || story.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut out = stdout().lock();
    writeln!(out, "{}", opening(&lock(), pace.speed()))?;
    writeln!(out, "{}\n", visit.text())?;
    let mut told = Told::default();
    while !is_over.load(Ordering::Relaxed) && !pace.has_ended() {
        let lines = told.news(lock().diary());
        for line in lines {
            writeln!(out, "{line}")?;
        }
        out.flush()?;
        std::thread::sleep(LOOK);
    }
    writeln!(out, "{}", lock().tally().sentence())?;
    out.flush()
}

fn opening(story: &Story, speed: f64) -> String {
    format!(
        "A shop on {} nodes in {} zones, {} pods. Monitor, alerter and two healers look after it.\nThe cluster is \
         simulated, they are not. Time passes {speed} times as fast as yours; ctrl-c ends it.",
        story.nodes().count(),
        story.nodes().by_zone().len(),
        story.pods().count(),
    )
}

/// Which entries were told, and of how many each told.
#[derive(Default)]
struct Told {
    whom: Vec<usize>,
}

impl Told {
    /// What has not been told yet.
    fn news(&mut self, diary: &Diary) -> Vec<String> {
        let first = self.whom.len().saturating_sub(AGAIN);
        let mut lines = Vec::new();
        for (number, entry) in diary.entries().iter().enumerate().skip(first) {
            if let Some(told) = self.whom.get_mut(number) {
                if *told < entry.whom.len() {
                    lines.push(line(entry, &entry.text_from(*told)));
                }
                *told = entry.whom.len();
            } else {
                lines.push(line(entry, &entry.text()));
                self.whom.push(entry.whom.len());
            }
        }
        lines
    }
}

/// `03:12  held      b-01: …`
pub(crate) fn line(entry: &Entry, text: &str) -> String {
    format!("{}  {:<8}  {text}", clock(entry.at), entry.kind.word())
}

/// Minutes and seconds, `03:12`.
pub(crate) fn clock(at: Duration) -> String {
    let seconds = at.as_secs();
    format!("{:02}:{:02}", seconds / 60, seconds % 60)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::story::fixture::Bench;

    #[test]
    fn who_joins_later_is_told_alone() {
        let mut bench = Bench::new();
        let mut told = Told::default();
        bench.issue(40, "Node/b-01", "NodeUnreachable", None);
        assert_eq!(
            told.news(bench.story.diary()),
            ["00:40  found     b-01: NodeUnreachable: is not as it should be"]
        );
        bench.issue(41, "Node/b-02", "NodeUnreachable", None);
        bench.issue(41, "Node/b-03", "NodeUnreachable", None);
        let both = "00:40  found     b-02, b-03: NodeUnreachable: is not as it should be";
        assert_eq!(told.news(bench.story.diary()), [both]);
        assert!(told.news(bench.story.diary()).is_empty());
    }

    #[test]
    fn a_clock_counts_minutes_on() {
        assert_eq!(clock(Duration::from_secs(192)), "03:12");
        assert_eq!(clock(Duration::from_secs(7261)), "121:01");
    }
}

//! What the keys do.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::state::{Moment, Overlay, Pane, State};
use crate::chapters;
use crate::story::{About, Entry, Group, Letter, Story};

/// What is to be done in the world, or with it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Command {
    /// It is over.
    Quit,
    /// The world goes so many times faster than real time.
    Speed(f64),
    /// A chapter begins now.
    Begin(usize),
    /// A plan is allowed, or not.
    Decide(String, bool),
}

/// The speeds there are.
const SPEEDS: [f64; 7] = [1.0, 2.0, 5.0, 10.0, 20.0, 50.0, 100.0];
/// How far a page is.
const PAGE: usize = 10;

impl State {
    /// A key was pressed.
    pub(super) fn press(&mut self, key: KeyEvent, story: &Story, moment: Moment) -> Option<Command> {
        if key.modifiers.contains(KeyModifiers::CONTROL) {
            return matches!(key.code, KeyCode::Char('c' | 'd')).then_some(Command::Quit);
        }
        self.note = None;
        if self.is_typing {
            self.type_filter(key.code);
            return None;
        }
        if self.overlay.is_some() {
            self.in_overlay(key.code);
            return None;
        }
        match key.code {
            KeyCode::Char('q') => return Some(Command::Quit),
            KeyCode::Char(' ') => return Some(self.pause(moment.speed)),
            KeyCode::Char('+' | '=') => return self.change_speed(moment.speed, true),
            KeyCode::Char('-' | '_') => return self.change_speed(moment.speed, false),
            KeyCode::Char(digit @ '1'..='9') => return self.begin(digit, moment),
            KeyCode::Char('a') => return self.decide(story, moment, true),
            KeyCode::Char('x') => return self.decide(story, moment, false),
            KeyCode::Char('?' | 'h') | KeyCode::F(1) => self.overlay = Some(Overlay::Help(0)),
            KeyCode::Char('/') => self.is_typing = true,
            KeyCode::Esc => self.filter.clear(),
            KeyCode::Enter | KeyCode::Char('w') => self.ask(story, moment),
            KeyCode::Tab => self.focus = self.focus.next(),
            KeyCode::BackTab => self.focus = self.focus.next().next(),
            code => self.step(code, story, moment),
        }
        None
    }

    fn type_filter(&mut self, code: KeyCode) {
        match code {
            KeyCode::Char(letter) => self.filter.push(letter),
            KeyCode::Backspace => drop(self.filter.pop()),
            KeyCode::Enter => self.is_typing = false,
            KeyCode::Esc => {
                self.filter.clear();
                self.is_typing = false;
            }
            _ => {}
        }
        (self.trouble, self.entry, self.letter) = (0, 0, 0);
    }

    fn in_overlay(&mut self, code: KeyCode) {
        let page = PAGE as i16;
        let by = match code {
            KeyCode::Down | KeyCode::Char('j') => 1,
            KeyCode::Up | KeyCode::Char('k') => -1,
            KeyCode::PageDown | KeyCode::Char(' ') => page,
            KeyCode::PageUp => -page,
            _ => 0,
        };
        match &mut self.overlay {
            Some(Overlay::Help(row) | Overlay::Why(_, row)) if by != 0 => {
                *row = row.saturating_add_signed(by);
            }
            _ => self.overlay = None,
        }
    }

    fn pause(&mut self, speed: f64) -> Command {
        if speed > 0.0 {
            self.speed = Some(speed);
            return Command::Speed(0.0);
        }
        Command::Speed(self.speed.take().unwrap_or(SPEEDS[0]))
    }

    fn change_speed(&mut self, speed: f64, is_faster: bool) -> Option<Command> {
        // What is paused goes on from the speed it had.
        let speed = if speed > 0.0 { speed } else { self.speed? };
        let next = if is_faster {
            SPEEDS.into_iter().find(|own| *own > speed)
        } else {
            SPEEDS.into_iter().rfind(|own| *own < speed)
        };
        next.map(Command::Speed)
    }

    /// The one that is selected, or else the first that waits.
    fn decide(&mut self, story: &Story, moment: Moment, is_allowed: bool) -> Option<Command> {
        let groups = self.groups(story, moment);
        let selected = groups.get(self.trouble).and_then(|group| group.waits.clone());
        let Some(name) = selected.or_else(|| story.waiting().into_iter().next()) else {
            self.note = Some("nothing waits for a decision".to_owned());
            return None;
        };
        let waits = |group: &Group| group.waits.as_ref() == Some(&name);
        let about = story
            .groups(moment.now)
            .into_iter()
            .find(waits)
            .and_then(|group| group.lineages.into_iter().next());
        let verdict = if is_allowed { "approved" } else { "rejected" };
        self.note = Some(format!("{verdict}: {}{}", about.unwrap_or_else(|| name.clone()), when(moment)));
        Some(Command::Decide(name, is_allowed))
    }

    fn begin(&mut self, digit: char, moment: Moment) -> Option<Command> {
        let chapter = digit.to_digit(10)? as usize - 1;
        let Some(begun) = chapters::ALL.get(chapter) else {
            self.note = Some(format!("there are {} things to break", chapters::ALL.len()));
            return None;
        };
        self.note = Some(format!("{}{}", begun.title, when(moment)));
        Some(Command::Begin(chapter))
    }

    fn ask(&mut self, story: &Story, moment: Moment) {
        let about = match self.focus {
            Pane::Troubles => {
                let groups = self.groups(story, moment);
                groups.get(self.trouble).and_then(|group| group.lineages.first().cloned()).map(About::Lineage)
            }
            Pane::Diary => {
                let entry = self.entries(story).into_iter().rev().nth(self.entry);
                entry.map(|entry| entry.about.clone())
            }
            Pane::Letters => {
                let letter = self.letters(story).into_iter().rev().nth(self.letter);
                letter.map(|(number, _)| About::Letter(number))
            }
        };
        self.overlay = about.map(|about| Overlay::Why(story.why(&about, moment.now), 0));
    }

    /// The troubles that the filter lets through.
    pub(super) fn groups(&self, story: &Story, moment: Moment) -> Vec<Group> {
        let mut groups = story.groups(moment.now);
        groups.retain(|group| {
            self.lets(&format!("{} {} {}", group.check, group.lineages.join(" "), group.words))
        });
        groups
    }

    /// The messages that the filter lets through, with their numbers.
    pub(super) fn letters<'a>(&self, story: &'a Story) -> Vec<(usize, &'a Letter)> {
        let is_meant = |(_, letter): &(usize, &Letter)| {
            self.lets(&format!("{} {} {}", letter.to, letter.subject, letter.lines.join(" ")))
        };
        story.letters().all().iter().enumerate().filter(is_meant).collect()
    }

    /// The entries that the filter lets through.
    pub(super) fn entries<'a>(&self, story: &'a Story) -> Vec<&'a Entry> {
        let is_meant = |entry: &&Entry| self.lets(&format!("{} {}", entry.kind.word(), entry.text()));
        story.diary().entries().iter().filter(is_meant).collect()
    }

    fn step(&mut self, code: KeyCode, story: &Story, moment: Moment) {
        // Troubles are counted from the top, the others back from the newest, at the bottom.
        let (place, count, down) = match self.focus {
            Pane::Troubles => {
                let count = self.groups(story, moment).len();
                (&mut self.trouble, count, 1)
            }
            Pane::Diary => {
                let count = self.entries(story).len();
                (&mut self.entry, count, -1)
            }
            Pane::Letters => {
                let count = self.letters(story).len();
                (&mut self.letter, count, -1)
            }
        };
        let by: isize = match code {
            KeyCode::Down | KeyCode::Char('j') => down,
            KeyCode::Up | KeyCode::Char('k') => -down,
            KeyCode::PageDown => down * PAGE as isize,
            KeyCode::PageUp => -down * PAGE as isize,
            KeyCode::Home | KeyCode::Char('g') => isize::MIN / 2 * down,
            KeyCode::End | KeyCode::Char('G') => isize::MAX / 2 * down,
            _ => return,
        };
        *place = place.saturating_add_signed(by).min(count.saturating_sub(1));
    }
}

impl Pane {
    fn next(self) -> Self {
        match self {
            Self::Troubles => Self::Diary,
            Self::Diary => Self::Letters,
            Self::Letters => Self::Troubles,
        }
    }
}

/// When something will be seen of what was asked for.
fn when(moment: Moment) -> &'static str {
    if moment.speed > 0.0 { "" } else { ", to be seen when time goes on (space)" }
}

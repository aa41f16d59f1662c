//! The picture: which panels there are, and where.

mod chapter;
mod diary;
mod header;
mod letters;
mod nodes;
mod overlay;
mod panel;
mod troubles;
mod visit;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::look::Look;
use super::state::{Moment, Overlay, Pane, State};
use crate::story::Story;

/// What everything is drawn from.
#[derive(Clone, Copy)]
struct Scene<'a> {
    story: &'a Story,
    state: &'a State,
    moment: Moment,
    look: Look,
}

/// The least that everything fits in.
const WIDTH: u16 = 80;
const HEIGHT: u16 = 24;
/// From here on there is room for a column of its own for what changes slowly.
const WIDE: u16 = 110;
/// From here on, for one of what people are told.
const WIDEST: u16 = 160;
/// From here on, for that under the rest.
const TALL: u16 = 34;

/// Draws everything.
pub fn draw(frame: &mut Frame<'_>, story: &Story, state: &mut State, moment: Moment, look: Look) {
    let area = frame.area();
    if area.width < WIDTH || area.height < HEIGHT {
        return too_small(frame, area);
    }
    // Troubles end by themselves: what was selected may be gone.
    state.trouble = state.trouble.min(state.groups(story, moment).len().saturating_sub(1));
    let scene = Scene { story, state, moment, look };
    let rows = [Constraint::Length(2), Constraint::Fill(1), Constraint::Length(1)];
    let [head, body, foot] = area.layout(&Layout::vertical(rows));
    header::draw(frame, head, scene);
    let story = if area.width >= WIDE { wide(frame, body, scene) } else { narrow(frame, body, scene) };
    visit::draw(frame, story, scene);
    header::keys(frame, foot, scene);
    let scrolled = overlay::draw(frame, area, scene);
    if let Some(Overlay::Help(row) | Overlay::Why(_, row)) = &mut state.overlay {
        *row = scrolled;
    }
}

fn too_small(frame: &mut Frame<'_>, area: Rect) {
    let text = vec![
        Line::from(format!("It needs {WIDTH}x{HEIGHT} columns and rows;")),
        Line::from(format!("here are {}x{}.", area.width, area.height)),
        Line::from("Make it larger, or press q"),
        Line::from("and try demo --plain."),
    ];
    frame.render_widget(Paragraph::new(text).centered(), area);
}

/// Three rows: the map and what befalls; what is wrong; what happened, or what people were told. Where the
/// story is told.
fn narrow(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) -> Rect {
    let zones = scene.story.nodes().by_zone().len() as u16;
    let rows = [Constraint::Length((zones + 3).max(6)), Constraint::Fill(1), Constraint::Fill(1)];
    let [top, middle, bottom] = area.layout(&Layout::vertical(rows));
    let [left, right] =
        top.layout(&Layout::horizontal([Constraint::Length(nodes::WIDTH), Constraint::Fill(1)]));
    nodes::draw(frame, left, scene);
    chapter::draw(frame, right, scene);
    troubles::draw(frame, middle, scene);
    if scene.state.focus == Pane::Letters {
        letters::draw(frame, bottom, scene);
    } else {
        diary::draw(frame, bottom, scene);
    }
    bottom
}

/// A column of what changes slowly, beside what is wrong and what happened. Where the story is told.
fn wide(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) -> Rect {
    let has_third = area.width >= WIDEST;
    let columns = [
        Constraint::Length(nodes::WIDTH + 5),
        Constraint::Fill(3),
        if has_third { Constraint::Fill(2) } else { Constraint::Length(0) },
    ];
    let [left, middle, right] = area.layout(&Layout::horizontal(columns));
    slow(frame, left, scene);
    let is_tall = area.height >= TALL && !has_third;
    let rows = [
        Constraint::Length(6),
        Constraint::Fill(3),
        Constraint::Fill(5),
        if is_tall { Constraint::Fill(3) } else { Constraint::Length(0) },
    ];
    let [top, troubles, diary, below] = middle.layout(&Layout::vertical(rows));
    chapter::draw(frame, top, scene);
    troubles::draw(frame, troubles, scene);
    let letters = if has_third { right } else { below };
    if letters.is_empty() && scene.state.focus == Pane::Letters {
        letters::draw(frame, diary, scene);
        return middle;
    }
    diary::draw(frame, diary, scene);
    if !letters.is_empty() {
        letters::draw(frame, letters, scene);
    }
    middle
}

fn slow(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let zones = scene.story.nodes().by_zone().len() as u16;
    let rows = [Constraint::Length(zones + 3), Constraint::Length(10), Constraint::Fill(1)];
    let [map, counters, chapters] = area.layout(&Layout::vertical(rows));
    nodes::draw(frame, map, scene);
    header::counters(frame, counters, scene);
    chapter::list(frame, chapters, scene);
}

//! What people were told, as they got it, newest at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::super::state::Pane;
use super::super::wrap::{cut, shorten, wrap};
use super::Scene;
use super::panel::{Item, ellipsis, inside, marked, nothing, panel, window};
use crate::lines::clock;
use crate::story::Letter;

/// The most lines of one message: the rest is told when it is asked for.
const LINES_MAX: usize = 4;
/// The clock, the receiver, brackets, and the room between them.
const MARGIN: usize = 16;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let has_focus = scene.state.focus == Pane::Letters;
    let block = panel(scene, "What people are told", has_focus);
    let inner = inside(&block, area);
    frame.render_widget(block, area);
    let letters = scene.state.letters(scene.story);
    if letters.is_empty() {
        return frame.render_widget(nothing(scene, "nobody had to be told anything yet"), inner);
    }
    let selected = letters.len().saturating_sub(scene.state.letter + 1);
    let width = usize::from(inner.width);
    let items = letters.iter().enumerate().map(|(number, (_, letter))| {
        let item = item(scene, letter, width);
        if has_focus && number == selected { marked(item) } else { item }
    });
    frame.render_widget(window(items.collect(), selected, inner.height, true), inner);
}

fn item<'a>(scene: Scene<'_>, letter: &Letter, width: usize) -> Item<'a> {
    let look = scene.look;
    let colour = if letter.is_firing { Color::LightMagenta } else { Color::Green };
    let subject = cut(&letter.subject, width.saturating_sub(MARGIN + letter.state().len()), ellipsis(scene));
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{:>6} ", clock(letter.at)), look.faint()),
        Span::styled(format!("{:<6}", letter.to), Style::new().bold()),
        Span::styled(format!("[{}] ", letter.state()), look.colour(colour).bold()),
        Span::styled(subject, Style::new().bold()),
    ])];
    let width = width.saturating_sub(7);
    let mut texts: Vec<String> =
        letter.lines.iter().flat_map(|line| wrap(line, width, 2, ellipsis(scene))).collect();
    shorten(&mut texts, width, LINES_MAX - 1, ellipsis(scene));
    lines.extend(texts.into_iter().map(|text| Line::styled(format!("       {text}"), look.faint())));
    lines
}

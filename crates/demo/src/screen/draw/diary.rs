//! What happened, newest at the bottom.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::super::state::Pane;
use super::super::wrap::wrap;
use super::Scene;
use super::panel::{Item, ellipsis, inside, marked, nothing, panel, window};
use crate::lines::clock;
use crate::story::{Entry, Kind};

/// More entries than a screen of any height shows around the one that is selected.
const NEAR: usize = 200;
/// The clock, the kind, and the room between them.
const MARGIN: usize = 16;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let has_focus = scene.state.focus == Pane::Diary;
    let block = panel(scene, "What happened", has_focus);
    let inner = inside(&block, area);
    frame.render_widget(block, area);
    let entries = scene.state.entries(scene.story);
    if entries.is_empty() {
        return frame.render_widget(nothing(scene, "nothing yet"), inner);
    }
    let selected = entries.len().saturating_sub(scene.state.entry + 1);
    let first = selected.saturating_sub(NEAR);
    let width = usize::from(inner.width);
    let items = entries[first..].iter().take(NEAR * 2).enumerate().map(|(number, entry)| {
        let item = item(scene, entry, width);
        // The newest is followed; only what one moved to is marked.
        if has_focus && scene.state.entry > 0 && first + number == selected { marked(item) } else { item }
    });
    frame.render_widget(window(items.collect(), selected - first, inner.height, true), inner);
}

fn item<'a>(scene: Scene<'_>, entry: &Entry, width: usize) -> Item<'a> {
    let look = scene.look;
    let most = match entry.kind {
        Kind::Chapter => 1,
        Kind::Paged | Kind::Told => 2,
        _ => 3,
    };
    let text = wrap(&entry.text(), width.saturating_sub(MARGIN), most, ellipsis(scene));
    let faint = matches!(entry.kind, Kind::Folded | Kind::Over | Kind::Told);
    let style = match entry.kind {
        Kind::Chapter => look.kind(entry.kind),
        _ if faint => look.faint(),
        _ => Style::new(),
    };
    let head = |number: usize| match number {
        0 => vec![
            Span::styled(format!("{:>6} ", clock(entry.at)), look.faint()),
            Span::styled(format!("{:<8} ", entry.kind.word()), look.kind(entry.kind)),
        ],
        _ => vec![Span::raw(" ".repeat(MARGIN))],
    };
    let lines = text.into_iter().enumerate().map(|(number, line)| {
        let mut spans = head(number);
        spans.push(Span::styled(line, style));
        Line::from(spans)
    });
    lines.collect()
}

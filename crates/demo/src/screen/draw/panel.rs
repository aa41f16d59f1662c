//! A framed panel, and lists in it.

use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::symbols::border;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Borders, Paragraph};

use super::Scene;

/// A frame of letters that every terminal has.
const ASCII: border::Set<'_> = border::Set {
    top_left: "+",
    top_right: "+",
    bottom_left: "+",
    bottom_right: "+",
    vertical_left: "|",
    vertical_right: "|",
    horizontal_top: "-",
    horizontal_bottom: "-",
};

/// A panel; one that has the focus stands out.
pub(super) fn panel<'a>(scene: Scene<'_>, title: impl Into<String>, has_focus: bool) -> Block<'a> {
    let look = scene.look;
    let style = if has_focus { look.colour(Color::Cyan) } else { look.faint() };
    let set = if look.has_unicode { border::ROUNDED } else { ASCII };
    let title = Span::styled(format!(" {} ", title.into()), title_style(scene, has_focus));
    Block::new().borders(Borders::ALL).border_set(set).border_style(style).title(title)
}

fn title_style(scene: Scene<'_>, has_focus: bool) -> Style {
    let style = if has_focus { scene.look.colour(Color::Cyan) } else { Style::new() };
    style.add_modifier(Modifier::BOLD)
}

/// What ends a text that was cut.
pub(super) fn ellipsis(scene: Scene<'_>) -> &'static str {
    if scene.look.has_unicode { "…" } else { ".." }
}

/// One item of a list, of several lines.
pub(super) type Item<'a> = Vec<Line<'a>>;

/// Marks an item as the one that is selected.
pub(super) fn marked(item: Item<'_>) -> Item<'_> {
    item.into_iter().map(ratatui::prelude::Stylize::reversed).collect()
}

/// The lines of a list that fit, so that the whole of the item `shown` is among them; the list begins at
/// its end where `from_end` says so.
pub(super) fn window<'a>(items: Vec<Item<'a>>, shown: usize, height: u16, from_end: bool) -> Paragraph<'a> {
    let height = usize::from(height);
    let above: usize = items.iter().take(shown).map(Vec::len).sum();
    let own = items.get(shown).map_or(0, Vec::len);
    let lines: Vec<Line<'a>> = items.into_iter().flatten().collect();
    let last = lines.len().saturating_sub(height);
    let first = if from_end { last.min(above) } else { (above + own).saturating_sub(height) };
    Paragraph::new(lines.into_iter().skip(first).take(height).collect::<Vec<_>>())
}

/// What stands in an empty panel.
pub(super) fn nothing(scene: Scene<'_>, text: &'static str) -> Paragraph<'static> {
    Paragraph::new(Line::styled(text, scene.look.faint()))
}

/// The inside of a panel, with a letter's room at either side.
pub(super) fn inside(block: &Block<'_>, area: Rect) -> Rect {
    let inner = block.inner(area);
    Rect { x: inner.x + 1, width: inner.width.saturating_sub(2), ..inner }
}

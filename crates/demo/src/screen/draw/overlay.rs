//! What lies over the rest: the answer to "why?", and help.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::style::{Color, Style};
use ratatui::text::Line;
use ratatui::widgets::{Clear, Paragraph};

use super::super::state::Overlay;
use super::super::wrap::wrap;
use super::Scene;
use super::panel::{ellipsis, inside, panel};
use crate::visit::Visit;

const HELP: &str = "\
1 to 8     break something now: the chapters, in their order
space      stop the time, and let it go on
+ and -    faster, slower (1x to 100x)
tab        go to the next panel: wrong, happened, told
arrows     move in it; PgUp, PgDn, Home, End, too
enter      why? The whole account of what is selected
a and x    allow, or forbid, the plan that waits for a person
/          show only what contains a text; Esc forgets it
q          quit

Map: x silent   ! not ready   Q quarantined   c cordoned by hand

Sixty simulated nodes with a shop on them. Monitor, healer and alerter are the ones that ship: nothing here is acted. \
Things break by a timetable; what Seaworthy finds, does, refuses and tells is what you see.";

/// Draws it, and says how far it is scrolled: no further than there is something.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) -> u16 {
    match &scene.state.overlay {
        None => 0,
        Some(Overlay::Help(row)) => over(frame, area, scene, "Help", &help(scene.state.visit.as_ref()), *row),
        Some(Overlay::Why(text, row)) => over(frame, area, scene, "Why?", text, *row),
    }
}

/// First how one comes in, where one does: whoever asks for help in a small terminal sees that.
fn help(visit: Option<&Visit>) -> String {
    visit.map_or_else(|| HELP.to_owned(), |visit| format!("{}\n\n{HELP}", visit.text()))
}

fn over(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>, title: &str, text: &str, row: u16) -> u16 {
    let width = area.width.saturating_sub(8).min(100);
    let lines = lines(scene, text, usize::from(width).saturating_sub(4));
    let height = (lines.len() as u16 + 2).min(area.height.saturating_sub(4));
    let place = area.centered(Constraint::Length(width), Constraint::Length(height));
    let more = lines.len() as u16 > height.saturating_sub(2);
    let row = row.min((lines.len() as u16).saturating_sub(height.saturating_sub(2)));
    let hint = if more { "arrows scroll, any other key goes back" } else { "any key goes back" };
    let block = panel(scene, title, true).title_bottom(Line::styled(format!(" {hint} "), scene.look.faint()));
    let inner = inside(&block, place);
    frame.render_widget(Clear, place);
    frame.render_widget(block, place);
    frame.render_widget(Paragraph::new(lines).scroll((row, 0)), inner);
    row
}

/// Wrapped, with the indent that a line has; the first line is what was asked about.
fn lines<'a>(scene: Scene<'_>, text: &str, width: usize) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let style = match (number, indent) {
            (0, _) => scene.look.colour(Color::Cyan).bold(),
            (_, 0) => Style::new(),
            _ => scene.look.faint(),
        };
        // A line that fits is shown as it is: its columns are meant.
        if line.chars().count() <= width {
            lines.push(Line::styled(line.to_owned(), style));
            continue;
        }
        let wrapped = wrap(line, width - indent, usize::MAX, ellipsis(scene));
        let wrapped =
            wrapped.into_iter().map(|line| Line::styled(format!("{}{line}", " ".repeat(indent)), style));
        lines.extend(wrapped);
    }
    lines
}

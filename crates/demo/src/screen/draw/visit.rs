//! How one comes in from another terminal, in the frame below the story: it takes no room of anything.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Paragraph;

use super::Scene;

/// The corners, and some of the frame beside them.
const MARGIN: u16 = 2;

pub(super) fn draw(frame: &mut Frame<'_>, above: Rect, scene: Scene<'_>) {
    let Some(visit) = &scene.state.visit else { return };
    // A letter's room at either side.
    let room = above.width.saturating_sub(2 * MARGIN + 2);
    let hint = visit.hint(usize::from(room));
    if hint.is_empty() {
        return;
    }
    let text = format!(" {hint} ");
    let width = text.chars().count() as u16;
    let place = Rect { x: above.x + MARGIN, y: above.bottom().saturating_sub(1), width, height: 1 };
    frame.render_widget(Paragraph::new(Line::styled(text, scene.look.faint())), place);
}

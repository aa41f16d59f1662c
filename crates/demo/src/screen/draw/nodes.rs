//! The map: a row for each zone, a sign for each node.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{Scene, panel};
use crate::story::Health;

/// Room for twenty nodes in a row.
pub(super) const WIDTH: u16 = 34;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let block = panel::panel(scene, "Nodes by zone", false);
    let inner = panel::inside(&block, area);
    frame.render_widget(block, area);
    let mut lines: Vec<Line<'_>> = Vec::new();
    for (zone, nodes) in scene.story.nodes().by_zone() {
        let mut spans = vec![Span::raw(format!("{zone:<8} "))];
        spans.extend(nodes.into_iter().map(|node| {
            let (sign, style) = scene.look.node(node);
            Span::styled(sign, style)
        }));
        lines.push(Line::from(spans));
    }
    lines.push(Line::styled(legend(scene), scene.look.faint()));
    frame.render_widget(Paragraph::new(lines), inner);
}

/// How many are other than they should be, with their signs.
fn legend(scene: Scene<'_>) -> String {
    let nodes = scene.story.nodes();
    let quarantined = nodes.count_of(|node| node.is_quarantined);
    let silent = nodes.count_of(|node| node.health == Health::Silent && !node.is_quarantined);
    let sick = nodes.count_of(|node| node.health == Health::NotReady && !node.is_quarantined);
    let told = [(silent, "x silent"), (sick, "! not ready"), (quarantined, "Q quarantined")];
    let told: Vec<String> = told
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, words)| format!("{count} {words}"))
        .collect();
    if told.is_empty() { "all are ready".to_owned() } else { told.join(", ") }
}

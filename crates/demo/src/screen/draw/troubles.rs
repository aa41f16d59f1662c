//! What is wrong: causes, where healing stands and why, and the symptoms under them.

use std::time::Duration;

use model::Severity;
use model::age::age;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};

use super::super::state::Pane;
use super::super::wrap::{cut, wrap};
use super::Scene;
use super::panel::{Item, ellipsis, inside, marked, nothing, panel, window};
use crate::story::Group;

/// The most lines that say where healing stands.
const WORDS_MAX: usize = 3;

pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let has_focus = scene.state.focus == Pane::Troubles;
    let groups = scene.state.groups(scene.story, scene.moment);
    let title = match groups.len() {
        0 => "What is wrong".to_owned(),
        count => format!("What is wrong ({count})"),
    };
    let block = panel(scene, title, has_focus);
    let inner = inside(&block, area);
    frame.render_widget(block, area);
    if groups.is_empty() {
        return frame.render_widget(nothing(scene, "nothing"), inner);
    }
    let width = usize::from(inner.width);
    let items = groups.iter().enumerate().map(|(number, group)| {
        let item = item(scene, group, width);
        if has_focus && number == scene.state.trouble { marked(item) } else { item }
    });
    frame.render_widget(window(items.collect(), scene.state.trouble, inner.height, false), inner);
}

fn item<'a>(scene: Scene<'_>, group: &Group, width: usize) -> Item<'a> {
    let look = scene.look;
    let colour = if group.severity == Severity::Critical { Color::LightRed } else { Color::Yellow };
    let lasted = age(Duration::from_secs(scene.moment.now.saturating_sub(group.found).as_secs()));
    let sign = if look.has_unicode { "●" } else { "*" };
    let whose =
        cut(&group.whose(), width.saturating_sub(group.check.len() + lasted.len() + 6), ellipsis(scene));
    let mut lines = vec![Line::from(vec![
        Span::styled(format!("{sign} {} ", group.check), look.colour(colour).bold()),
        Span::styled(whose, Style::new().bold()),
        Span::styled(format!("  {lasted}"), look.faint()),
    ])];
    let words = wrap(&group.words, width.saturating_sub(2), WORDS_MAX, ellipsis(scene));
    lines.extend(
        words.into_iter().map(|line| Line::styled(format!("  {line}"), look.standing(group.standing))),
    );
    if let Some(line) = symptoms(&group.symptoms) {
        let branch = if look.has_unicode { "└" } else { "\\" };
        lines.push(Line::styled(cut(&format!("  {branch} {line}"), width, ellipsis(scene)), look.faint()));
    }
    lines
}

fn symptoms(symptoms: &[String]) -> Option<String> {
    match symptoms {
        [] => None,
        [one] => Some(format!("explains {one}")),
        [first, ..] => Some(format!("explains {} symptoms: {first}, ...", symptoms.len())),
    }
}

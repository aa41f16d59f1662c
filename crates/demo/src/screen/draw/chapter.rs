//! What befalls the shop at the moment, and all chapters with their keys.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::super::wrap::wrap;
use super::{Scene, panel};
use crate::chapters;
use crate::lines::clock;
use crate::story::Played;

/// What is said before the first chapter, and after the last.
const BEFORE: &str = "Everything is well. The first chapter begins in a moment.";
const AFTER: &str = "That was the story, and everything is well again. Keys 1 to 8 break something anew; enter tells why of \
                     what is selected.";

/// The newest chapter: what befalls, and what to look for.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let (playing, is_well) = (scene.story.playing(), scene.story.groups(scene.moment.now).is_empty());
    let played = playing.current().filter(|_| !(is_well && playing.is_over()));
    let title = played.map_or_else(|| "The shop".to_owned(), |played| played.chapter.title.to_owned());
    let block = panel::panel(scene, title, false);
    let inner = panel::inside(&block, area);
    frame.render_widget(block, area);
    let lines = if let Some(played) = played {
        told(scene, played, inner)
    } else {
        let text = if playing.all().is_empty() { BEFORE } else { AFTER };
        wrap(text, inner.width.into(), inner.height.into(), "").into_iter().map(Line::from).collect()
    };
    frame.render_widget(Paragraph::new(lines), inner);
}

fn told<'a>(scene: Scene<'_>, played: &Played, inner: Rect) -> Vec<Line<'a>> {
    let (look, width) = (scene.look, usize::from(inner.width));
    let chapter = played.chapter;
    let wrapped = |text: &str, most: usize, style: Style| -> Vec<Line<'a>> {
        let lines = wrap(text, width, most, panel::ellipsis(scene));
        lines.into_iter().map(|line| Line::styled(line, style)).collect()
    };
    let height = usize::from(inner.height);
    let mut lines = wrapped(chapter.befalls, height, Style::new());
    if played.ended.is_some() && !chapter.mended.is_empty() {
        lines.extend(wrapped(&format!("Then {}.", chapter.mended), 1, look.colour(Color::Cyan)));
    }
    let rest = height.saturating_sub(lines.len());
    if rest > 0 {
        lines.extend(wrapped(chapter.look_for, rest, look.colour(Color::Cyan)));
    }
    lines
}

/// All chapters: which were, and which key begins each.
pub(super) fn list(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let block = panel::panel(scene, "Chapters", false);
    let inner = panel::inside(&block, area);
    frame.render_widget(block, area);
    let played = scene.story.playing().all();
    let lines: Vec<Line<'_>> = chapters::ALL
        .iter()
        .enumerate()
        .map(|(number, chapter)| {
            let newest = played.iter().rfind(|own| own.chapter.name == chapter.name);
            let (state, style) = match newest {
                Some(Played { ended: None, .. }) => ("now".to_owned(), scene.look.colour(Color::Cyan).bold()),
                Some(Played { began, .. }) => (clock(*began), Style::new()),
                None => (format!("({})", clock(chapter.at)), scene.look.faint()),
            };
            Line::from(vec![
                Span::styled(format!("{} ", number + 1), scene.look.colour(Color::Cyan)),
                Span::styled(format!("{state:>7} "), scene.look.faint()),
                Span::styled(chapter.title, style),
            ])
        })
        .collect();
    frame.render_widget(Paragraph::new(lines), inner);
}

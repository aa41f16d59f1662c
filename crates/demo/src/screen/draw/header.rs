//! The first two lines, the last one, and the counters.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::style::{Color, Style};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use super::{Scene, panel};
use crate::lines::clock;
use crate::story::{Health, Spread};

/// The clock, how it goes, and what it came to so far.
pub(super) fn draw(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let lines = vec![title(scene), tally(scene, area.width >= 90)];
    frame.render_widget(Paragraph::new(lines), area);
}

fn title<'a>(scene: Scene<'_>) -> Line<'a> {
    let Scene { story, moment, look, .. } = scene;
    let ready = story.nodes().count_of(|node| node.health == Health::Ready);
    let speed = if moment.speed > 0.0 { format!("{}x", moment.speed) } else { "STOPPED".to_owned() };
    let speed_style = if moment.speed > 0.0 { Style::new() } else { look.colour(Color::Yellow).bold() };
    let is_braked = story.is_braked(moment.now);
    let brake = if is_braked { "   healing is paused" } else { "" };
    Line::from(vec![
        Span::styled(" Seaworthy ", Style::new().bold().reversed()),
        Span::raw("  "),
        Span::styled(clock(moment.now), Style::new().bold()),
        Span::raw("  "),
        Span::styled(speed, speed_style),
        Span::raw(format!("   nodes {ready}/{} ready", story.nodes().count())),
        Span::raw(format!("   pods {}/{} ready", story.pods().ready(), story.pods().count())),
        Span::styled(brake, look.colour(Color::Yellow).bold()),
    ])
}

fn tally<'a>(scene: Scene<'_>, has_room: bool) -> Line<'a> {
    let (tally, look) = (scene.story.tally(), scene.look);
    let mut spans = vec![Span::raw(" ")];
    let counts = [
        (tally.found, "found", Color::LightRed),
        (tally.healed, "healed", Color::Green),
        (tally.contained, "contained", Color::Green),
        (tally.held, "held", Color::Yellow),
        (tally.paged, "paged", Color::LightMagenta),
    ];
    for (count, word, colour) in counts {
        spans.push(Span::styled(format!("{count} {word}"), look.colour(colour).bold()));
        spans.push(Span::raw("  "));
    }
    for (word, spread) in [("detect", tally.to_detect), ("recover", tally.to_recover)] {
        if let Some(Spread { median_s, worst_s }) = spread {
            let worst = if has_room { format!(" (worst {worst_s}s)") } else { String::new() };
            spans.push(Span::styled(format!("{word} {median_s}s{worst}  "), look.faint()));
        }
    }
    Line::from(spans)
}

/// The same, with words, where there is room.
pub(super) fn counters(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let (tally, look) = (scene.story.tally(), scene.look);
    let block = panel::panel(scene, "So far", false);
    let inner = panel::inside(&block, area);
    frame.render_widget(block, area);
    let counted = [
        (tally.found, "found", Color::LightRed),
        (tally.folded, "folded under their causes", Color::Reset),
        (tally.healed, "healed", Color::Green),
        (tally.contained, "contained until over", Color::Green),
        (tally.held, "held by a rule", Color::Yellow),
        (tally.paged, "paged", Color::LightMagenta),
    ];
    let mut lines: Vec<Line<'_>> = counted
        .into_iter()
        .map(|(count, words, colour)| {
            Line::from(vec![
                Span::styled(format!("{count:>4} "), look.colour(colour).bold()),
                Span::raw(words),
            ])
        })
        .collect();
    for (words, spread) in [("to detect ", tally.to_detect), ("to recover", tally.to_recover)] {
        let figures = spread.map_or_else(
            || "-".to_owned(),
            |Spread { median_s, worst_s }| format!("median {median_s}s, worst {worst_s}s"),
        );
        lines.push(Line::styled(format!("{words}  {figures}"), look.faint()));
    }
    frame.render_widget(Paragraph::new(lines), inner);
}

/// What the last key came to, or what the keys do, as far as there is room.
pub(super) fn keys(frame: &mut Frame<'_>, area: Rect, scene: Scene<'_>) {
    let (state, look) = (scene.state, scene.look);
    if let Some(note) = &state.note {
        let line = Line::from(vec![
            Span::styled(format!(" {note}"), look.colour(Color::Cyan).bold()),
            Span::styled("   ? help  q quit", look.faint()),
        ]);
        return frame.render_widget(Paragraph::new(line), area);
    }
    if state.is_typing || !state.filter.is_empty() {
        let end = if state.is_typing { "_   Enter keeps it, Esc forgets it" } else { "   Esc forgets it" };
        let line = Line::from(vec![
            Span::styled(" filter: ", look.colour(Color::Cyan).bold()),
            Span::raw(format!("{}{end}", state.filter)),
        ]);
        return frame.render_widget(Paragraph::new(line), area);
    }
    let keys = [
        ("1-8", "break"),
        ("space", "stop"),
        ("+-", "speed"),
        ("tab", "panel"),
        ("enter", "why"),
        ("a/x", "decide"),
        ("/", "filter"),
        ("?", "help"),
        ("q", "quit"),
    ];
    let mut spans = Vec::new();
    // The filter is told of in the help, too.
    let has_room = area.width >= 90;
    for (key, word) in keys.into_iter().filter(|(key, _)| has_room || *key != "/") {
        spans.push(Span::styled(format!(" {key}"), look.colour(Color::Cyan).bold()));
        spans.push(Span::styled(format!(" {word}"), look.faint()));
    }
    frame.render_widget(Paragraph::new(Line::from(spans)), area);
}

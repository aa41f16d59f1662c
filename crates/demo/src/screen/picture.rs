//! A picture of a screen, as SVG: for the README, and to look at what was drawn.

use std::fmt::Write;

use ratatui::buffer::{Buffer, Cell};
use ratatui::style::{Color, Modifier};

/// A letter's size, in pixels.
const WIDTH: u16 = 9;
const HEIGHT: u16 = 19;
/// The room around all of it.
const MARGIN: u16 = 12;
const GROUND: &str = "#11161c";
const INK: &str = "#d7dde4";

/// Draws every letter where the terminal would.
pub fn svg(buffer: &Buffer) -> String {
    let area = buffer.area;
    let (width, height) = (area.width * WIDTH + 2 * MARGIN, area.height * HEIGHT + 2 * MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\">\n<rect width=\"100%\" height=\"100%\" rx=\"8\" fill=\"{GROUND}\"/>\n\
         <g font-family=\"DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"15\">\n"
    );
    for y in 0..area.height {
        for run in runs(buffer, y) {
            write_run(&mut text, &run, y);
        }
    }
    text.push_str("</g>\n</svg>\n");
    text
}

/// Letters of one style that stand beside each other.
struct Run<'a> {
    x: u16,
    length: u16,
    letters: String,
    cell: &'a Cell,
}

fn runs(buffer: &Buffer, y: u16) -> Vec<Run<'_>> {
    let mut runs: Vec<Run<'_>> = Vec::new();
    for x in 0..buffer.area.width {
        let cell = &buffer[(x, y)];
        match runs.last_mut() {
            Some(run) if run.cell.style() == cell.style() => {
                run.letters.push_str(cell.symbol());
                run.length += 1;
            }
            _ => runs.push(Run { x, length: 1, letters: cell.symbol().to_owned(), cell }),
        }
    }
    runs
}

fn write_run(text: &mut String, run: &Run<'_>, y: u16) {
    let (mut ink, mut ground) = (colour(run.cell.fg, INK), colour(run.cell.bg, GROUND));
    if run.cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut ground);
    }
    let (x, top, width) = (MARGIN + run.x * WIDTH, MARGIN + y * HEIGHT, run.length * WIDTH);
    if ground != GROUND {
        let _ = writeln!(
            text,
            "<rect x=\"{x}\" y=\"{top}\" width=\"{width}\" height=\"{HEIGHT}\" fill=\"{ground}\"/>"
        );
    }
    let weight = if run.cell.modifier.contains(Modifier::BOLD) { " font-weight=\"bold\"" } else { "" };
    let base = top + HEIGHT - 5;
    for (at, words) in phrases(&run.letters) {
        let (x, width) = (x + at * WIDTH, length(words) * WIDTH);
        let letters = words.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        let _ = writeln!(
            text,
            "<text x=\"{x}\" y=\"{base}\" textLength=\"{width}\" fill=\"{ink}\"{weight}>{letters}</text>"
        );
    }
}

/// Words with one space between them, and where each row of such begins: browsers disagree on what other
/// spaces are worth, and spread the letters to make up for those that they left out.
fn phrases(letters: &str) -> Vec<(u16, &str)> {
    let mut phrases = Vec::new();
    let mut at = 0;
    for phrase in letters.split("  ") {
        let words = phrase.trim();
        if !words.is_empty() {
            phrases.push((at + length(phrase) - length(phrase.trim_start()), words));
        }
        at += length(phrase) + 2;
    }
    phrases
}

/// In letters, each of which takes one place: the screen has no wide ones.
fn length(text: &str) -> u16 {
    text.chars().count() as u16
}

const fn colour(colour: Color, otherwise: &'static str) -> &'static str {
    match colour {
        Color::Green => "#4fbf67",
        Color::LightRed => "#ff6b6b",
        Color::Yellow => "#e5c04b",
        Color::LightBlue => "#6cb6ff",
        Color::LightMagenta => "#e08bff",
        Color::Cyan => "#56d4dd",
        Color::DarkGray => "#8b949e",
        _ => otherwise,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_letter_depends_on_what_a_space_is_worth() {
        for (letters, expected) in [
            ("    ", vec![]),
            (" a b ", vec![(1, "a b")]),
            ("a   b  c", vec![(0, "a"), (4, "b"), (7, "c")]),
            ("  │└ why", vec![(2, "│└ why")]),
        ] {
            assert_eq!(phrases(letters), expected, "{letters:?}");
        }
    }
}

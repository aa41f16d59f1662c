//! What the terminal can show.

use std::env;

use ratatui::style::{Color, Modifier, Style};

use crate::story::{Health, Kind, Node, Standing};

/// What the terminal can show. The sixteen colours of old are enough for us.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    /// Whether it shows colours.
    pub has_colours: bool,
    /// Whether it shows more than ASCII.
    pub has_unicode: bool,
}

/// Whether the terminal cannot place a cursor.
pub fn is_dumb() -> bool {
    env::var("TERM").is_ok_and(|term| term == "dumb")
}

impl Look {
    /// As the environment says: `NO_COLOR`, and the locale.
    pub fn of_environment() -> Self {
        let has_colours = env::var_os("NO_COLOR").is_none_or(|value| value.is_empty());
        // The first that is set counts, as for setlocale.
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .find_map(|name| env::var(name).ok().filter(|value| !value.is_empty()));
        let locale = locale.unwrap_or_default().to_ascii_lowercase();
        Self { has_colours, has_unicode: locale.contains("utf-8") || locale.contains("utf8") }
    }

    /// A text in a colour.
    pub(super) fn colour(self, colour: Color) -> Style {
        if self.has_colours { Style::new().fg(colour) } else { Style::new() }
    }

    /// What matters less.
    pub(super) fn faint(self) -> Style {
        if self.has_colours {
            Style::new().fg(Color::DarkGray)
        } else {
            Style::new().add_modifier(Modifier::DIM)
        }
    }

    /// A node on the map: a sign that tells without a colour, too.
    pub(super) fn node(self, node: &Node) -> (&'static str, Style) {
        match node {
            Node { health: Health::Silent, is_quarantined: false, .. } => {
                ("x", self.colour(Color::LightRed).bold())
            }
            Node { health: Health::NotReady, is_quarantined: false, .. } => {
                ("!", self.colour(Color::LightRed).bold())
            }
            Node { is_quarantined: true, .. } => ("Q", self.colour(Color::Yellow).bold()),
            Node { is_cordoned: true, .. } => ("c", self.colour(Color::Yellow)),
            _ => (if self.has_unicode { "■" } else { "o" }, self.colour(Color::Green)),
        }
    }

    /// A kind of entry.
    pub(super) fn kind(self, kind: Kind) -> Style {
        match kind {
            Kind::Chapter => self.colour(Color::Cyan).bold(),
            Kind::Mended | Kind::Answered => self.colour(Color::Cyan),
            Kind::Found => self.colour(Color::LightRed),
            Kind::Did => self.colour(Color::LightBlue),
            Kind::Held | Kind::Asked => self.colour(Color::Yellow).bold(),
            Kind::Healed => self.colour(Color::Green).bold(),
            Kind::GaveUp => self.colour(Color::LightMagenta).bold(),
            Kind::Paged => self.colour(Color::LightMagenta),
            Kind::Observed => self.colour(Color::Yellow),
            Kind::Folded | Kind::Over | Kind::Told => self.faint(),
        }
    }

    /// Where healing stands.
    pub(super) fn standing(self, standing: Standing) -> Style {
        match standing {
            Standing::Left => self.colour(Color::LightRed),
            Standing::Healing => self.colour(Color::LightBlue),
            Standing::Held | Standing::Asked => self.colour(Color::Yellow),
            Standing::GivenUp => self.colour(Color::LightMagenta),
            Standing::Healed => self.colour(Color::Green),
        }
    }
}

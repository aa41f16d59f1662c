//! Foreign texts, cut to what evidence shows.

/// Longest text of others that is kept, in bytes: the scheduler's words for some twenty reasons,
/// or the last lines of a log. Issues carry it as an annotation, and mails print it.
pub(crate) const TEXT_MAX: usize = 600;

/// The beginning of a text.
pub(crate) fn head(text: &str) -> Box<str> {
    let text = text.trim();
    if text.len() <= TEXT_MAX {
        return text.into();
    }
    format!("{}…", &text[..text.floor_char_boundary(TEXT_MAX)]).into()
}

/// The end of a text: what a program said last says most about why it ended.
pub(crate) fn tail(text: &str) -> Box<str> {
    let text = text.trim();
    if text.len() <= TEXT_MAX {
        return text.into();
    }
    format!("…{}", &text[text.ceil_char_boundary(text.len() - TEXT_MAX)..]).into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_texts_are_cut_between_characters_and_show_it() {
        let text = "ä".repeat(TEXT_MAX);
        for cut in [head(&text), tail(&text)] {
            assert!(cut.len() <= TEXT_MAX + '…'.len_utf8() && cut.contains('…'), "{cut}");
        }
        assert_eq!((&*head(" a\n"), &*tail(" b\n")), ("a", "b"));
        assert!(tail(&format!("{text}end")).ends_with("end"));
    }
}

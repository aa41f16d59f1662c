//! Text in lines of a width.

/// Breaks a text at spaces into lines of at most so many letters; the last of `most` lines ends with an
/// ellipsis where there is more. A word that is longer than a line is cut.
pub(super) fn wrap(text: &str, width: usize, most: usize, ellipsis: &str) -> Vec<String> {
    let width = width.max(8);
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let mut word: Vec<char> = word.chars().collect();
        loop {
            let line = lines.last_mut().expect("there is always one");
            let used = line.chars().count();
            let space = usize::from(used > 0);
            if used + space + word.len() <= width {
                if space > 0 {
                    line.push(' ');
                }
                line.extend(word);
                break;
            }
            if used == 0 {
                let rest = word.split_off(width);
                line.extend(word);
                word = rest;
            }
            lines.push(String::new());
        }
    }
    shorten(&mut lines, width, most, ellipsis);
    lines
}

/// Keeps so many lines; the last of them ends with an ellipsis where there were more.
pub(super) fn shorten(lines: &mut Vec<String>, width: usize, most: usize, ellipsis: &str) {
    if lines.len() <= most {
        return;
    }
    lines.truncate(most);
    if let Some(last) = lines.last_mut().filter(|last| !last.ends_with(ellipsis)) {
        *last = cut(&format!("{last}{ellipsis}"), width, ellipsis);
    }
}

/// A text of at most so many letters.
pub(super) fn cut(text: &str, width: usize, ellipsis: &str) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept = width.saturating_sub(ellipsis.chars().count());
    let kept: String = text.chars().take(kept).collect();
    format!("{}{ellipsis}", kept.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_break_at_spaces_and_end_with_an_ellipsis_where_there_is_more() {
        let text = "a pod of search hangs and nobody answers";
        assert_eq!(wrap(text, 16, 9, "…"), ["a pod of search", "hangs and nobody", "answers"]);
        assert_eq!(wrap(text, 16, 2, "…"), ["a pod of search", "hangs and nobod…"]);
        assert_eq!(wrap("abcdefghijkl", 8, 9, "…"), ["abcdefgh", "ijkl"]);
        let mut lines = ["a pod hangs", "and …", "healing"].map(str::to_owned).to_vec();
        shorten(&mut lines, 16, 2, "…");
        assert_eq!(lines, ["a pod hangs", "and …"], "one mark says it");
        shorten(&mut lines, 16, 1, "…");
        assert_eq!(lines, ["a pod hangs…"]);
        assert_eq!(wrap("", 16, 9, "…"), [""]);
    }
}

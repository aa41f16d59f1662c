//! How the cluster of the demo is worked on from another terminal.

use std::path::PathBuf;

/// What to say to whoever wants to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Visit {
    /// The file that a shell reads, so that commands in it work on the demo.
    pub env: PathBuf,
    /// The kubeconfig alone.
    pub kubeconfig: PathBuf,
}

/// What there is to try: subjects that a chapter befalls. No line is longer than the smallest screen shows.
const COMMANDS: &str = "\
Then kubectl, seaworthy and amtool work on this cluster:
  kubectl get pods -A                   seaworthy check
  seaworthy explain deploy/web -n shop  seaworthy issues
  seaworthy ack deploy/cart -n shop     seaworthy remediations
  amtool alert query                    seaworthy pause, resume";

impl Visit {
    /// How, in lines.
    pub fn text(&self) -> String {
        format!("From another terminal: source {}\n{COMMANDS}", quoted(&self.env.to_string_lossy()))
    }

    /// The same in one line of at most `width` letters, as much as fits, where the keys are told by `?`.
    pub fn hint(&self, width: usize) -> String {
        let place = format!("KUBECONFIG={}", self.kubeconfig.display());
        let hints = [
            format!("{place}   ? seaworthy, amtool"),
            format!("{place}   ? more"),
            "? for kubectl, seaworthy and amtool".to_owned(),
        ];
        hints.into_iter().find(|hint| hint.chars().count() <= width).unwrap_or_default()
    }
}

/// As one word of a shell's.
pub(crate) fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-:=".contains(&byte);
    if text.bytes().all(is_plain) { text.to_owned() } else { format!("'{}'", text.replace('\'', r"'\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn visit(folder: &str) -> Visit {
        Visit { env: format!("{folder}/env").into(), kubeconfig: format!("{folder}/kubeconfig").into() }
    }

    #[test]
    fn a_hint_says_as_much_as_there_is_room_for() {
        let place = "KUBECONFIG=/tmp/seaworthy-demo-40123/kubeconfig";
        let visit = visit("/tmp/seaworthy-demo-40123");
        assert_eq!(visit.hint(76), format!("{place}   ? seaworthy, amtool"));
        assert_eq!(visit.hint(60), format!("{place}   ? more"));
        assert_eq!(visit.hint(50), "? for kubectl, seaworthy and amtool");
        assert_eq!(visit.hint(20), "");
    }

    #[test]
    fn every_line_fits_the_smallest_screen() {
        const WIDTH: usize = 68;
        let text = visit("/tmp/seaworthy-demo-40123").text();
        let long: Vec<_> = text.lines().filter(|line| line.chars().count() > WIDTH).collect();
        assert!(long.is_empty(), "{long:?}");
    }

    #[test]
    fn a_word_is_one_word_whatever_is_in_it() {
        assert_eq!(quoted("/tmp/seaworthy-demo-1/env"), "/tmp/seaworthy-demo-1/env");
        assert_eq!(quoted("a b"), "'a b'");
        assert_eq!(quoted("it's $HOME"), r"'it'\''s $HOME'");
    }
}

//! What of a log is wanted. Each line of a log begins with its time.

use std::fmt::Write;

use jiff::{SignedDuration, Timestamp};

use crate::api::query::Query;
use crate::registry::Status;

/// What of a log is wanted.
#[derive(Clone, Debug, Default)]
pub(super) struct Cut {
    lines: Option<usize>,
    bytes: Option<usize>,
    since: Option<Timestamp>,
    /// Whether the time when it was written stands before each line.
    is_timed: bool,
}

impl Cut {
    pub(super) fn of(query: &Query, now: Timestamp) -> Result<Self, Status> {
        let number = |name| {
            query
                .number(name)
                .map(|number| number.map(|number| usize::try_from(number).unwrap_or(usize::MAX)))
        };
        let ago = query.number("sinceSeconds")?.and_then(|seconds| i64::try_from(seconds).ok());
        let since = match query.get("sinceTime") {
            "" => ago.and_then(|seconds| now.checked_sub(SignedDuration::from_secs(seconds)).ok()),
            time => Some(time.parse().map_err(|_| {
                Status::bad_request(&format!("invalid sinceTime \"{time}\": it is no RFC 3339 time"))
            })?),
        };
        let (lines, bytes) = (number("tailLines")?, number("limitBytes")?);
        Ok(Self { lines, bytes, since, is_timed: query.is_set("timestamps") })
    }

    /// That of a whole log.
    pub(super) fn whole(&self, log: &str) -> String {
        let wanted: Vec<&str> = log.split_inclusive('\n').filter(|line| self.is_since(line)).collect();
        let skipped = wanted.len().saturating_sub(self.lines.unwrap_or(usize::MAX));
        let mut cut = self.timed(&wanted[skipped..]);
        let mut end = self.bytes.unwrap_or(usize::MAX).min(cut.len());
        while !cut.is_char_boundary(end) {
            end -= 1;
        }
        cut.truncate(end);
        cut
    }

    /// That of what was written after it.
    pub(super) fn more(&self, log: &str) -> String {
        self.timed(&log.split_inclusive('\n').collect::<Vec<_>>())
    }

    fn is_since(&self, line: &str) -> bool {
        self.since.is_none_or(|since| time(line).parse::<Timestamp>().is_ok_and(|time| time >= since))
    }

    fn timed(&self, lines: &[&str]) -> String {
        if !self.is_timed {
            return lines.concat();
        }
        let mut timed = String::new();
        for line in lines {
            // A text takes everything.
            let _ = write!(timed, "{} {line}", time(line));
        }
        timed
    }
}

fn time(line: &str) -> &str {
    line.split(' ').next().unwrap_or_default().trim_end()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_cut_by_lines_then_bytes() {
        let log = "one\ntwo\nthree\n";
        for (lines, bytes, expected) in [
            (None, None, log),
            (Some(2), None, "two\nthree\n"),
            (Some(9), None, log),
            (Some(0), None, ""),
            (Some(2), Some(5), "two\nt"),
        ] {
            let cut = Cut { lines, bytes, ..Cut::default() };
            assert_eq!(cut.whole(log), expected, "{lines:?} {bytes:?}");
        }
    }

    #[test]
    fn lines_are_chosen_by_their_times() {
        let log = "2026-01-01T00:00:00Z INFO a\n2026-01-01T00:01:00Z INFO b\n";
        let since = Some("2026-01-01T00:00:30Z".parse().unwrap());
        let cut = Cut { since, is_timed: true, ..Cut::default() };
        assert_eq!(cut.whole(log), "2026-01-01T00:01:00Z 2026-01-01T00:01:00Z INFO b\n");
        assert_eq!(
            cut.more("2026-01-01T00:02:00Z INFO c\n"),
            "2026-01-01T00:02:00Z 2026-01-01T00:02:00Z INFO c\n"
        );
    }
}

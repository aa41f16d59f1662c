//! Times in templates: printed as Go prints them, and formatted by Go's layouts.

use jiff::Timestamp;
use jiff::fmt::strtime;
use jiff::tz::TimeZone;

const PRINTED: &str = "%Y-%m-%d %H:%M:%S +0000 UTC";

/// A time as Go prints it.
pub(super) fn to_go(time: Timestamp) -> String {
    let fraction = time.subsec_nanosecond();
    let seconds = strtime::format("%Y-%m-%d %H:%M:%S", time).unwrap_or_default();
    if fraction == 0 {
        return format!("{seconds} +0000 UTC");
    }
    let digits = format!("{fraction:09}");
    format!("{seconds}.{} +0000 UTC", digits.trim_end_matches('0'))
}

/// Reads back what [`to_go`] wrote.
pub(super) fn from_go(text: &str) -> Option<Timestamp> {
    let (seconds, fraction) = match text.split_once('.') {
        Some((seconds, rest)) => (format!("{seconds} +0000 UTC"), rest.split(' ').next()?.to_owned()),
        None => (text.to_owned(), String::new()),
    };
    let nanoseconds: i64 = format!("{fraction:0<9}").parse().ok()?;
    let civil = strtime::parse(PRINTED, &seconds).ok()?.to_datetime().ok()?;
    let whole = civil.to_zoned(TimeZone::UTC).ok()?.timestamp();
    whole.checked_add(jiff::SignedDuration::from_nanos(nanoseconds)).ok()
}

/// Go's layout words and what they are here; of those that begin alike the longer comes first.
const LAYOUT: [(&str, &str); 24] = [
    ("2006", "%Y"),
    ("January", "%B"),
    ("Jan", "%b"),
    ("Monday", "%A"),
    ("Mon", "%a"),
    ("MST", "%Z"),
    ("Z07:00", "%:z"),
    ("-07:00", "%:z"),
    ("-0700", "%z"),
    ("002", "%j"),
    ("01", "%m"),
    ("02", "%d"),
    ("03", "%I"),
    ("04", "%M"),
    ("05", "%S"),
    ("06", "%y"),
    ("15", "%H"),
    ("PM", "%p"),
    ("pm", "%P"),
    (".000000", ".%6f"),
    (".000", ".%3f"),
    ("_2", "%e"),
    ("1", "%-m"),
    ("2", "%-d"),
];

/// Formats a time (UTC) by a Go layout.
pub(super) fn format(time: Timestamp, layout: &str) -> Option<String> {
    let mut pattern = String::new();
    let mut rest = layout;
    while let Some(first) = rest.chars().next() {
        if let Some((go, ours)) = LAYOUT.iter().find(|(go, _)| rest.starts_with(go)) {
            pattern.push_str(if *go == "Z07:00" { "Z" } else { ours });
            rest = &rest[go.len()..];
        } else {
            pattern.push_str(if first == '%' { "%%" } else { &rest[..first.len_utf8()] });
            rest = &rest[first.len_utf8()..];
        }
    }
    strtime::format(&pattern, &time.to_zoned(TimeZone::UTC)).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_their_text() {
        for text in ["2026-01-02T03:04:05Z", "2026-01-02T03:04:05.120Z", "0001-01-01T00:00:00Z"] {
            let time: Timestamp = text.parse().unwrap();
            assert_eq!(from_go(&to_go(time)), Some(time), "{text}");
        }
        assert_eq!(to_go("2026-01-02T03:04:05.12Z".parse().unwrap()), "2026-01-02 03:04:05.12 +0000 UTC");
    }

    #[test]
    fn gos_layouts() {
        let time: Timestamp = "2026-01-02T15:04:05Z".parse().unwrap();
        for (layout, expected) in [
            ("2006-01-02T15:04:05Z07:00", "2026-01-02T15:04:05Z"),
            ("Mon, 02 Jan 2006 15:04:05 MST", "Fri, 02 Jan 2026 15:04:05 UTC"),
            ("Jan 2 at 03:04 PM", "Jan 2 at 03:04 PM"),
            ("at % 15", "at % 15"),
        ] {
            assert_eq!(format(time, layout).as_deref(), Some(expected), "{layout}");
        }
    }
}

//! What a newer alert with the same labels makes of the one that is known.

use super::Alert;

/// The alert that is true after `new` was received while `old` was known. They merge only where
/// their intervals overlap; else the new one stands for itself.
pub fn join(old: &Alert, new: Alert) -> Alert {
    let end_inside = new.ends_at > old.starts_at && new.ends_at < old.ends_at;
    let start_inside = new.starts_at > old.starts_at && new.starts_at < old.ends_at;
    if end_inside || start_inside { merge(old, new) } else { new }
}

/// The earliest start and the newest of everything else; of the ends:
/// - when the newer one resolves, its end, or the later of two resolves;
/// - when it fires, an older end survives if it is later and was not made by the time-out.
fn merge(old: &Alert, mut new: Alert) -> Alert {
    let now = new.updated_at;
    new.starts_at = new.starts_at.min(old.starts_at);
    let survives = if new.ended(now) { old.ended(now) } else { !old.timeout };
    if survives {
        new.ends_at = new.ends_at.max(old.ends_at);
    }
    new
}

#[cfg(test)]
mod tests {
    use super::super::testing::{alert, at};
    use super::*;

    #[test]
    fn ends_and_starts_merge_as_in_alertmanager() {
        // (old: start, end, made by time-out), (new: start, end, received) -> start, end
        for (what, old, new, expected) in [
            ("a refresh moves the end", (0, 300, false), (0, 360, 60), (0, 360)),
            ("the earliest start stays", (0, 300, false), (50, 360, 60), (0, 360)),
            ("a given later end survives a firing", (0, 600, false), (0, 360, 60), (0, 600)),
            ("a time-out does not survive", (0, 600, true), (10, 360, 60), (0, 360)),
            ("a newer resolve wins", (0, 600, false), (0, 60, 60), (0, 60)),
            ("of two resolves the later end", (0, 55, false), (0, 50, 60), (0, 55)),
            ("no overlap: the new one alone", (0, 50, false), (100, 400, 100), (100, 400)),
        ] {
            let mut known = alert(&[("a", "b")], old.0, old.1, 0);
            known.timeout = old.2;
            let joined = join(&known, alert(&[("a", "b")], new.0, new.1, new.2));
            assert_eq!((joined.starts_at, joined.ends_at), (at(expected.0), at(expected.1)), "{what}");
        }
    }

    #[test]
    fn the_newest_annotations_stay() {
        let mut old = alert(&[("a", "b")], 0, 300, 0);
        old.annotations.insert("summary".into(), "old".into());
        let mut new = alert(&[("a", "b")], 0, 200, 60);
        new.annotations.insert("summary".into(), "new".into());
        assert_eq!(join(&old, new).annotations["summary"], "new");
    }
}

//! From what was posted to what is kept, exactly as Alertmanager does it.

use jiff::{SignedDuration, Timestamp};
use model::labels::LabelSet;

use super::Alert;
use super::wire::{Batch, Posted};

/// What fills gaps.
#[derive(Clone, Copy, Debug)]
pub struct Defaults {
    /// How long an alert without an end lasts unless it is posted again.
    pub resolve_timeout: SignedDuration,
}

/// What a batch came to.
#[derive(Clone, Debug, Default)]
pub struct Ingested {
    /// Valid alerts, in the order posted.
    pub alerts: Vec<Alert>,
    /// What was wrong with the others.
    pub invalid: Vec<Invalid>,
    /// How many of all, valid or not, were firing.
    pub firing: u64,
    /// How many of all, valid or not, were over.
    pub resolved: u64,
}

/// Why an alert was not taken.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    /// Its end lies before its beginning.
    #[error("start time must be before end time")]
    EndsBeforeItStarts,
    /// It has no labels, or only empty ones.
    #[error("at least one label pair required")]
    NoLabels,
    /// A label without a name.
    #[error("invalid label set: invalid name \"\"")]
    LabelName,
    /// An annotation without a name.
    #[error("invalid annotations: invalid name \"\"")]
    AnnotationName,
}

/// Fills in missing times, removes labels with empty values, and parts the valid from the invalid.
pub fn normalise(batch: Batch, defaults: Defaults, now: Timestamp) -> Ingested {
    let mut ingested = Ingested::default();
    for posted in batch.0 {
        let alert = complete(posted, defaults, now);
        if alert.is_resolve() {
            ingested.resolved += 1;
        } else {
            ingested.firing += 1;
        }
        match validate(&alert) {
            Ok(()) => ingested.alerts.push(alert),
            Err(invalid) => ingested.invalid.push(invalid),
        }
    }
    ingested
}

fn complete(posted: Posted, defaults: Defaults, now: Timestamp) -> Alert {
    let starts_at = posted.starts_at.or(posted.ends_at).unwrap_or(now);
    let timeout = posted.ends_at.is_none();
    let ends_at =
        posted.ends_at.unwrap_or_else(|| now.saturating_add(defaults.resolve_timeout).unwrap_or(now));
    Alert {
        labels: without_empty(posted.labels),
        annotations: posted.annotations,
        starts_at,
        ends_at,
        timeout,
        generator_url: posted.generator_url,
        updated_at: now,
    }
}

fn without_empty(mut labels: LabelSet) -> LabelSet {
    labels.retain(|_, value| !value.is_empty());
    labels
}

fn validate(alert: &Alert) -> Result<(), Invalid> {
    if alert.ends_at < alert.starts_at {
        return Err(Invalid::EndsBeforeItStarts);
    }
    if alert.labels.is_empty() {
        return Err(Invalid::NoLabels);
    }
    if alert.labels.contains_key("") {
        return Err(Invalid::LabelName);
    }
    if alert.annotations.contains_key("") {
        return Err(Invalid::AnnotationName);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::at;
    use super::*;

    const FIVE_MINUTES: SignedDuration = SignedDuration::from_secs(300);

    fn ingest(body: &str, now: i64) -> Ingested {
        let batch = Batch::parse(body.as_bytes()).unwrap();
        normalise(batch, Defaults { resolve_timeout: FIVE_MINUTES }, at(now))
    }

    #[test]
    fn missing_times_are_filled_in() {
        // (posted, start, end, made by time-out), in seconds; now is 100.
        for (times, starts, ends, timeout) in [
            ("", 100, 400, true),
            (r#","startsAt":"2026-01-01T00:00:10Z""#, 10, 400, true),
            (r#","endsAt":"2026-01-01T00:00:50Z""#, 50, 50, false),
            (r#","endsAt":"2026-01-01T00:05:00Z""#, 300, 300, false),
        ] {
            let got = ingest(&format!(r#"[{{"labels":{{"a":"b"}}{times}}}]"#), 100);
            let alert = &got.alerts[0];
            assert_eq!(
                (alert.starts_at, alert.ends_at, alert.timeout),
                (at(starts), at(ends), timeout),
                "{times}"
            );
        }
    }

    #[test]
    fn an_end_that_has_come_is_a_resolve() {
        let body = r#"[{"labels":{"a":"b"},"endsAt":"2026-01-01T00:01:40Z"},{"labels":{"a":"c"}}]"#;
        let got = ingest(body, 100);
        assert_eq!((got.firing, got.resolved), (1, 1));
        assert!(got.alerts[0].is_resolve() && !got.alerts[1].is_resolve());
    }

    #[test]
    fn valid_alerts_are_kept_beside_invalid_ones() {
        let body = r#"[{"labels":{}},{"labels":{"a":"","b":"c"}},{"labels":{"a":""}},
            {"labels":{"x":"y"},"startsAt":"2026-01-01T00:00:10Z","endsAt":"2026-01-01T00:00:05Z"},
            {"labels":{"":"y"}},{"labels":{"x":"y"},"annotations":{"":"y"}}]"#;
        let got = ingest(body, 100);
        assert_eq!(got.alerts.len(), 1);
        assert_eq!(got.alerts[0].labels.keys().collect::<Vec<_>>(), ["b"]);
        let texts: Vec<String> = got.invalid.iter().map(ToString::to_string).collect();
        assert_eq!(
            texts,
            [
                "at least one label pair required",
                "at least one label pair required",
                "start time must be before end time",
                "invalid label set: invalid name \"\"",
                "invalid annotations: invalid name \"\"",
            ]
        );
    }
}

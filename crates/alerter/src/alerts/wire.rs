//! A batch of alerts as it is posted.

use jiff::Timestamp;
use model::labels::LabelSet;
use serde::Deserialize;

use crate::notification::NO_TIME;

/// The most alerts in one request: forty of Prometheus's batches. A request is held in memory
/// until the journal has it.
const ALERTS_MAX: usize = 10_000;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Raw {
    labels: Option<LabelSet>,
    #[serde(default)]
    annotations: Option<LabelSet>,
    #[serde(default)]
    starts_at: Option<String>,
    #[serde(default)]
    ends_at: Option<String>,
    #[serde(default, rename = "generatorURL")]
    generator_url: Option<String>,
}

/// An alert as it was posted, times still optional.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posted {
    /// As posted, empty values included.
    pub labels: LabelSet,
    /// As posted.
    pub annotations: LabelSet,
    /// As posted.
    pub starts_at: Option<Timestamp>,
    /// As posted.
    pub ends_at: Option<Timestamp>,
    /// As posted.
    pub generator_url: String,
}

/// What one request posts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Batch(pub Vec<Posted>);

/// Why a whole batch was dropped. As in Alertmanager, this happens before any of it is looked at
/// as an alert.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Rejected {
    /// 400: not JSON, or a time that is none.
    #[error("parsing alerts body from \"\" failed, because {0}")]
    Malformed(String),
    /// 422: a required part is missing.
    #[error("validation failure list:\n{0}")]
    Missing(String),
    /// 413: more than is taken at once.
    #[error("{0} alerts are more than the {ALERTS_MAX} of one request: post them in batches")]
    TooMany(usize),
}

impl Batch {
    /// Reads a request's body.
    pub fn parse(body: &[u8]) -> Result<Self, Rejected> {
        let raw: Vec<Raw> =
            serde_json::from_slice(body).map_err(|error| Rejected::Malformed(error.to_string()))?;
        if raw.len() > ALERTS_MAX {
            return Err(Rejected::TooMany(raw.len()));
        }
        let missing: Vec<String> = raw
            .iter()
            .enumerate()
            .filter(|(_, alert)| alert.labels.is_none())
            .map(|(index, _)| format!("{index}.labels in body is required"))
            .collect();
        if !missing.is_empty() {
            return Err(Rejected::Missing(missing.join("\n")));
        }
        raw.into_iter().map(posted).collect::<Result<_, _>>().map(Self)
    }
}

fn posted(raw: Raw) -> Result<Posted, Rejected> {
    Ok(Posted {
        labels: raw.labels.unwrap_or_default(),
        annotations: raw.annotations.unwrap_or_default(),
        starts_at: time(raw.starts_at.as_deref())?,
        ends_at: time(raw.ends_at.as_deref())?,
        generator_url: raw.generator_url.unwrap_or_default(),
    })
}

fn time(text: Option<&str>) -> Result<Option<Timestamp>, Rejected> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    let time: Timestamp = text
        .parse()
        .map_err(|error: jiff::Error| Rejected::Malformed(format!("parsing time {text:?}: {error}")))?;
    // Clients written in Go send their zero time for "not given", some with milliseconds.
    Ok((time != NO_TIME).then_some(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_labels_and_bad_times_drop_the_whole_batch() {
        let rejected = |body: &str| Batch::parse(body.as_bytes()).unwrap_err();
        let missing = rejected(r#"[{"labels":{"a":"b"}},{"annotations":{}}]"#);
        assert_eq!(missing, Rejected::Missing("1.labels in body is required".into()));
        for body in ["{}", "[", r#"[{"labels":{"a":"b"},"startsAt":"soon"}]"#, r#"[{"labels":{"a":1}}]"#] {
            assert!(matches!(rejected(body), Rejected::Malformed(_)), "{body}");
        }
    }

    #[test]
    fn times_are_optional_in_every_way_that_clients_leave_them_out() {
        for part in [
            "",
            r#","endsAt":null"#,
            r#","endsAt":"""#,
            r#","endsAt":"0001-01-01T00:00:00Z""#,
            r#","endsAt":"0001-01-01T00:00:00.000Z""#,
        ] {
            let batch = Batch::parse(format!(r#"[{{"labels":{{"a":"b"}}{part}}}]"#).as_bytes()).unwrap();
            assert_eq!(batch.0[0].ends_at, None, "{part}");
        }
        let body = br#"[{"labels":{"a":"b"},"startsAt":"2026-01-01T01:00:00.123+01:00"}]"#;
        let expected: Timestamp = "2026-01-01T00:00:00.123Z".parse().unwrap();
        assert_eq!(Batch::parse(body).unwrap().0[0].starts_at, Some(expected));
    }
}

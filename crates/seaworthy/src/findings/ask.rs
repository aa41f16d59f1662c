//! Asking who knows. What is open is the monitor's to say; how people are told of it, the alerter's.

use std::collections::BTreeMap;

use anyhow::bail;
use clap::Args;
use environment::Environment;
use jiff::Timestamp;
use model::alert::{self, PostableAlert};
use model::issue::Key;
use net::http::Endpoint;
use net::tls::Identity;
use serde::Deserialize;

use super::{Finding, Findings};
use crate::clock;
use crate::peer::{self, Peer};

/// Who knows what is wrong
#[derive(Args, Clone)]
#[command(next_help_heading = "Service")]
pub(crate) struct Watcher {
    /// A running monitor, which knows what is open: https://127.0.0.1:8441, with --identity
    #[arg(long, value_name = "URL", env = "SEAWORTHY_MONITOR", hide_env_values = true)]
    pub(crate) monitor: Option<String>,
}

/// An alert as the API v2 lists it; the rest of its fields is not read.
#[derive(Deserialize)]
struct Listed {
    #[serde(flatten)]
    alert: PostableAlert,
    #[serde(default)]
    status: Status,
}

/// What the alerter says of an alert.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Status {
    silenced_by: Vec<String>,
    inhibited_by: Vec<String>,
}

/// Asks the monitor that was named, and the alerter that was named for how people are told; the alerter alone where no
/// monitor was.
pub(crate) async fn ask(
    watcher: &Watcher,
    peer: &Peer,
    environment: &Environment,
) -> anyhow::Result<Findings> {
    let told = match &peer.alerter {
        Some(_) => Some(told(&peer.alerter(environment).await?).await?),
        None => None,
    };
    let Some(url) = &watcher.monitor else {
        return match told {
            Some((findings, at)) => Ok(Findings::of_alerter(findings, at)),
            None => bail!(
                "whom to ask? name a running monitor with --monitor or SEAWORTHY_MONITOR (https://127.0.0.1:8441 \
                 behind `kubectl port-forward`, with --identity), or an alerter with --alerter or SEAWORTHY_ALERTER \
                 (http://127.0.0.1:9093); without either, `seaworthy check` looks itself"
            ),
        };
    };
    let monitor = peer.service("--monitor", url, &Identity::monitor(), environment).await?;
    let answer = peer::get_with_head::<Findings>(&monitor, "/api/v1/issues").await?;
    let at = clock::by(answer.headers())?.now();
    let mut findings = Findings { at: Some(at), ..answer.into_body() };
    if let Some((told, _)) = told {
        let mut states: BTreeMap<Key, Option<String>> =
            told.into_iter().map(|finding| (finding.issue.key(), finding.state)).collect();
        for finding in &mut findings.issues {
            finding.state = states.remove(&finding.issue.key()).flatten();
        }
    }
    Ok(findings)
}

/// The issues that an alerter knows, and what time it was there; alerts of others are not issues.
async fn told(alerter: &Endpoint) -> anyhow::Result<(Vec<Finding>, Timestamp)> {
    let answer = peer::get_with_head::<Vec<Listed>>(alerter, "/api/v2/alerts").await?;
    let (at, listed) = (clock::by(answer.headers())?.now(), answer.into_body());
    // The API v2 has no words for these.
    let mut quiet = BTreeMap::new();
    for state in ["held", "acknowledged"] {
        let path = format!("/api/v1/episodes?state={state}");
        for episode in peer::get::<peer::Episodes>(alerter, &path).await?.episodes {
            quiet.insert(episode.labels, state);
        }
    }
    let finding = |Listed { alert, status }: Listed| {
        let report = alert::report(&alert).ok().filter(|report| report.resolution.is_none())?;
        let state = match (status.silenced_by.is_empty(), status.inhibited_by.is_empty()) {
            (false, _) => "silenced",
            (true, false) => "inhibited",
            (true, true) => quiet.get(&alert.labels).copied().unwrap_or("firing"),
        };
        Some(Finding { issue: report.issue, state: Some(state.to_owned()) })
    };
    Ok((listed.into_iter().filter_map(finding).collect(), at))
}

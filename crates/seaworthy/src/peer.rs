//! A running service that a command asks.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::Args;
use environment::Environment;
use http::Response;
use model::alert::{self, PostableAlert};
use net::http::{Client, Endpoint, Roots};
use net::tls::{Files, Identity, Reloading};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

/// A person waits: long enough for a loaded service, short enough to be told.
const DEADLINE: Duration = Duration::from_secs(10);
/// Fifty thousand alerts of a kilobyte: more than a person's terminal can use.
const ANSWER_MAX: usize = 64 * 1024 * 1024;

/// Whom to ask
#[derive(Args, Clone)]
#[command(next_help_heading = "Service")]
pub(crate) struct Peer {
    /// A running alerter: http://127.0.0.1:9093 behind `kubectl port-forward`, https://… with --identity or --ca
    #[arg(long, value_name = "URL", env = "SEAWORTHY_ALERTER", hide_env_values = true)]
    pub(crate) alerter: Option<String>,
    /// Who we are: a folder with ca.crt, tls.crt and tls.key, as `seaworthy certs` makes for `operator`
    #[arg(long, value_name = "FOLDER", env = "SEAWORTHY_IDENTITY", conflicts_with = "ca")]
    identity: Option<PathBuf>,
    /// Whom to trust where no identity is asked for: a PEM file; without it, the CAs of the system
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CA")]
    ca: Option<PathBuf>,
}

/// An issue, and what the alerter makes of it.
pub(crate) struct Reported {
    pub(crate) report: alert::Report,
    pub(crate) status: Status,
}

/// What the alerter says of an alert.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(crate) struct Status {
    /// `active`, `suppressed` or `unprocessed`.
    pub(crate) state: String,
    pub(crate) silenced_by: Vec<String>,
    pub(crate) inhibited_by: Vec<String>,
}

/// As the API v2 lists it; the rest of its fields is not read.
#[derive(Deserialize)]
struct Listed {
    #[serde(flatten)]
    alert: PostableAlert,
    #[serde(default)]
    status: Status,
}

impl Peer {
    /// The alerter, if one was named.
    pub(crate) async fn alerter(&self, environment: &Environment) -> anyhow::Result<Endpoint> {
        let Some(url) = &self.alerter else {
            bail!(
                "which alerter? name a running one with --alerter or SEAWORTHY_ALERTER, for example \
                 `kubectl -n seaworthy port-forward svc/seaworthy-alerter 9093` and --alerter http://127.0.0.1:9093"
            );
        };
        let client = if let Some(folder) = &self.identity {
            let ours = Reloading::load(environment, Files::in_folder(folder)).await?;
            Client::to_service(environment, &ours, &Identity::alerter())
        } else {
            let roots = self.ca.clone().map_or(Roots::System, Roots::File);
            Client::outbound(environment, roots).await?
        };
        Endpoint::new(url, client.with_response_max(ANSWER_MAX)).context("--alerter")
    }
}

/// The issues that an alerter knows; alerts of others are not issues.
pub(crate) async fn issues(alerter: &Endpoint) -> anyhow::Result<Vec<Reported>> {
    let listed: Vec<Listed> = get(alerter, "/api/v2/alerts").await?;
    let reported =
        |Listed { alert, status }: Listed| Some(Reported { report: alert::report(&alert).ok()?, status });
    Ok(listed.into_iter().filter_map(reported).collect())
}

/// Asks the alerter for something.
pub(crate) async fn get<T: DeserializeOwned>(alerter: &Endpoint, path: &str) -> anyhow::Result<T> {
    let answer = good(alerter, alerter.get(path, DEADLINE).await?)?;
    serde_json::from_slice(answer.body())
        .with_context(|| format!("{alerter} does not answer as an alerter: is the address right?"))
}

/// Tells the alerter something.
pub(crate) async fn post<T: Serialize>(alerter: &Endpoint, path: &str, body: &T) -> anyhow::Result<()> {
    let body = Bytes::from(serde_json::to_vec(body)?);
    good(alerter, alerter.post_json(path, body, DEADLINE).await?).map(drop)
}

fn good(alerter: &Endpoint, answer: Response<Bytes>) -> anyhow::Result<Response<Bytes>> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    bail!("{alerter} answers {}: {}", answer.status(), words(answer.body()))
}

/// What went wrong, from problem+json where it is that.
fn words(body: &[u8]) -> String {
    let problem: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let detail = problem.as_ref().and_then(|problem| problem["detail"].as_str());
    detail.map_or_else(|| first_line(body), str::to_owned)
}

fn first_line(body: &[u8]) -> String {
    String::from_utf8_lossy(body).lines().next().unwrap_or_default().chars().take(200).collect()
}

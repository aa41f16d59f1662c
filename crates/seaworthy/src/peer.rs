//! A running service that a command asks.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Context, bail};
use bytes::Bytes;
use clap::Args;
use environment::Environment;
use http::Response;
use model::labels::LabelSet;
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
    #[arg(
        long,
        value_name = "FOLDER",
        env = "SEAWORTHY_IDENTITY",
        hide_env_values = true,
        conflicts_with = "ca"
    )]
    identity: Option<PathBuf>,
    /// Whom to trust where no identity is asked for: a PEM file; without it, the CAs of the system
    #[arg(long, value_name = "FILE", env = "SEAWORTHY_CA", hide_env_values = true)]
    ca: Option<PathBuf>,
}

/// The alerter's list of episodes, as far as it is read here.
#[derive(Deserialize)]
pub(crate) struct Episodes {
    pub(crate) episodes: Vec<Episode>,
}

/// An episode of an alert.
#[derive(Deserialize)]
pub(crate) struct Episode {
    pub(crate) key: String,
    pub(crate) labels: LabelSet,
    /// There when it is over.
    #[serde(default)]
    pub(crate) ended: Option<serde_json::Value>,
}

impl Peer {
    /// The alerter, if one was named.
    pub(crate) async fn alerter(&self, environment: &Environment) -> anyhow::Result<Endpoint> {
        let Some(url) = &self.alerter else {
            bail!(
                "which alerter? name a running one with --alerter or SEAWORTHY_ALERTER, for example \
                 `kubectl -n seaworthy-system port-forward svc/seaworthy-alerter 9093` and --alerter http://127.0.0.1:9093"
            );
        };
        self.service("--alerter", url, &Identity::alerter(), environment).await
    }

    /// The service of this identity at an address that an option named.
    pub(crate) async fn service(
        &self,
        option: &'static str,
        url: &str,
        identity: &Identity,
        environment: &Environment,
    ) -> anyhow::Result<Endpoint> {
        // Whom an identity is for speaks TLS; a plain address beside it is asked plainly.
        let identified = self.identity.as_ref().filter(|_| !url.starts_with("http://"));
        let client = if let Some(folder) = identified {
            let ours = Reloading::load(environment, Files::in_folder(folder)).await?;
            Client::to_service(environment, &ours, identity)
        } else {
            let roots = self.ca.clone().map_or(Roots::System, Roots::File);
            Client::outbound(environment, roots).await?
        };
        Endpoint::new(url, client.with_response_max(ANSWER_MAX)).context(option)
    }
}

/// Asks a service for something.
pub(crate) async fn get<T: DeserializeOwned>(service: &Endpoint, path: &str) -> anyhow::Result<T> {
    Ok(get_with_head(service, path).await?.into_body())
}

/// The same, with the answer's head, which says what time it is there.
pub(crate) async fn get_with_head<T: DeserializeOwned>(
    service: &Endpoint,
    path: &str,
) -> anyhow::Result<Response<T>> {
    let (head, body) = good(service, service.get(path, DEADLINE).await?)?.into_parts();
    let value = serde_json::from_slice(&body).with_context(|| {
        format!("{service} does not answer as expected: is the address right, and the version ours?")
    })?;
    Ok(Response::from_parts(head, value))
}

/// Tells a service something.
pub(crate) async fn post<T: Serialize>(service: &Endpoint, path: &str, body: &T) -> anyhow::Result<()> {
    let body = Bytes::from(serde_json::to_vec(body)?);
    good(service, service.post_json(path, body, DEADLINE).await?).map(drop)
}

fn good(service: &Endpoint, answer: Response<Bytes>) -> anyhow::Result<Response<Bytes>> {
    if answer.status().is_success() {
        return Ok(answer);
    }
    bail!("{service} answers {}: {}", answer.status(), words(answer.body()))
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

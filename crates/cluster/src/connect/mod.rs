//! A client for the cluster that the user, or the pod, means.
//!
//! Errors say what to do about them, and none of them contains a token, a key, or what a plug-in
//! printed.

mod error;
mod search;

use std::path::PathBuf;
use std::time::Duration;

use kube::config::{AuthInfo, KubeConfigOptions, Kubeconfig};
use kube::{Client, Config};

use crate::transport::{self, Failure};
use search::{Found, Surroundings};

pub use error::Error;

/// How long a TCP connection and its TLS handshake may take. On one network they take
/// milliseconds, around the world a second.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a request's bytes may wait to be taken.
const WRITE_TIMEOUT: Duration = Duration::from_secs(30);

/// How long the first answer may take.
const PROBE_DEADLINE: Duration = Duration::from_secs(10);

/// Which cluster, and as whom. By default what `kubectl` would take.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// This file and no other.
    pub kubeconfig: Option<PathBuf>,
    /// This context rather than the current one.
    pub context: Option<String>,
    /// Act as this user, where RBAC allows it.
    pub impersonate: Option<String>,
}

/// A client, and what it leads to.
#[derive(Clone)]
pub struct Connection {
    /// The client. It never tries anything again by itself.
    pub client: Client,
    /// The namespace of the context, or of the pod.
    pub default_namespace: String,
    /// The API server's address.
    pub server_url: String,
    /// The context that was taken; `None` in a pod.
    pub context: Option<String>,
    /// What the credentials say of themselves, for errors.
    credentials: Credentials,
}

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Connection")
            .field("server_url", &self.server_url)
            .field("context", &self.context)
            .finish_non_exhaustive()
    }
}

/// What credentials say of themselves, without being told.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Credentials {
    /// Until when a token says it is good.
    good_until: Option<jiff::Timestamp>,
}

/// Makes a client and asks the server one question with it, so that whatever is wrong is said
/// now rather than by the first watch.
pub async fn connect(options: &Options) -> Result<Connection, Error> {
    let connection = open(options).await?;
    connection.probe().await?;
    Ok(connection)
}

/// Makes a client without asking the server anything: for services, which outlive its absence.
pub async fn open(options: &Options) -> Result<Connection, Error> {
    open_in(options, &Surroundings::of_this_process()).await
}

async fn open_in(options: &Options, surroundings: &Surroundings) -> Result<Connection, Error> {
    let (mut config, context) = match search::find(options.kubeconfig.as_deref(), surroundings)? {
        Found::Files { kubeconfig, described } => {
            let context = options.context.clone().or_else(|| kubeconfig.current_context.clone());
            (from_kubeconfig(*kubeconfig, options, &described).await?, context)
        }
        Found::Pod if options.context.is_some() => return Err(Error::NoContextInPod),
        Found::Pod => (Config::incluster().map_err(|error| Error::Pod(error.to_string()))?, None),
    };
    if let Some(user) = &options.impersonate {
        config.auth_info.impersonate = Some(user.clone());
    }
    // A mutation tried again is a second mutation; who may try again knows what it was.
    config.default_retry = false;
    config.connect_timeout = Some(CONNECT_TIMEOUT);
    config.write_timeout = Some(WRITE_TIMEOUT);
    // Reading has deadlines of its own: a watch is silent for a minute at a time.
    config.read_timeout = None;
    let (server_url, default_namespace) = (config.cluster_url.to_string(), config.default_namespace.clone());
    let credentials = Credentials { good_until: token_expiry(&config.auth_info) };
    let plugin = config.auth_info.exec.as_ref().and_then(|exec| exec.command.clone());
    let client = Client::try_from(config).map_err(|error| error::of_client(&error, plugin.as_deref()))?;
    Ok(Connection { client, default_namespace, server_url, context, credentials })
}

impl Connection {
    /// Asks the server for its version: reachable, trusted, and do the credentials count?
    pub async fn probe(&self) -> Result<(), Error> {
        match transport::call(&self.client, transport::get("/version"), PROBE_DEADLINE).await {
            // Not being allowed to see the version is an answer to the question asked.
            Ok(_) => Ok(()),
            Err(Failure::Refused(refusal)) if refusal.code == 403 => Ok(()),
            Err(Failure::Refused(refusal)) if refusal.code == 401 => {
                Err(Error::Unauthorized { server: self.server_url.clone(), who: self.describe_credentials() })
            }
            Err(Failure::Refused(refusal)) => {
                Err(Error::Refused { server: self.server_url.clone(), refusal })
            }
            Err(Failure::NotSent(problem) | Failure::Lost(problem)) => {
                Err(Error::Unreachable { server: self.server_url.clone(), problem })
            }
        }
    }

    fn describe_credentials(&self) -> String {
        let whose = match &self.context {
            Some(context) => format!("the credentials of context {context:?}"),
            None => "the pod's ServiceAccount token".to_owned(),
        };
        match self.credentials.good_until {
            Some(until) => format!("{whose} (a token good until {until})"),
            None => whose,
        }
    }
}

async fn from_kubeconfig(
    kubeconfig: Kubeconfig,
    options: &Options,
    described: &str,
) -> Result<Config, Error> {
    let known: Vec<String> = kubeconfig.contexts.iter().map(|context| context.name.clone()).collect();
    let choice = KubeConfigOptions { context: options.context.clone(), ..KubeConfigOptions::default() };
    Config::from_custom_kubeconfig(kubeconfig, &choice)
        .await
        .map_err(|error| error::of_kubeconfig(&error, described, &known))
}

/// When an inline token expires, by its own word. Only its middle part is looked at, and nothing
/// of it is kept but the date.
fn token_expiry(auth: &AuthInfo) -> Option<jiff::Timestamp> {
    use base64::Engine;
    // The kubeconfig's own serializer is the way to a secret that needs no further dependency.
    let auth = serde_json::to_value(auth).ok()?;
    let payload = auth["token"].as_str()?.split('.').nth(1)?;
    let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    jiff::Timestamp::from_second(claims["exp"].as_i64()?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TOKEN: &str = "s3cret-token";

    /// A kubeconfig for `server`, with a token that must never be seen again.
    fn kubeconfig(server: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: here\n\
             contexts:\n- name: here\n  context: {{cluster: c, user: u, namespace: shop}}\n\
             clusters:\n- name: c\n  cluster: {{server: \"{server}\"}}\n\
             users:\n- name: u\n  user: {{token: {TOKEN}}}\n"
        )
    }

    fn write(text: &str) -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config");
        std::fs::write(&path, text).unwrap();
        (folder, path)
    }

    async fn fails(text: &str, context: Option<&str>) -> String {
        let (_folder, path) = write(text);
        let options =
            Options { kubeconfig: Some(path), context: context.map(str::to_owned), impersonate: None };
        let error = connect(&options).await.expect_err("it connected");
        let shown = format!("{error} {error:?}");
        assert!(!shown.contains(TOKEN), "the token leaked: {shown}");
        error.to_string()
    }

    #[tokio::test]
    async fn without_any_kubeconfig_the_error_says_where_it_looked() {
        let folder = tempfile::tempdir().unwrap();
        let surroundings = Surroundings {
            kubeconfig: Some("/nowhere/a:/nowhere/b".into()),
            home: Some(folder.path().to_owned()),
            is_pod: false,
        };
        let error = open_in(&Options::default(), &surroundings).await.unwrap_err().to_string();
        for part in ["/nowhere/a", "/nowhere/b", "--kubeconfig", "KUBECONFIG"] {
            assert!(error.contains(part), "{error}");
        }
        let surroundings = Surroundings { kubeconfig: None, ..surroundings };
        let error = open_in(&Options::default(), &surroundings).await.unwrap_err().to_string();
        assert!(error.contains(".kube/config"), "{error}");
    }

    #[tokio::test]
    async fn a_file_that_is_missing_or_no_kubeconfig_is_named() {
        let options = Options { kubeconfig: Some("/nowhere/config".into()), ..Options::default() };
        let error = connect(&options).await.unwrap_err().to_string();
        assert!(error.contains("/nowhere/config"), "{error}");
        let error = fails(&format!("users:\n- name: u\n  user: {{token: [{TOKEN}\n"), None).await;
        assert!(error.contains("not a kubeconfig"), "{error}");
    }

    #[tokio::test]
    async fn a_context_that_is_not_there_is_answered_with_those_that_are() {
        let text = kubeconfig("https://127.0.0.1:1");
        let error = fails(&text, Some("there")).await;
        assert!(error.contains("\"there\"") && error.contains("here"), "{error}");
        let error = fails(&text.replace("current-context: here\n", ""), None).await;
        assert!(error.contains("--context") && error.contains("here"), "{error}");
        let error = fails(&text.replace("cluster: c,", "cluster: gone,"), None).await;
        assert!(error.contains("cluster"), "{error}");
    }

    #[tokio::test]
    async fn a_server_that_is_not_there_is_named_with_its_address() {
        // Port 1 of loopback: nobody listens there.
        let error = fails(&kubeconfig("https://127.0.0.1:1"), None).await;
        assert!(error.contains("https://127.0.0.1:1") && error.contains("cannot be reached"), "{error}");
    }

    #[tokio::test]
    async fn a_plugin_that_fails_is_named_and_what_it_printed_is_not() {
        let exec = format!(
            "exec: {{apiVersion: client.authentication.k8s.io/v1, command: sh, \
             args: [-c, \"echo {TOKEN}; exit 3\"], interactiveMode: Never}}"
        );
        let text =
            kubeconfig("https://127.0.0.1:1").replace(&format!("{{token: {TOKEN}}}"), &format!("{{{exec}}}"));
        let error = fails(&text, None).await;
        assert!(error.contains("plug-in") && error.contains("(sh)") && error.contains('3'), "{error}");
    }

    /// A server on loopback that answers every request with `answer`.
    async fn server(answer: &'static str) -> String {
        use tokio::io::{AsyncReadExt, AsyncWriteExt};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        environment::Environment::test(1).spawn("server", async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let _ = stream.read(&mut [0; 4096]).await;
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        format!("http://{address}")
    }

    #[tokio::test]
    async fn credentials_that_do_not_count_are_said_not_to() {
        let refusal = "HTTP/1.1 401 Unauthorized\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        let error = fails(&kubeconfig(&server(refusal).await), None).await;
        assert!(error.contains("not accepted") && error.contains("context \"here\""), "{error}");
    }

    #[tokio::test]
    async fn a_good_answer_gives_a_connection() {
        let answer = "HTTP/1.1 200 OK\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
        let url = server(answer).await;
        let (_folder, path) = write(&kubeconfig(&url));
        let options = Options { kubeconfig: Some(path), ..Options::default() };
        let connection = connect(&options).await.unwrap();
        assert_eq!(connection.default_namespace, "shop");
        assert_eq!(connection.server_url.trim_end_matches('/'), url);
        assert_eq!(connection.context.as_deref(), Some("here"));
    }

    #[test]
    fn a_tokens_own_expiry_is_found() {
        use base64::Engine;
        let payload = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(r#"{"exp":1767225600}"#);
        let auth: AuthInfo =
            serde_json::from_value(serde_json::json!({"token": format!("h.{payload}.s")})).unwrap();
        assert_eq!(token_expiry(&auth).map(|t| t.to_string()).as_deref(), Some("2026-01-01T00:00:00Z"));
        let auth: AuthInfo = serde_json::from_value(serde_json::json!({"token": TOKEN})).unwrap();
        assert_eq!(token_expiry(&auth), None);
    }
}

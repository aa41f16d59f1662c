//! TLS over sockets: the API that others use, the one for our own services, and receivers.

mod common;

use std::path::Path;
use std::time::Duration;

use alerter::Service;
use axum::http::Method;
use axum::routing::post;
use axum::{Json, Router};
use common::{Alerter, Folder, Hook, eventually, to_hook};
use environment::{Drain, Environment};
use model::config::alerter::{AlerterTls, ApiSecurity};
use net::certs::{Options as Certificates, write_tree};
use net::http::{Client, Error, Roots};
use net::server::Security;
use net::tls::{Files, Identity, Reloading};
use tokio::sync::mpsc;

const PATIENCE: Duration = Duration::from_secs(10);
const HOLD: &str =
    r#"{"cluster":"c","lineage":"Node/n","check":"X","remediation":"r","state":"taken","remainingMs":1000}"#;

/// An authority and identities, valid for loopback.
fn certificates(environment: &Environment, folder: &Path) {
    let mut options = Certificates::new(folder);
    options.hosts.insert("127.0.0.1".to_owned());
    write_tree(&options, environment.now()).unwrap();
}

async fn identity(environment: &Environment, folder: &Path, name: &str) -> Reloading {
    Reloading::load(environment, Files::in_folder(&folder.join(name))).await.unwrap()
}

struct Running {
    environment: Environment,
    folder: Folder,
    hook: Hook,
    api: String,
    internal: String,
    metrics: String,
    _drain: Drain,
}

impl Running {
    /// An alerter with certificates on ports of loopback.
    async fn start() -> Self {
        let environment = Environment::real(13);
        let hook = Hook::start(&environment).await;
        let folder = Folder::new(&to_hook(&hook));
        certificates(&environment, &folder.join("certificates"));
        let mut options = folder.options();
        let files = Files::in_folder(Path::new("certificates/alerter"));
        options.config.tls = Some(AlerterTls { ca: files.ca, cert: files.cert, key: files.key });
        let listen = &mut options.config.listen;
        listen.api_security = ApiSecurity::Tls;
        let free = "127.0.0.1:0".parse().unwrap();
        (listen.api, listen.internal, listen.metrics) = (free, free, free);
        let bound = Service::open(options, &environment).await.unwrap().bind().await.unwrap();
        let addresses = bound.addresses().unwrap();
        let (drain, drained) = environment::drain();
        environment.fork("run").spawn("alerter", async move { bound.run(drained).await.unwrap() });
        Self {
            api: format!("https://{}/api/v2/alerts", addresses.api),
            internal: format!("https://{}", addresses.internal.unwrap()),
            metrics: format!("http://{}/metrics", addresses.metrics),
            environment,
            folder,
            hook,
            _drain: drain,
        }
    }

    async fn as_service(&self, name: &str) -> Client {
        let ours = identity(&self.environment, &self.folder.join("certificates"), name).await;
        Client::to_service(&self.environment, &ours, &Identity::alerter())
    }

    async fn anybody(&self) -> Client {
        let authority = self.folder.join("certificates/ca.crt");
        Client::outbound(&self.environment, Roots::File(authority)).await.unwrap()
    }
}

/// The status that a request is answered with.
async fn ask(client: &Client, method: Method, url: &str, body: &str) -> Result<u16, Error> {
    let request = http::Request::builder()
        .method(method)
        .uri(url)
        .header("content-type", "application/json")
        .body(body.to_owned().into())
        .unwrap();
    Ok(client.send(request, PATIENCE).await?.status().as_u16())
}

fn alert(name: &str) -> String {
    format!(r#"[{{"labels":{{"alertname":"{name}"}}}}]"#)
}

#[tokio::test]
async fn the_api_is_served_with_its_certificate_and_asks_callers_for_none() {
    let running = Running::start().await;
    let anybody = running.anybody().await;
    assert_eq!(ask(&anybody, Method::POST, &running.api, &alert("Down")).await, Ok(200));
    running.hook.wait_for(1).await;
    let strangers = Client::outbound(&running.environment, Roots::System).await.unwrap();
    let error = ask(&strangers, Method::GET, &running.api, "").await.unwrap_err();
    assert!(matches!(error, Error::Tls { .. }), "an authority that is not trusted: {error}");
    let plain = running.api.replace("https", "http");
    ask(&anybody, Method::GET, &plain, "").await.unwrap_err();
    assert_eq!(ask(&anybody, Method::GET, &running.metrics, "").await, Ok(200), "metrics are plain");
}

#[tokio::test]
async fn our_services_are_known_by_their_certificates_and_may_do_what_is_theirs() {
    let running = Running::start().await;
    let (monitor, healer) = (running.as_service("monitor").await, running.as_service("healer").await);
    let (alerts, holds) =
        (format!("{}/api/v2/alerts", running.internal), format!("{}/internal/v1/holds", running.internal));
    for (who, client, url, body, expected) in [
        ("the monitor", &monitor, &alerts, alert("Down").as_str(), Ok(200)),
        ("the healer", &healer, &holds, HOLD, Ok(200)),
        ("the monitor, as the healer", &monitor, &holds, HOLD, Ok(403)),
    ] {
        assert_eq!(ask(client, Method::POST, url, body).await, expected, "{who} {url}");
    }
    let anybody = running.anybody().await;
    ask(&anybody, Method::POST, &holds, HOLD).await.unwrap_err();
}

/// A webhook behind TLS that shows what it gets.
async fn webhook(environment: &Environment, folder: &Path) -> (String, mpsc::UnboundedReceiver<()>) {
    let (sender, received) = mpsc::unbounded_channel();
    let router = Router::new().route(
        "/hook",
        post(async move |Json(message): Json<serde_json::Value>| {
            assert_eq!(message["version"], "4");
            sender.send(()).expect("the test waits for it");
        }),
    );
    let listener = net::server::listen("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let url = format!("https://{}/hook", listener.local_addr().unwrap());
    let tls = Security::Tls(identity(environment, folder, "receiver").await);
    let server = net::server::Server::new(environment);
    environment.spawn("webhook", server.serve(listener, tls, router, environment::Drained::never()));
    (url, received)
}

#[tokio::test]
async fn a_receiver_is_told_over_tls_if_its_authority_is_trusted() {
    let environment = Environment::real(14);
    let folder = tempfile::tempdir().unwrap();
    let mut options = Certificates::new(folder.path());
    options.hosts.insert("127.0.0.1".to_owned());
    options.identities = vec!["receiver".to_owned()];
    write_tree(&options, environment.now()).unwrap();
    let (url, mut received) = webhook(&environment, folder.path()).await;
    let config = |http_config: &str| {
        Folder::new(&format!(
            "
route: {{receiver: hook, group_wait: 50ms}}
receivers: [{{name: hook, webhook_configs: [{{url: '{url}'{http_config}}}]}}]
"
        ))
    };
    let trusting =
        format!(", http_config: {{tls_config: {{ca_file: '{}'}}}}", folder.path().join("ca.crt").display());
    let alerter_folder = config(&trusting);
    let alerter = Alerter::start(alerter_folder.options()).await;
    alerter.fire("Down", "a").await;
    assert_eq!(tokio::time::timeout(PATIENCE, received.recv()).await, Ok(Some(())));
    alerter.stop().await;

    let alerter_folder = config("");
    let alerter = Alerter::start(alerter_folder.options()).await;
    alerter.fire("Down", "a").await;
    eventually("attempts that fail", async || {
        let failed =
            alerter.metric("alertmanager_notification_requests_failed_total{integration=\"webhook\"}").await;
        failed.is_some_and(|failed| failed >= 2.0).then_some(())
    })
    .await;
    assert!(received.try_recv().is_err(), "nothing was told to somebody who may be anybody");
    alerter.stop().await;
}

#[tokio::test]
async fn an_authority_that_is_replaced_is_trusted_without_a_restart() {
    let environment = Environment::real(15);
    let (right, wrong) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for folder in [&right, &wrong] {
        let mut options = Certificates::new(folder.path());
        options.hosts.insert("127.0.0.1".to_owned());
        options.identities = vec!["receiver".to_owned()];
        write_tree(&options, environment.now()).unwrap();
    }
    let (url, mut received) = webhook(&environment, right.path()).await;
    let trusted = wrong.path().join("ca.crt");
    let folder = Folder::new(&format!(
        "
route: {{receiver: hook, group_wait: 50ms}}
receivers:
- {{name: hook, webhook_configs: [{{url: '{url}', http_config: {{tls_config: {{ca_file: '{}'}}}}}}]}}
",
        trusted.display()
    ));
    let alerter = Alerter::start(folder.options()).await;
    alerter.fire("Down", "a").await;
    eventually("an attempt that fails", async || {
        let failed =
            alerter.metric("alertmanager_notification_requests_failed_total{integration=\"webhook\"}").await;
        failed.is_some_and(|failed| failed >= 1.0).then_some(())
    })
    .await;
    std::fs::copy(right.path().join("ca.crt"), &trusted).unwrap();
    assert_eq!(tokio::time::timeout(PATIENCE, received.recv()).await, Ok(Some(())));
    alerter.stop().await;
}

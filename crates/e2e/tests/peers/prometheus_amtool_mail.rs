//! Scenario 13. A real Prometheus fires a rule into the alerter; webhook, mail (a real SMTP server)
//! and a Slack-shaped endpoint receive it; amtool reads it and silences it. Prometheus also scrapes
//! all three services.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::bed;
use e2e::child::Child;
use e2e::installation::{HOOK, Installation, Options};
use e2e::mail::{Demands, MailServer};
use e2e::receiver::Receiver;
use e2e::scenario::{Skipped, Stage};
use e2e::{eventually, http};
use serde_json::{Value, json};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_mins(1);
const SLACK: &str = "/slack";
const ALERT: &str = "TideIsOut";

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let (prometheus, amtool) = (peer("prometheus")?, peer("amtool")?);
    if !MailServer::is_installed() {
        return Err(Skipped("no mail server: as root on Debian, install exim4-daemon-light".into()).into());
    }
    let mail = MailServer::start(&stage.bed.kept.join("mail-open"), &Demands::Nothing).await?;
    let options = Options { alertmanager: everybody(&mail.address), ..Options::default() };
    let mut installation = Installation::start(&stage.suite, "peers", options).await?;
    let prometheus = Prometheus::start(&prometheus, &installation)?;

    everybody_is_told(&installation.receiver, &mail).await?;
    let amtool = Amtool { program: amtool, url: format!("http://{}", installation.alerts()) };
    amtool.reads_and_silences(installation.alerts()).await?;
    prometheus.scrapes(installation.health_addresses().len()).await?;
    drop(prometheus);
    installation.finish().await
}

/// The path of a peer's program.
fn peer(name: &str) -> Result<PathBuf> {
    let folder = std::env::var_os("SEAWORTHY_PEERS").unwrap_or_default();
    let path = Path::new(&folder).join(name);
    if !path.is_absolute() || !path.exists() {
        let reason = format!("no {name} where SEAWORTHY_PEERS points: `cargo xtask test peers` builds it");
        return Err(Skipped(reason).into());
    }
    Ok(path)
}

async fn everybody_is_told(receiver: &Receiver, mail: &MailServer) -> Result<()> {
    let message = eventually("the webhook is told", PATIENCE, || async {
        let messages = receiver.messages(HOOK)?;
        Ok(messages.first().context("no message so far")?.1.clone())
    })
    .await?;
    ensure!(message.version == "4" && message.status == "firing", "{message:?}");
    ensure!(message.alerts[0].label("alertname") == ALERT, "{message:?}");
    ensure!(message.alerts[0].ends_at == "0001-01-01T00:00:00Z", "{message:?}");
    let mail = mail.mail_with(ALERT).await?;
    ensure!(mail.contains("To: oncall@seaworthy.test") && mail.contains("MIME-Version"), "{mail}");
    let slack = eventually("the Slack-shaped endpoint is told", PATIENCE, || async {
        Ok(receiver.arrivals(SLACK).first().context("nothing so far")?.clone())
    })
    .await?;
    let slack: Value = serde_json::from_slice(&slack.body)?;
    ensure!(slack.to_string().contains(ALERT), "{slack}");
    Ok(())
}

/// Webhook, Slack and mail, each for everything.
fn everybody(smarthost: &str) -> Value {
    json!({
        "route": {"receiver": "everybody", "group_by": ["alertname"]},
        "receivers": [{
            "name": "everybody",
            "webhook_configs": [{"url": format!("$RECEIVER{HOOK}"), "send_resolved": true}],
            "slack_configs": [{
                "api_url": format!("$RECEIVER{SLACK}"), "channel": "#alerts", "send_resolved": true,
            }],
            "email_configs": [{
                "to": "oncall@seaworthy.test", "from": "seaworthy@seaworthy.test",
                "smarthost": smarthost, "require_tls": false, "send_resolved": true,
            }],
        }],
    })
}

struct Amtool {
    program: PathBuf,
    url: String,
}

impl Amtool {
    async fn run(&self, arguments: &[&str]) -> Result<String> {
        bed::run(Command::new(&self.program).args(["--alertmanager.url", &self.url]).args(arguments)).await
    }

    async fn reads_and_silences(&self, alerts: &str) -> Result<()> {
        let matcher = format!("alertname={ALERT}");
        let listed: Value =
            serde_json::from_str(&self.run(&["alert", "query", "--output", "json", &matcher]).await?)?;
        ensure!(listed[0]["status"]["state"] == "active", "amtool reads it: {listed}");
        let silence = ["silence", "add", "--author", "e2e", "--comment", "seen", "--duration", "1h"];
        let id = self.run(&[silence.as_slice(), &[&matcher]].concat()).await?;
        let id = id.trim();
        eventually("the silence covers it", PATIENCE, || async {
            let status = status(alerts).await?;
            ensure!(status["state"] == "suppressed" && status["silencedBy"] == json!([id]), "{status}");
            Ok(())
        })
        .await?;
        ensure!(self.run(&["silence", "query"]).await?.contains("seen"), "amtool reads the silence");
        self.run(&["silence", "expire", id]).await?;
        eventually("the silence is over", PATIENCE, || async {
            let status = status(alerts).await?;
            ensure!(status["state"] == "active" && status["silencedBy"] == json!([]), "{status}");
            Ok(())
        })
        .await
    }
}

/// What the alerter's API says of the alert's state.
async fn status(alerts: &str) -> Result<Value> {
    let all = http::get_json(alerts, "/api/v2/alerts").await?;
    let all = all.as_array().context("a list of alerts")?;
    let alert = all.iter().find(|alert| alert["labels"]["alertname"] == ALERT);
    Ok(alert.context("it is gone")?["status"].clone())
}

struct Prometheus {
    address: String,
    _child: Child,
}

impl Prometheus {
    /// Evaluates one rule that always fires, and scrapes the services.
    fn start(program: &Path, installation: &Installation) -> Result<Self> {
        let folder = installation.folder().join("prometheus");
        std::fs::create_dir_all(&folder)?;
        let rules = folder.join("rules.yml");
        let rule = json!({"groups": [{"name": "tides", "rules": [
            {"alert": ALERT, "expr": "vector(1)", "labels": {"severity": "warning"}},
        ]}]});
        std::fs::write(&rules, rule.to_string())?;
        let config = json!({
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [rules],
            "alerting": {"alertmanagers": [{"static_configs": [{"targets": [installation.alerts()]}]}]},
            "scrape_configs": [
                {"job_name": "seaworthy", "static_configs": [{"targets": installation.health_addresses()}]},
            ],
        });
        let config_file = folder.join("prometheus.yml");
        std::fs::write(&config_file, config.to_string())?;
        let address = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            listener.local_addr()?.to_string()
        };
        let log = folder.join("prometheus.log");
        let child = Child::start("prometheus", program, &log, |command| {
            command.arg(format!("--config.file={}", config_file.display()));
            command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
            command.arg(format!("--web.listen-address={address}"));
            // Its usual minute between two reports of the same alert is the alerter's to bear anyway.
            command.arg("--rules.alert.resend-delay=1s");
        })?;
        Ok(Self { address, _child: child })
    }

    async fn scrapes(&self, services: usize) -> Result<()> {
        eventually("Prometheus scrapes all services", PATIENCE, || async {
            let answer = http::get_json(&self.address, "/api/v1/query?query=up").await?;
            let results = answer["data"]["result"].as_array().context("a list")?.clone();
            let up = results.iter().filter(|result| result["value"][1] == "1").count();
            ensure!(up == services, "{up} of {services} are up: {answer}");
            Ok(())
        })
        .await
    }
}

//! Scenario 13. A real Prometheus fires a rule into the alerter; webhook, mail (a real SMTP server)
//! and a Slack-shaped endpoint receive it; amtool reads it and silences it. Prometheus also scrapes
//! all three services.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use e2e::bed;
use e2e::child::Child;
use e2e::installation::{HOOK, Installation, Options};
use e2e::mail::MailServer;
use e2e::scenario::{Skipped, Stage};
use e2e::{eventually, http};
use serde_json::{Value, json};
use tokio::process::Command;

const PATIENCE: Duration = Duration::from_mins(1);
const SLACK: &str = "/slack";
const ALERT: &str = "TideIsOut";

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    for program in ["prometheus", "amtool"] {
        if bed::run(Command::new(program).arg("--version")).await.is_err() {
            return Err(
                Skipped(format!("{program} is not there: `cargo xtask testbed peers` builds it")).into()
            );
        }
    }
    if !MailServer::is_installed() {
        return Err(Skipped("no mail server: as root on Debian, install exim4-daemon-light".into()).into());
    }
    let mail = MailServer::start(&stage.bed.kept.join("mail")).await?;
    let options = Options { alertmanager: everybody(&mail.address), ..Options::default() };
    let mut installation = Installation::start(&stage.suite, "peers", options).await?;
    let prometheus = Prometheus::start(&installation)?;

    let message = eventually("the webhook is told", PATIENCE, || async {
        let messages = installation.receiver.messages(HOOK)?;
        Ok(messages.first().context("no message so far")?.1.clone())
    })
    .await?;
    ensure!(message.version == "4" && message.status == "firing", "{message:?}");
    ensure!(message.alerts[0].label("alertname") == ALERT, "{message:?}");
    ensure!(message.alerts[0].ends_at == "0001-01-01T00:00:00Z", "{message:?}");
    let mail = mail.mail_with(ALERT).await?;
    ensure!(mail.contains("To: oncall@seaworthy.test") && mail.contains("MIME-Version"), "{mail}");
    let slack = eventually("the Slack-shaped endpoint is told", PATIENCE, || async {
        Ok(installation.receiver.arrivals(SLACK).first().context("nothing so far")?.clone())
    })
    .await?;
    let slack: Value = serde_json::from_slice(&slack.body)?;
    ensure!(slack.to_string().contains(ALERT), "{slack}");

    let url = format!("http://{}", installation.alerts());
    let listed = amtool(&url, &["alert", "query", "--output", "json", &format!("alertname={ALERT}")]).await?;
    let listed: Value = serde_json::from_str(&listed)?;
    ensure!(listed[0]["status"]["state"] == "active", "amtool reads it: {listed}");
    let silence = ["silence", "add", "--author", "e2e", "--comment", "seen", "--duration", "1h"];
    let matcher = format!("alertname={ALERT}");
    let id = amtool(&url, &[silence.as_slice(), &[&matcher]].concat()).await?;
    let id = id.trim();
    eventually("the silence covers it", PATIENCE, || async {
        let alerts = http::get_json(installation.alerts(), "/api/v2/alerts").await?;
        let alert = alerts.as_array().and_then(|all| all.iter().find(|a| a["labels"]["alertname"] == ALERT));
        let status = &alert.context("it is still there")?["status"];
        ensure!(status["state"] == "suppressed" && status["silencedBy"] == json!([id]), "{status}");
        Ok(())
    })
    .await?;
    ensure!(amtool(&url, &["silence", "query"]).await?.contains("seen"), "amtool reads the silence");
    amtool(&url, &["silence", "expire", id]).await?;

    prometheus.scrapes_everybody().await?;
    drop(prometheus);
    installation.finish().await
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

async fn amtool(url: &str, arguments: &[&str]) -> Result<String> {
    bed::run(Command::new("amtool").args(["--alertmanager.url", url]).args(arguments)).await
}

struct Prometheus {
    address: String,
    _child: Child,
}

impl Prometheus {
    /// Evaluates one rule that always fires, and scrapes the services.
    fn start(installation: &Installation) -> Result<Self> {
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
        let child = Child::start("prometheus", Path::new("prometheus"), &log, |command| {
            command.arg(format!("--config.file={}", config_file.display()));
            command.arg(format!("--storage.tsdb.path={}", folder.join("data").display()));
            command.arg(format!("--web.listen-address={address}"));
            // Its usual minute between two reports of the same alert is the alerter's to bear anyway.
            command.arg("--rules.alert.resend-delay=1s");
        })?;
        Ok(Self { address, _child: child })
    }

    async fn scrapes_everybody(&self) -> Result<()> {
        eventually("Prometheus scrapes all services", PATIENCE, || async {
            let answer = http::get_json(&self.address, "/api/v1/query?query=up").await?;
            let results = answer["data"]["result"].as_array().context("a list")?.clone();
            let up = results.iter().filter(|result| result["value"][1] == "1").count();
            ensure!(up == 3, "{up} of 3 are up: {answer}");
            Ok(())
        })
        .await
    }
}

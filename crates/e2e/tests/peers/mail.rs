//! Mail to a real server that demands encryption and a password: it arrives over TLS, in both
//! forms, and its end in the same thread. A password is put right without a restart. Where the
//! server cannot be trusted, or offers no encryption, nothing is sent; what it refuses for good is
//! a dead letter.

use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use axum::http::{Method, StatusCode};
use e2e::installation::{Installation, Options, program};
use e2e::mail::{Demands, MailServer, NOBODY, SENDER};
use e2e::scenario::{Skipped, Stage};
use e2e::{eventually, http};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);
const PASSWORD: &str = "anchors-aweigh";
const CREW: &str = "crew@seaworthy.test";
const STOKER: &str = "stoker@seaworthy.test";

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    if !MailServer::is_installed() {
        return Err(Skipped("no mail server: as root on Debian, install exim4-daemon-light".into()).into());
    }
    let folder = tempfile::tempdir()?;
    let certificates = folder.path().join("certificates");
    let out = certificates.display().to_string();
    program(&stage.bed, &["certs", "--out", &out, "--identity", "mail", "--host", "127.0.0.1"]).await?;
    let login = Demands::Login { identity: certificates.join("mail"), password: PASSWORD.to_owned() };
    let kept = &stage.bed.kept;
    let strict = MailServer::start(&kept.join("mail-strict"), &login).await?;
    let plain = MailServer::start(&kept.join("mail-plain"), &Demands::Nothing).await?;
    let options = Options {
        alertmanager: receivers(&strict.address, &plain.address, folder.path()),
        ..Options::default()
    };
    std::fs::write(folder.path().join("password"), "a password of yesterday\n")?;
    let mut installation = Installation::start(&stage.suite, "mail", options).await?;
    for receiver in ["crew", "stoker", "nobody", "strangers", "open-sea"] {
        post(&installation, receiver, None).await?;
    }

    let first = strict.mail_to(CREW).await?;
    ensure!(first.contains("with esmtpsa"), "encrypted and logged in: {first}");
    for form in ["multipart/alternative", "text/plain", "text/html"] {
        ensure!(first.contains(form), "{form}: {first}");
    }
    ensure!(header(&first, "Subject")?.starts_with("[FIRING:1] Fog"), "{first}");
    post(&installation, "crew", Some(stage.environment.now())).await?;
    let last = eventually("the end is told", PATIENCE, || async {
        let mails = strict.delivered()?;
        let end = mails.into_iter().find(|mail| mail.contains("Subject: [RESOLVED] Fog"));
        end.context("not so far")
    })
    .await?;
    for thread in ["References", "In-Reply-To"] {
        ensure!(header(&first, thread)? == header(&last, thread)?, "one thread:\n{first}\n{last}");
    }
    ensure!(header(&first, "Message-ID")? != header(&last, "Message-ID")?, "two mails:\n{first}\n{last}");

    failing(&installation, "stoker", "authenticat").await?;
    std::fs::write(folder.path().join("password"), format!("{PASSWORD}\n"))?;
    strict.mail_to(STOKER).await?;

    dead(&installation, "no such mailbox").await?;
    failing(&installation, "strangers", "certificate").await?;
    failing(&installation, "open-sea", "does not offer STARTTLS").await?;
    ensure!(plain.delivered()?.is_empty(), "nothing leaves without encryption: {:?}", plain.delivered());
    let delivered = strict.delivered()?.len();
    ensure!(delivered == 3, "the crew's two and the stoker's one, not {delivered}");
    let said = std::fs::read_to_string(installation.folder().join("alerter.log"))?;
    ensure!(!said.contains(PASSWORD), "the password is in the log");
    installation.finish().await
}

/// A route for each receiver, by the label `to`.
fn receivers(strict: &str, plain: &str, folder: &Path) -> Value {
    let authority = folder.join("certificates/ca.crt");
    let mail = |name: &str, to: &str, more: Value| {
        let mut config = json!({
            "to": to, "from": "seaworthy@seaworthy.test", "smarthost": strict, "send_resolved": true,
            "auth_username": SENDER, "auth_password": PASSWORD, "tls_config": {"ca_file": authority},
        });
        let (Some(config), Value::Object(more)) = (config.as_object_mut(), more) else { unreachable!() };
        config.extend(more);
        config.retain(|_, value| !value.is_null());
        json!({"name": name, "email_configs": [config]})
    };
    let password = json!({"auth_password": null, "auth_password_file": folder.join("password")});
    let receivers = [
        mail("crew", CREW, json!({})),
        mail("stoker", STOKER, password),
        mail("nobody", NOBODY, json!({})),
        mail("strangers", CREW, json!({"tls_config": null})),
        mail("open-sea", CREW, json!({"smarthost": plain, "auth_username": null, "auth_password": null})),
    ];
    let routes: Vec<Value> = receivers
        .iter()
        .map(|receiver| {
            let name = receiver["name"].as_str().unwrap_or_default();
            json!({"receiver": name, "matchers": [format!("to=\"{name}\"")]})
        })
        .collect();
    json!({
        "route": {"receiver": "crew", "group_by": ["alertname", "to"], "routes": routes},
        "receivers": receivers,
    })
}

async fn post(installation: &Installation, to: &str, ended: Option<jiff::Timestamp>) -> Result<()> {
    let mut alert = json!({"labels": {"alertname": "Fog", "to": to}});
    if let Some(ended) = ended {
        alert["endsAt"] = json!(ended);
    }
    let answer =
        http::send(Method::POST, installation.alerts(), "/api/v2/alerts", Some(&json!([alert]))).await?;
    ensure!(answer.status() == StatusCode::OK, "accepted: {}", answer.status());
    Ok(())
}

fn header(mail: &str, name: &str) -> Result<String> {
    let line = mail.lines().find_map(|line| line.strip_prefix(&format!("{name}: ")));
    line.map(str::to_owned).with_context(|| format!("no {name}: {mail}"))
}

/// Waits until the alerter says in its log that a receiver could not be told, and why.
async fn failing(installation: &Installation, receiver: &str, why: &str) -> Result<()> {
    eventually(&format!("{receiver} cannot be told"), PATIENCE, || async {
        let log = std::fs::read_to_string(installation.folder().join("alerter.log"))?;
        let said: Vec<&str> =
            log.lines().filter(|line| line.contains(&format!("{receiver}/email"))).collect();
        ensure!(said.iter().any(|line| line.contains(why)), "said of it: {said:?}");
        Ok(())
    })
    .await
}

async fn dead(installation: &Installation, why: &str) -> Result<()> {
    eventually("a dead letter", PATIENCE, || async {
        let letters = http::get_json(installation.alerts(), "/api/v1/dead-letters").await?;
        let letters = letters["deadLetters"].as_array().context("a list")?.clone();
        ensure!(letters.len() == 1, "{letters:?}");
        ensure!(letters[0]["reason"].as_str().is_some_and(|reason| reason.contains(why)), "{letters:?}");
        Ok(())
    })
    .await
}

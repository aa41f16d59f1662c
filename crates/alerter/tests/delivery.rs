//! Delivery: retries, dead letters, hangs, restarts, crashes.

mod common;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use alerter::Service;
use alerter::configuration::{Secret, Source};
use alerter::entries::Incarnation;
use alerter::receivers::email::Server;
use alerter::receivers::{Failure, Outside, Real};
use alerter::store::Memory;
use axum::http::StatusCode;
use common::{Alerter, Answer, Folder, Hook, eventually, jobs, to_hook};
use environment::Environment;
use net::http::Client;

async fn start(answers: Vec<Answer>) -> (Alerter, Hook, Folder) {
    let hook = Hook::start(&Environment::real(1)).await;
    hook.answer_with(answers);
    let folder = Folder::new(&to_hook(&hook));
    (Alerter::start(folder.options()).await, hook, folder)
}

#[tokio::test]
async fn failures_that_pass_are_retried() {
    for answer in [
        Answer::Status(500, "no"),
        Answer::Status(429, "slow down"),
        Answer::RetryAfter(503, "1"),
        Answer::Hang,
    ] {
        let (alerter, hook, _folder) = start(vec![answer.clone()]).await;
        alerter.fire("Down", "a").await;
        hook.wait_for(2).await;
        eventually("it is delivered", async || {
            let delivered = alerter.metric("alertmanager_notifications_total{integration=\"webhook\"}").await;
            (delivered == Some(1.0)).then_some(())
        })
        .await;
        assert_eq!(hook.received().len(), 2, "{answer:?}: and then left alone");
        alerter.stop().await;
    }
}

#[tokio::test]
async fn a_refusal_for_good_is_a_dead_letter() {
    let (alerter, hook, _folder) = start(vec![Answer::Status(400, "invalid_payload")]).await;
    alerter.fire("Down", "a").await;
    hook.wait_for(1).await;
    let letters = eventually("a dead letter", async || {
        let letters = alerter.get("/api/v1/dead-letters").await["deadLetters"].clone();
        (!letters.as_array().unwrap().is_empty()).then_some(letters)
    })
    .await;
    let reason = letters[0]["reason"].as_str().unwrap().to_owned();
    assert!(reason.contains("400") && reason.contains("invalid_payload"), "{reason}");
    assert_eq!(letters[0]["integration"], "hook/webhook[0]");
    let dead = alerter.metric("seaworthy_dead_letters_total").await;
    assert_eq!(dead, Some(1.0));
    alerter.stop().await;
}

#[tokio::test]
async fn a_receiver_that_is_not_there_does_not_delay_others() {
    let hook = Hook::start(&Environment::real(1)).await;
    let folder = Folder::new(&format!(
        "
route: {{receiver: both, group_wait: 50ms}}
receivers:
- name: both
  webhook_configs: [{{url: 'http://127.0.0.1:9/nobody'}}, {{url: '{}'}}]
",
        hook.url("/second")
    ));
    let alerter = Alerter::start(folder.options()).await;
    alerter.fire("Down", "a").await;
    assert_eq!(hook.wait_for(1).await[0].path, "/second");
    alerter.stop().await;
}

#[tokio::test]
async fn what_was_accepted_is_told_after_a_restart_and_only_once() {
    let hook = Hook::start(&Environment::real(1)).await;
    let folder = Folder::new(&to_hook(&hook).replace("group_wait: 50ms", "group_wait: 2s"));
    let alerter = Alerter::start(folder.options()).await;
    alerter.fire("Down", "a").await;
    alerter.stop().await;
    assert!(hook.received().is_empty());
    let alerter = Alerter::start(folder.options()).await;
    assert_eq!(jobs(&hook.wait_for(1).await[0].body, "firing"), ["a"]);
    alerter.stop().await;
    let alerter = Alerter::start(folder.options()).await;
    alerter.fire("Other", "b").await;
    let messages = hook.wait_for(2).await;
    assert_eq!(messages[1].body["groupLabels"]["alertname"], "Other");
    alerter.stop().await;
}

#[tokio::test]
async fn a_message_on_its_way_when_the_process_ends_is_not_sent_again() {
    let answer = Arc::new(tokio::sync::Notify::new());
    let hook = Hook::start(&Environment::real(1)).await;
    hook.answer_with([Answer::Late(Arc::clone(&answer))]);
    let folder = Folder::new(&to_hook(&hook));
    let mut options = folder.options();
    options.config.delivery.timeout = model::DurationText::from_secs(20);
    let alerter = Alerter::start(options).await;
    alerter.fire("Down", "a").await;
    hook.wait_for(1).await;
    futures::join!(alerter.stop(), async { answer.notify_one() });
    let alerter = Alerter::start(folder.options()).await;
    alerter.fire("Other", "b").await;
    let messages = hook.wait_for(2).await;
    assert_eq!(messages[1].body["groupLabels"]["alertname"], "Other");
    alerter.stop().await;
}

/// An outside world in which the first request meets a defect.
struct Defect {
    real: Real,
    met: AtomicBool,
}

#[async_trait::async_trait]
impl Outside for Defect {
    fn now(&self) -> jiff::Timestamp {
        self.real.now()
    }

    async fn client(&self, ca_file: Option<&Path>) -> Result<Client, Failure> {
        assert!(self.met.swap(true, Ordering::Relaxed), "a defect");
        self.real.client(ca_file).await
    }

    async fn secret(&self, source: &Source) -> Result<Secret, Failure> {
        self.real.secret(source).await
    }

    async fn mail(&self, server: &Server, mail: &lettre::Message, deadline: Duration) -> Result<(), Failure> {
        self.real.mail(server, mail, deadline).await
    }
}

#[tokio::test]
async fn a_defect_met_while_sending_does_not_keep_the_group_silent() {
    let environment = Environment::real(1);
    let hook = Hook::start(&environment).await;
    let folder = Folder::new(&to_hook(&hook));
    let options = folder.options();
    let settings = options.settle().await.unwrap();
    let store = Arc::new(Memory::new(&environment, Incarnation(1)));
    let outside = Arc::new(Defect { real: Real::new(&environment), met: AtomicBool::new(false) });
    let service = Service::new(options, settings, &environment, store, outside).await.unwrap();
    let router = service.router();
    let (_drain, drained) = environment::drain();
    environment.spawn("alerter", async move { drop(service.work(drained).await) });
    let body = r#"[{"labels":{"alertname":"Down","job":"a"}}]"#;
    let (status, text) = common::call(router, None, "POST", "/api/v2/alerts", body).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    assert_eq!(jobs(&hook.wait_for(1).await[0].body, "firing"), ["a"]);
}

#[tokio::test]
async fn a_configuration_that_is_not_fit_for_use_changes_nothing() {
    let (alerter, hook, folder) = start(vec![]).await;
    let good = std::fs::read_to_string(folder.join("alertmanager.yml")).unwrap();
    std::fs::write(folder.join("alertmanager.yml"), good.replace("receiver: hook", "receiver: nobody"))
        .unwrap();
    let (status, text) = alerter.call("POST", "/-/reload", "").await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    assert!(text.contains("receiver \"nobody\" is not defined"), "{text}");
    assert_eq!(alerter.metric("alertmanager_config_last_reload_successful").await, Some(0.0));
    alerter.fire("Down", "a").await;
    hook.wait_for(1).await;
    std::fs::write(folder.join("alertmanager.yml"), good.replace("/hook", "/moved")).unwrap();
    assert_eq!(alerter.call("POST", "/-/reload", "").await.0, StatusCode::OK);
    assert_eq!(alerter.metric("alertmanager_config_last_reload_successful").await, Some(1.0));
    alerter.fire("Down", "b").await;
    let moved = eventually("a message under the new configuration", async || {
        hook.received().into_iter().find(|message| message.path == "/moved")
    })
    .await;
    assert_eq!(jobs(&moved.body, "firing"), ["a", "b"]);
    alerter.stop().await;
}

#[tokio::test]
async fn slack_is_told_in_its_form_and_its_pace_is_kept() {
    let hook = Hook::start(&Environment::real(1)).await;
    hook.answer_with([Answer::RetryAfter(429, "1")]);
    let folder = Folder::new(&format!(
        "
global: {{slack_api_url: '{}'}}
route: {{receiver: slack, group_by: [alertname], group_wait: 50ms}}
receivers: [{{name: slack, slack_configs: [{{channel: '#ops', send_resolved: true}}]}}]
",
        hook.url("/services/T/B/x")
    ));
    let alerter = Alerter::start(folder.options()).await;
    alerter.fire("Down", "a").await;
    let messages = hook.wait_for(2).await;
    assert_eq!(messages[1].body["channel"], "#ops");
    let attachment = &messages[1].body["attachments"][0];
    assert_eq!(
        (attachment["color"].as_str(), attachment["title"].as_str()),
        (Some("danger"), Some("[FIRING:1] Down (a)"))
    );
    alerter.stop().await;
}

//! The API, over a real journal and a real webhook on loopback.

mod common;

use axum::http::StatusCode;
use common::{Alerter, Folder, Hook, eventually, jobs, to_hook};
use environment::Environment;
use net::tls::Identity;
use serde_json::json;

async fn start() -> (Alerter, Hook, Folder) {
    let hook = Hook::start(&Environment::real(1)).await;
    let folder = Folder::new(&to_hook(&hook));
    (Alerter::start(folder.options()).await, hook, folder)
}

#[tokio::test]
async fn an_alert_is_told_and_its_end_is() {
    let (alerter, hook, _folder) = start().await;
    alerter.fire("Down", "a").await;
    let message = hook.wait_for(1).await.remove(0).body;
    assert_eq!((message["version"].as_str(), message["status"].as_str()), (Some("4"), Some("firing")));
    assert_eq!(message["groupKey"], r#"{}:{alertname="Down"}"#);
    assert_eq!(message["externalURL"], "http://alerter.example");
    alerter.resolve("Down", "a").await;
    let message = hook.wait_for(2).await.remove(1).body;
    assert_eq!(jobs(&message, "resolved"), ["a"]);
    alerter.stop().await;
}

#[tokio::test]
async fn alerts_are_listed_as_alertmanager_lists_them() {
    let (alerter, _hook, _folder) = start().await;
    assert_eq!(alerter.get("/api/v2/alerts").await, json!([]));
    alerter.fire("Down", "a").await;
    alerter.fire("Down", "b").await;
    let alerts = alerter.get("/api/v2/alerts?filter=job%3D%22a%22").await;
    assert_eq!(alerts.as_array().unwrap().len(), 1);
    let alert = &alerts[0];
    assert_eq!(alert["labels"], json!({"alertname": "Down", "job": "a"}));
    assert_eq!(
        alert["status"],
        json!({"state": "active", "silencedBy": [], "inhibitedBy": [], "mutedBy": []})
    );
    assert_eq!(alert["receivers"], json!([{"name": "hook"}]));
    assert_eq!(alert["fingerprint"].as_str().map(str::len), Some(16));
    for (query, count) in
        [("receiver=hook", 2), ("receiver=other", 0), ("active=false", 0), ("silenced=false", 2)]
    {
        let alerts = alerter.get(&format!("/api/v2/alerts?{query}")).await;
        assert_eq!(alerts.as_array().unwrap().len(), count, "{query}");
    }
    let groups = alerter.get("/api/v2/alerts/groups").await;
    assert_eq!(groups[0]["labels"], json!({"alertname": "Down"}));
    assert_eq!(groups[0]["receiver"], json!({"name": "hook"}));
    assert_eq!(groups[0]["alerts"].as_array().unwrap().len(), 2);
    let (status, text) = alerter.call("GET", "/api/v2/alerts?filter=nonsense", "").await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    assert!(text.contains("not a matcher"), "{text}");
    alerter.stop().await;
}

#[tokio::test]
async fn each_bad_batch_gets_its_answer() {
    let (alerter, _hook, _folder) = start().await;
    for (body, status, expected) in [
        ("{", 400, "parsing alerts body"),
        (r#"[{"labels":{"a":"b"},"startsAt":"soon"}]"#, 400, "parsing time"),
        (r#"[{"annotations":{}}]"#, 422, "0.labels in body is required"),
        (r#"[{"labels":{"a":"b"}},{"labels":{}}]"#, 400, "at least one label pair required"),
    ] {
        let (got, text) = alerter.call("POST", "/api/v2/alerts", body).await;
        assert_eq!(got.as_u16(), status, "{body}: {text}");
        assert!(text.contains(expected), "{body}: {text}");
    }
    let alerts = alerter.get("/api/v2/alerts").await;
    assert_eq!(alerts.as_array().unwrap().len(), 1, "the valid one of the last batch is kept");
    assert_eq!(alerter.metric("alertmanager_alerts_invalid_total").await, Some(1.0));
    assert_eq!(alerter.metric("alertmanager_alerts_received_total{status=\"firing\"}").await, Some(2.0));
    alerter.stop().await;
}

#[tokio::test]
async fn silences_live_their_life() {
    let (alerter, hook, _folder) = start().await;
    let now = alerter.handle.now();
    let ends = now + jiff::SignedDuration::from_hours(1);
    let body = json!({
        "matchers": [{"name": "job", "value": "a", "isRegex": false, "isEqual": true}],
        "startsAt": now, "endsAt": ends, "createdBy": "ada", "comment": "known",
    });
    let (status, text) = alerter.call("POST", "/api/v2/silences", &body.to_string()).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let id =
        serde_json::from_str::<serde_json::Value>(&text).unwrap()["silenceID"].as_str().unwrap().to_owned();
    alerter.fire("Down", "a").await;
    let silenced = alerter.get("/api/v2/alerts").await;
    assert_eq!(silenced[0]["status"]["state"], "suppressed");
    assert_eq!(silenced[0]["status"]["silencedBy"], json!([id]));
    let silence = alerter.get(&format!("/api/v2/silence/{id}")).await;
    assert_eq!(
        (silence["status"]["state"].as_str(), silence["comment"].as_str()),
        (Some("active"), Some("known"))
    );
    assert_eq!(alerter.call("DELETE", &format!("/api/v2/silence/{id}"), "").await.0, StatusCode::OK);
    let list = alerter.get("/api/v2/silences").await;
    assert_eq!(list[0]["status"]["state"], "expired");
    hook.wait_for(1).await;
    for (method, path, body, status) in [
        ("GET", "/api/v2/silence/nonsense", "", 422),
        ("GET", "/api/v2/silence/00000000-0000-4000-8000-000000000000", "", 404),
        ("DELETE", "/api/v2/silence/00000000-0000-4000-8000-000000000000", "", 404),
        ("POST", "/api/v2/silences", "{}", 400),
    ] {
        assert_eq!(alerter.call(method, path, body).await.0.as_u16(), status, "{method} {path}");
    }
    alerter.stop().await;
}

#[tokio::test]
async fn status_and_receivers() {
    let (alerter, _hook, _folder) = start().await;
    let status = alerter.get("/api/v2/status").await;
    assert!(status["config"]["original"].as_str().unwrap().contains("<secret>"), "the URL is a secret");
    assert_eq!(status["cluster"], json!({"name": "", "peers": [], "status": "disabled"}));
    assert_eq!(alerter.get("/api/v2/receivers").await[0]["name"], "hook");
    for path in ["/-/healthy", "/-/ready"] {
        assert_eq!(alerter.call("GET", path, "").await, (StatusCode::OK, "OK".to_owned()));
    }
    alerter.stop().await;
}

fn issue(alerter: &Alerter) -> String {
    let now = alerter.handle.now();
    let ends = now + jiff::SignedDuration::from_mins(5);
    json!([{
        "labels": {
            "alertname": "PodRunningNotReady", "check": "PodRunningNotReady", "cluster": "c",
            "lineage": "Deployment/shop/web", "kind": "Deployment", "namespace": "shop", "name": "web",
            "severity": "warning",
        },
        "annotations": {"summary": "web is not ready"},
        "startsAt": now, "endsAt": ends,
    }])
    .to_string()
}

fn hold(state: &str, remaining_ms: u64) -> String {
    json!({
        "cluster": "c", "lineage": "Deployment/shop/web", "check": "PodRunningNotReady",
        "remediation": "r-1", "state": state, "remainingMs": remaining_ms,
    })
    .to_string()
}

#[tokio::test]
async fn only_the_healer_may_hold_pages_and_a_released_one_leaves() {
    let (alerter, hook, _folder) = start().await;
    let (status, text) =
        alerter.call_as(Identity::monitor(), "POST", "/internal/v1/holds", &hold("taken", 60_000)).await;
    assert_eq!(status, StatusCode::FORBIDDEN, "{text}");
    let (status, text) =
        alerter.call_as(Identity::healer(), "POST", "/internal/v1/holds", &hold("taken", 60_000)).await;
    assert_eq!(status, StatusCode::OK, "{text}");
    let body = issue(&alerter);
    alerter.call_as(Identity::monitor(), "POST", "/api/v2/alerts", &body).await;
    let episode = alerter.get("/api/v1/episodes").await["episodes"][0].clone();
    assert_eq!(
        (episode["state"].as_str(), episode["held"]["remediation"].as_str()),
        (Some("held"), Some("r-1"))
    );
    let outcome = json!({
        "id": "r-1/3", "cluster": "c", "lineage": "Deployment/shop/web", "check": "PodRunningNotReady",
        "remediation": "r-1", "phase": "Deferred", "rule": "EvictionFirst",
        "message": "the disruption budget has no room", "at": alerter.handle.now(),
    });
    alerter.call_as(Identity::healer(), "POST", "/internal/v1/outcomes", &outcome.to_string()).await;
    alerter.call_as(Identity::healer(), "POST", "/internal/v1/holds", &hold("released", 0)).await;
    let message = hook.wait_for(1).await.remove(0).body;
    let healing = message["alerts"][0]["annotations"]["healing"].as_str().unwrap().to_owned();
    assert_eq!(healing, "Deferred by EvictionFirst: the disruption budget has no room");
    alerter.stop().await;
}

#[tokio::test]
async fn who_is_not_the_monitor_cannot_speak_for_it() {
    let (alerter, _hook, _folder) = start().await;
    let body = issue(&alerter);
    alerter.call_as(Identity::monitor(), "POST", "/api/v2/alerts", &body).await;
    let past = body.replace("warning", "critical");
    let (status, _) = alerter.call("POST", "/api/v2/alerts", &past).await;
    assert_eq!(status, StatusCode::OK);
    let episodes = alerter.get("/api/v1/episodes").await;
    let mut keys: Vec<&str> =
        episodes["episodes"].as_array().unwrap().iter().map(|e| e["key"].as_str().unwrap()).collect();
    keys.sort_unstable();
    assert!(keys.len() == 2 && keys[0].starts_with("alert-") && keys[1].starts_with("issue-"), "{keys:?}");
    alerter.stop().await;
}

#[tokio::test]
async fn an_acknowledged_episode_is_quiet() {
    let (alerter, hook, _folder) = start().await;
    alerter.fire("Down", "a").await;
    hook.wait_for(1).await;
    let key =
        alerter.get("/api/v1/episodes?state=firing").await["episodes"][0]["key"].as_str().unwrap().to_owned();
    let path = format!("/api/v1/episodes/{key}/ack");
    for (path, body, status) in [
        (path.as_str(), "{}", 400),
        (path.as_str(), r#"{"by": ""}"#, 400),
        (path.as_str(), r#"{"by": "ada", "until": "2020-01-01T00:00:00Z"}"#, 400),
        ("/api/v1/episodes/nonsense/ack", r#"{"by": "ada"}"#, 400),
        ("/api/v1/episodes/alert-0000000000000000/ack", r#"{"by": "ada"}"#, 404),
    ] {
        assert_eq!(alerter.call("POST", path, body).await.0.as_u16(), status, "{path} {body}");
    }
    eventually("no message is on its way", async || {
        let (status, text) = alerter.call("POST", &path, r#"{"by": "ada", "note": "looking"}"#).await;
        assert_eq!(status, StatusCode::OK, "{text}");
        text.contains("\"replicated\":true").then_some(())
    })
    .await;
    let episode = alerter.get(&format!("/api/v1/episodes/{key}")).await;
    assert_eq!(
        (episode["state"].as_str(), episode["acknowledged"]["by"].as_str()),
        (Some("acknowledged"), Some("ada"))
    );
    alerter.fire("Down", "b").await;
    let message = hook.wait_for(2).await.remove(1).body;
    assert_eq!(jobs(&message, "firing"), ["b"], "what is taken on is not told again");
    alerter.stop().await;
}

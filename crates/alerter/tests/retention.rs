//! What is over for long enough leaves the journal by itself, on virtual time.

use std::sync::Arc;
use std::time::Duration;

use alerter::entries::{Fact, Incarnation};
use alerter::receivers::Real;
use alerter::store::{Memory, Store};
use alerter::{Options, Service};
use environment::Environment;
use model::config::alerter::AlerterConfig;
use tower::ServiceExt;

const HOUR: Duration = Duration::from_hours(1);

async fn post(service: &axum::Router, name: &str, ends: Option<jiff::Timestamp>) {
    let ends = ends.map_or(String::new(), |ends| format!(r#","endsAt":"{ends}""#));
    let body = format!(r#"[{{"labels":{{"alertname":"{name}"}}{ends}}}]"#);
    let request = http::Request::post("/api/v2/alerts").header("content-type", "application/json");
    let answer = service.clone().oneshot(request.body(axum::body::Body::from(body)).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
}

async fn kept(store: &Memory) -> Vec<String> {
    let mut names: Vec<String> = store
        .load()
        .await
        .unwrap()
        .into_iter()
        .filter_map(|entry| match entry.fact {
            Fact::Alert(reported) => Some(reported.alert.labels["alertname"].clone()),
            _ => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}

#[tokio::test(start_paused = true)]
async fn what_ended_long_ago_is_forgotten_and_what_lasts_is_not() {
    let environment = Environment::test(5);
    let folder = tempfile::tempdir().unwrap();
    let nowhere = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
    std::fs::write(folder.path().join("alertmanager.yml"), nowhere).unwrap();
    let mut config = AlerterConfig::new("alertmanager.yml");
    config.store.retention = model::DurationText(HOUR);
    let options = Options { config, folder: folder.path().to_path_buf(), file: None };
    let store = Memory::new(&environment, Incarnation(1));
    let settings = options.settle().await.unwrap();
    let (journal, outside) = (Arc::new(store.clone()), Arc::new(Real::new(&environment)));
    let service = Service::new(options, settings, &environment, journal, outside).await.unwrap();
    let api = service.router();
    let (_drain, drained) = environment::drain();
    environment.fork("run").spawn("alerter", async move { service.work(drained).await.unwrap() });

    post(&api, "Over", None).await;
    post(&api, "Over", Some(environment.now())).await;
    let for_weeks = environment.now() + jiff::SignedDuration::from_hours(24 * 30);
    post(&api, "Lasts", Some(for_weeks)).await;
    tokio::time::sleep(HOUR / 2).await;
    assert_eq!(kept(&store).await, ["Lasts", "Over"]);
    tokio::time::sleep(HOUR).await;
    assert_eq!(kept(&store).await, ["Lasts"]);
}

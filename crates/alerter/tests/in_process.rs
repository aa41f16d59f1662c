//! An alerter that shares a process with others: on virtual time, without sockets and files.

use std::sync::Arc;
use std::time::Duration;

use alerter::entries::Incarnation;
use alerter::receivers::Real;
use alerter::store::Memory;
use alerter::{Options, Service};
use axum::body::Body;
use environment::Environment;
use model::config::alerter::AlerterConfig;
use tower::ServiceExt;

#[tokio::test(start_paused = true)]
async fn a_configuration_that_came_from_nowhere_is_read_once() {
    let environment = Environment::test(5);
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("alertmanager.yml");
    std::fs::write(&file, "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n").unwrap();
    let config = AlerterConfig::new("alertmanager.yml");
    let options = Options { config, folder: folder.path().to_path_buf(), file: None };
    let settings = options.settle().await.unwrap();
    std::fs::remove_file(file).unwrap();
    let store = Arc::new(Memory::new(&environment, Incarnation(1)));
    let outside = Arc::new(Real::new(&environment));
    let service = Service::new(options, settings, &environment, store, outside).await.unwrap();
    let metrics = service.metrics_router();
    let (_drain, drained) = environment::drain();
    environment.fork("run").spawn("alerter", async move { service.work(drained).await.unwrap() });
    tokio::time::sleep(Duration::from_mins(1)).await;
    let request = http::Request::get("/metrics").body(Body::empty()).unwrap();
    let answer = metrics.oneshot(request).await.unwrap();
    let text = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
    let text = String::from_utf8_lossy(&text);
    assert!(text.contains("alertmanager_config_last_reload_successful 1\n"), "{text}");
}

//! Receivers that answer 400, 429 or 500, or that hang: what may help later is tried again and
//! arrives once, what never helps is not repeated, and no receiver keeps another one waiting.

use std::time::Duration;

use anyhow::{Result, ensure};
use axum::http::{Method, StatusCode};
use e2e::installation::{Installation, Options};
use e2e::receiver::{Answer, Receiver};
use e2e::scenario::Stage;
use e2e::{eventually, http};
use serde_json::{Value, json};

const PATIENCE: Duration = Duration::from_mins(1);
const WELL: &str = "/well";
const REFUSES: &str = "/refuses";
/// What they do at first.
const STUBBORN: [(&str, Answer); 3] = [
    ("/busy", Answer::Status(StatusCode::TOO_MANY_REQUESTS, Some(1))),
    ("/broken", Answer::Status(StatusCode::INTERNAL_SERVER_ERROR, None)),
    ("/hangs", Answer::Hang),
];

pub(crate) async fn run(stage: &Stage) -> Result<()> {
    let options = Options { alertmanager: one_route_each(), ..Options::default() };
    let mut installation = Installation::start(&stage.suite, "stubborn-receivers", options).await?;
    let receiver = installation.receiver.clone();
    receiver.answer(REFUSES, Answer::Status(StatusCode::BAD_REQUEST, None));
    for (path, answer) in STUBBORN {
        receiver.answer(path, answer);
    }

    let alert = json!([{"labels": {"alertname": "Fog", "namespace": stage.namespace}}]);
    let answer = http::send(Method::POST, installation.alerts(), "/api/v2/alerts", Some(&alert)).await?;
    ensure!(answer.status() == StatusCode::OK, "accepted: {}", answer.status());

    eventually("the one that is well has been told", PATIENCE, || async {
        ensure!(receiver.messages(WELL)?.len() == 1, "not so far");
        Ok(())
    })
    .await?;
    for (path, _) in STUBBORN {
        tried(&receiver, path, 2).await?;
        receiver.answer(path, Answer::Status(StatusCode::OK, None));
    }
    for (path, _) in STUBBORN {
        eventually(&format!("{path} has been told in the end"), PATIENCE, || async {
            let accepted = receiver.messages(path)?.len();
            ensure!(accepted == 1, "{accepted} times");
            Ok(())
        })
        .await?;
        receiver.ensure_nothing_twice(path)?;
    }
    let refused = receiver.arrivals(REFUSES).len();
    ensure!(refused == 1, "what is refused for good is not repeated, but it came {refused} times");
    installation.finish().await
}

/// Waits until a receiver was tried so often.
async fn tried(receiver: &Receiver, path: &str, times: usize) -> Result<()> {
    eventually(&format!("{path} was tried {times} times"), PATIENCE, || async {
        let arrivals = receiver.arrivals(path).len();
        ensure!(arrivals >= times, "{arrivals} times so far");
        Ok(())
    })
    .await
}

fn one_route_each() -> Value {
    let paths = [WELL, REFUSES].into_iter().chain(STUBBORN.map(|(path, _)| path));
    let routes: Vec<Value> = paths.clone().map(|path| json!({"receiver": path, "continue": true})).collect();
    let hook = |path: &str| json!({"name": path, "webhook_configs": [{"url": format!("$RECEIVER{path}")}]});
    let mut receivers: Vec<Value> = paths.map(hook).collect();
    receivers.push(json!({"name": "nobody"}));
    json!({"route": {"receiver": "nobody", "routes": routes}, "receivers": receivers})
}

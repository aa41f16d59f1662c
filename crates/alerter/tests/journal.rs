//! The journal in real files: what is kept, and what is said when nothing can be kept.

mod common;

use std::path::Path;

use alerter::book::episodes::EpisodeKey;
use alerter::entries::{Entry, Fact, Reported};
use alerter::store::{Error, Options, Sqlite, Store};
use axum::http::StatusCode;
use common::{Alerter, Folder, Hook, eventually, skip, to_hook};
use environment::Environment;
use model::labels::LabelSet;

fn fact(name: &str, size: usize) -> Fact {
    let now: jiff::Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
    let labels = LabelSet::from([("alertname".to_owned(), name.to_owned())]);
    let alert = alerter::alerts::Alert {
        annotations: LabelSet::from([("text".to_owned(), "x".repeat(size))]),
        starts_at: now,
        ends_at: now,
        timeout: false,
        generator_url: String::new(),
        updated_at: now,
        labels: labels.clone(),
    };
    Fact::Alert(Reported { key: EpisodeKey::of_foreign(&labels), source: String::new(), alert })
}

async fn open(path: &Path) -> (Environment, Result<Sqlite, Error>) {
    let environment = Environment::real(3);
    let opened = Sqlite::open(&environment, Options::new(path)).await;
    (environment, opened)
}

#[tokio::test]
async fn entries_survive_and_numbers_never_repeat() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("a.db");
    let (_one, store) = open(&path).await;
    let store = store.unwrap();
    let first = store.append(vec![fact("a", 10), fact("b", 10)]).await.unwrap();
    store.forget(first.iter().map(|entry| entry.stamp).collect()).await.unwrap();
    store.close().await;
    assert_eq!(store.append(vec![fact("c", 1)]).await, Err(Error::Closed));
    let (_two, store) = open(&path).await;
    let store = store.unwrap();
    let second = store.append(vec![fact("c", 10)]).await.unwrap();
    assert_eq!(second[0].stamp.incarnation, first[0].stamp.incarnation);
    assert!(second[0].stamp.sequence > first[1].stamp.sequence, "{second:?}");
    assert!(second[0].stamp > first[1].stamp);
    assert_eq!(store.load().await.unwrap(), second);
}

#[tokio::test]
async fn requests_at_once_are_all_kept() {
    let folder = tempfile::tempdir().unwrap();
    let (environment, store) = open(&folder.path().join("a.db")).await;
    let store = std::sync::Arc::new(store.unwrap());
    let mut tasks = Vec::new();
    for index in 0..200 {
        let store = std::sync::Arc::clone(&store);
        tasks.push(environment.spawn("append", async move {
            store.append(vec![fact(&format!("a{index}"), 100)]).await.unwrap();
        }));
    }
    for task in tasks {
        task.join().await;
    }
    let entries: Vec<Entry> = store.load().await.unwrap();
    let mut numbers: Vec<u64> = entries.iter().map(|entry| entry.stamp.sequence).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=200).collect::<Vec<_>>());
}

#[tokio::test]
async fn each_way_a_file_cannot_be_opened_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    let held = folder.path().join("held.db");
    let (_environment, holder) = open(&held).await;
    let holder = holder.unwrap();
    let in_use = open(&held).await.1.unwrap_err();
    assert!(matches!(in_use, Error::InUse { .. }), "{in_use}");
    assert!(in_use.to_string().contains("in use by another process"));
    holder.close().await;
    let nowhere = open(&folder.path().join("no/such/folder.db")).await.1.unwrap_err().to_string();
    assert!(nowhere.contains("is not there"), "{nowhere}");
    let garbage = folder.path().join("garbage.db");
    std::fs::write(&garbage, vec![b'x'; 8192]).unwrap();
    let damaged = open(&garbage).await.1.unwrap_err();
    assert!(matches!(damaged, Error::Damaged { .. }), "{damaged}");
}

/// A file that may not grow: what a full disk looks like from inside.
#[tokio::test]
async fn a_full_file_refuses_what_comes_and_keeps_what_was_there() {
    let folder = tempfile::tempdir().unwrap();
    let environment = Environment::real(3);
    let options = Options { pages_max: Some(40), ..Options::new(folder.path().join("a.db")) };
    let store = Sqlite::open(&environment, options).await.unwrap();
    let mut kept = 0;
    let error = loop {
        match store.append(vec![fact("a", 4000)]).await {
            Ok(_) => kept += 1,
            Err(error) => break error,
        }
        assert!(kept < 1000, "the limit does not hold");
    };
    assert!(matches!(error, Error::Full { .. }), "{error}");
    assert!(error.to_string().contains("make room"));
    assert!(matches!(store.probe().await, Err(Error::Full { .. })));
    let entries = store.load().await.unwrap();
    assert_eq!(entries.len(), kept, "what was accepted is there");
    store.forget(entries.iter().map(|entry| entry.stamp).collect()).await.unwrap();
    store.append(vec![fact("b", 10)]).await.unwrap();
    store.probe().await.unwrap();
}

const INSIDE: &str = "SEAWORTHY_TEST_MOUNTS";

/// Runs a test of this file in a mount namespace of its own, so that nothing it mounts is left
/// behind. False where that is not allowed, which is said.
fn in_own_mounts(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let program = std::env::current_exe().unwrap();
    let output = std::process::Command::new("unshare")
        .args(["--mount", "--propagation", "private"])
        .arg(program)
        .args(["--exact", test, "--nocapture"])
        .env(INSIDE, "1")
        .output();
    match output {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let errors = String::from_utf8_lossy(&output.stderr);
            if errors.contains("unshare failed") || errors.contains("Operation not permitted") {
                skip(test, "needs root, for a mount namespace of its own");
            } else {
                panic!("inside of its own mounts:\n{}\n{errors}", String::from_utf8_lossy(&output.stdout));
            }
        }
        Err(error) => skip(test, &format!("unshare cannot be run: {error}")),
    }
    false
}

fn mount(arguments: &[&str]) {
    let status = std::process::Command::new("mount").args(arguments).status().unwrap();
    assert!(status.success(), "mount {arguments:?}");
}

#[tokio::test]
async fn a_disk_that_is_full_or_read_only_gives_503_and_loses_nothing() {
    if !in_own_mounts("a_disk_that_is_full_or_read_only_gives_503_and_loses_nothing") {
        return;
    }
    let hook = Hook::start(&Environment::real(1)).await;
    let folder = Folder::new(&to_hook(&hook).replace("group_wait: 50ms", "group_wait: 1s"));
    let disk = folder.join("disk");
    std::fs::create_dir(&disk).unwrap();
    mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs", disk.to_str().unwrap()]);
    let mut options = folder.options();
    options.config.store.path = disk.join("alerter.db");
    let alerter = Alerter::start(options.clone()).await;
    alerter.fire("Accepted", "a").await;
    std::fs::write(disk.join("filler"), vec![0; 2 << 20]).unwrap_err();
    let long = "x".repeat(200_000);
    let body = format!(r#"[{{"labels":{{"alertname":"Refused"}},"annotations":{{"text":"{long}"}}}}]"#);
    let (status, text) = alerter.call("POST", "/api/v2/alerts", &body).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{text}");
    assert!(text.contains("is full: make room"), "{text}");
    let (status, text) = common::call(alerter.metrics.clone(), None, "GET", "/readyz", "").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(text.contains("is full"), "{text}");
    // What was accepted is told although nothing more can be journaled.
    let message = hook.wait_for(1).await.remove(0).body;
    assert_eq!(message["groupLabels"]["alertname"], "Accepted");
    std::fs::remove_file(disk.join("filler")).unwrap();
    eventually("room again", async || {
        let (status, _) =
            alerter.call("POST", "/api/v2/alerts", r#"[{"labels":{"alertname":"Later"}}]"#).await;
        (status == StatusCode::OK).then_some(())
    })
    .await;
    alerter.stop().await;
    mount(&["-o", "remount,ro", disk.to_str().unwrap()]);
    let environment = Environment::real(9);
    let error = alerter::Service::open(options.clone(), &environment).await.unwrap_err().to_string();
    assert!(error.contains("cannot be written"), "{error}");
    mount(&["-o", "remount,rw", disk.to_str().unwrap()]);
    let alerter = Alerter::start(options).await;
    let names: Vec<String> = alerter
        .get("/api/v2/alerts")
        .await
        .as_array()
        .unwrap()
        .iter()
        .map(|alert| alert["labels"]["alertname"].as_str().unwrap().to_owned())
        .collect();
    assert!(names.contains(&"Accepted".to_owned()) && names.contains(&"Later".to_owned()), "{names:?}");
    alerter.stop().await;
}

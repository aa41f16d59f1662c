//! Real peers: amtool reads and silences, Prometheus posts. `SEAWORTHY_PEERS` names the folder
//! with the programs; `cargo xtask testbed` builds them.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};

use alerter::Service;
use common::{Folder, Hook, eventually, skip, to_hook};
use environment::{Drain, Environment};

fn peer(test: &str, name: &str) -> Option<PathBuf> {
    let Some(folder) = std::env::var_os("SEAWORTHY_PEERS") else {
        skip(test, &format!("SEAWORTHY_PEERS does not name a folder with {name}"));
        return None;
    };
    let path = Path::new(&folder).join(name);
    if !path.exists() {
        skip(test, &format!("there is no {name} in SEAWORTHY_PEERS"));
        return None;
    }
    Some(path)
}

struct Running {
    address: String,
    hook: Hook,
    _drain: Drain,
    _folder: Folder,
}

/// An alerter on a port of loopback.
async fn start() -> Running {
    let environment = Environment::real(11);
    let hook = Hook::start(&environment).await;
    let folder = Folder::new(&to_hook(&hook));
    let mut options = folder.options();
    let free = "127.0.0.1:0".parse().unwrap();
    options.config.listen.api = free;
    options.config.listen.metrics = free;
    let bound = Service::open(options, &environment).await.unwrap().bind().await.unwrap();
    let address = bound.addresses().unwrap().api.to_string();
    let (drain, drained) = environment::drain();
    environment.fork("run").spawn("alerter", async move { bound.run(drained).await.unwrap() });
    Running { address, hook, _drain: drain, _folder: folder }
}

/// Runs amtool beside the runtime, which serves it.
async fn amtool(program: &Path, running: &Running, arguments: &[&str]) -> Output {
    let mut command = Command::new(program);
    command.arg(format!("--alertmanager.url=http://{}", running.address)).args(arguments);
    tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
}

fn text(output: &Output) -> String {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[tokio::test]
async fn amtool_adds_reads_silences_and_expires() {
    let Some(program) = peer("amtool_adds_reads_silences_and_expires", "amtool") else { return };
    let running = start().await;
    let run = async |arguments: &[&str]| text(&amtool(&program, &running, arguments).await);
    run(&["alert", "add", "alertname=Down", "job=a", "--annotation=summary=x"]).await;
    running.hook.wait_for(1).await;
    assert!(run(&["alert", "query", "job=a"]).await.contains("Down"));
    assert!(run(&["alert", "query", "job=other"]).await.lines().count() <= 1);
    let id = run(&["silence", "add", "job=a", "--author=ada", "--comment=known", "--duration=1h"]).await;
    let id = id.trim();
    assert!(run(&["silence", "query"]).await.contains(&id[..8]));
    assert!(run(&["alert", "query", "--silenced"]).await.contains("Down"));
    let active = run(&["alert", "query"]).await;
    assert!(!active.contains("Down"), "{active}");
    run(&["silence", "update", "--duration=2h", id]).await;
    run(&["silence", "expire", id]).await;
    assert!(run(&["alert", "query"]).await.contains("Down"));
    assert!(run(&["config", "show"]).await.contains("hook"));
    let routes = run(&["config", "routes", "test", "alertname=Down"]).await;
    assert_eq!(routes.trim(), "hook");
    assert!(run(&["cluster", "show"]).await.contains("disabled"));
}

struct Kill(Child);

impl Drop for Kill {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

#[tokio::test]
async fn prometheus_fires_a_rule_and_resolves_it() {
    let Some(program) = peer("prometheus_fires_a_rule_and_resolves_it", "prometheus") else { return };
    let running = start().await;
    let folder = tempfile::tempdir().unwrap();
    let rules = |expression: &str| {
        format!(
            "groups: [{{name: g, interval: 1s, rules: [{{alert: Always, expr: '{expression}', labels: {{job: p}}}}]}}]"
        )
    };
    let rule_file = folder.path().join("rules.yml");
    std::fs::write(&rule_file, rules("vector(1) > 0")).unwrap();
    let config = folder.path().join("prometheus.yml");
    let address = &running.address;
    std::fs::write(
        &config,
        format!(
            "global: {{evaluation_interval: 1s}}\nrule_files: [rules.yml]\nalerting: {{alertmanagers: [{{static_configs: [{{targets: ['{address}']}}]}}]}}\n"
        ),
    )
    .unwrap();
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let _prometheus = Kill(
        Command::new(&program)
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.tsdb.path={}", folder.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--web.enable-lifecycle")
            // What it sends before it has found its alertmanagers is lost; it repeats it after this.
            .arg("--rules.alert.resend-delay=1s")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap(),
    );
    let firing = running.hook.wait_for(1).await.remove(0).body;
    assert_eq!(firing["alerts"][0]["labels"]["alertname"], "Always");
    assert!(firing["alerts"][0]["generatorURL"].as_str().unwrap().contains("/graph"));
    std::fs::write(&rule_file, rules("vector(1) > 2")).unwrap();
    let environment = Environment::real(1);
    let client = net::http::Client::outbound(&environment, net::http::Roots::System).await.unwrap();
    let endpoint = net::http::Endpoint::new(&format!("http://127.0.0.1:{port}"), client).unwrap();
    eventually("Prometheus reloads", async || {
        let answer =
            endpoint.post_json("/-/reload", "".into(), std::time::Duration::from_secs(5)).await.ok()?;
        answer.status().is_success().then_some(())
    })
    .await;
    let resolved = eventually("the end", async || {
        running.hook.received().into_iter().find(|message| message.body["status"] == "resolved")
    })
    .await;
    assert_eq!(resolved.body["alerts"][0]["labels"]["alertname"], "Always");
}

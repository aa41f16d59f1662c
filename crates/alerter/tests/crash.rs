//! An alerter in a process of its own, killed with SIGKILL between accepting and sending.

mod common;

use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use alerter::Service;
use common::{Alerter, Folder, Hook, eventually, jobs, to_hook};
use environment::{Drained, Environment};
use net::http::{Client, Endpoint, Roots};

const FOLDER: &str = "SEAWORTHY_TEST_FOLDER";

/// Not a test of its own: the process that is killed. It writes its address into a file.
#[tokio::test]
#[ignore = "it is started by the test that kills it"]
async fn child() {
    let Some(folder) = std::env::var_os(FOLDER).map(PathBuf::from) else { return };
    let mut options = common::Folder::new("").options();
    options.folder.clone_from(&folder);
    let free = "127.0.0.1:0".parse().unwrap();
    options.config.listen.api = free;
    options.config.listen.metrics = free;
    let bound = Service::open(options, &Environment::real(5)).await.unwrap().bind().await.unwrap();
    let address = bound.addresses().unwrap().api.to_string();
    std::fs::write(folder.join("address.new"), address).unwrap();
    std::fs::rename(folder.join("address.new"), folder.join("address")).unwrap();
    bound.run(Drained::never()).await.unwrap();
}

/// Ends the child however the test ends.
struct Kill(Child);

impl Drop for Kill {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

fn spawn(folder: &Folder) -> Kill {
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "child", "--ignored", "--nocapture"])
        .env(FOLDER, folder.path.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    Kill(child)
}

#[tokio::test]
async fn what_was_answered_200_is_told_by_the_next_process() {
    let environment = Environment::real(1);
    let hook = Hook::start(&environment).await;
    let folder = Folder::new(&to_hook(&hook).replace("group_wait: 50ms", "group_wait: 5s"));
    let child = spawn(&folder);
    let address =
        eventually("the child listens", async || std::fs::read_to_string(folder.join("address")).ok()).await;
    let client = Client::outbound(&environment, Roots::System).await.unwrap();
    let endpoint = Endpoint::new(&format!("http://{address}"), client).unwrap();
    let body = r#"[{"labels":{"alertname":"Down","job":"a"}}]"#;
    let answer = endpoint.post_json("/api/v2/alerts", body.into(), std::time::Duration::from_secs(5)).await;
    assert_eq!(answer.unwrap().status().as_u16(), 200);
    drop(child);
    assert!(hook.received().is_empty(), "it was killed before it sent anything");
    let alerter = Alerter::start(folder.options()).await;
    let messages = hook.wait_for(1).await;
    assert_eq!(jobs(&messages[0].body, "firing"), ["a"]);
    alerter.stop().await;
}

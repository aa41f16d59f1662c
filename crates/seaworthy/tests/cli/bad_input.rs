//! What goes wrong outside of the program: each message says what, where, and the way out.

use std::net::TcpListener;

use crate::seaworthy::{command, end, expect_error, file};

/// Nobody listens on port 1 of loopback.
const NOBODY: &str = "127.0.0.1:1";

fn kubeconfig(name: &str, server: &str) -> String {
    let text = format!(
        "apiVersion: v1\nkind: Config\ncurrent-context: c\n\
         clusters: [{{name: c, cluster: {{server: '{server}'}}}}]\n\
         contexts: [{{name: c, context: {{cluster: c, user: u}}}}]\n\
         users: [{{name: u, user: {{token: t0ken-of-nobody}}}}]\n"
    );
    file(name, &text).display().to_string()
}

#[test]
fn no_kubeconfig() {
    expect_error(&["remediations"], 3, &["kubeconfig", "--kubeconfig"]);
    expect_error(&["pause", "--kubeconfig", "/nowhere/config"], 3, &["/nowhere/config"]);
}

#[test]
fn a_context_that_is_not_there() {
    let config = kubeconfig("context.yaml", "https://127.0.0.1:1");
    expect_error(&["remediations", "--kubeconfig", &config, "--context", "prod"], 3, &["prod", "c"]);
}

#[test]
fn an_api_server_that_is_not_there() {
    let config = kubeconfig("unreachable.yaml", &format!("https://{NOBODY}"));
    let ended = end(&mut command(&["remediations", "--kubeconfig", &config]));
    assert_eq!(ended.code, 3, "{ended:?}");
    assert!(ended.err.contains(NOBODY), "{}", ended.err);
    assert!(!ended.err.contains("t0ken"), "no secret in errors: {}", ended.err);
}

#[test]
fn no_alerter() {
    expect_error(&["issues"], 3, &["--monitor", "SEAWORTHY_MONITOR", "--alerter", "seaworthy check"]);
    expect_error(&["issues", "--monitor", &format!("https://{NOBODY}")], 3, &[NOBODY]);
    expect_error(&["issues", "--alerter", &format!("http://{NOBODY}")], 3, &[NOBODY]);
    expect_error(&["issues", "--alerter", "alerter:9093"], 3, &["--alerter", "http"]);
    expect_error(&["issues", "--alerter", "https://x", "--identity", "/nowhere"], 3, &["/nowhere"]);
}

/// An alerter's file whose metrics listen there and whose store is this.
fn alerter(name: &str, metrics: &str, store: &str) -> String {
    file("routes.yml", "route: {receiver: team}\nreceivers: [{name: team}]\n");
    let text = format!(
        "apiVersion: config.seaworthy.dev/v1alpha1\nkind: AlerterConfig\nalertmanagerConfig: routes.yml\n\
         listen: {{api: '127.0.0.1:0', metrics: '{metrics}'}}\nstore: {{path: {store}}}\n"
    );
    file(name, &text).display().to_string()
}

#[test]
fn a_port_that_is_in_use() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("bound").to_string();
    let config = alerter("port.yaml", &address, "port.db");
    expect_error(&["alerter", "--config", &config], 3, &["listen.metrics", &address, "in use"]);
}

#[test]
fn a_store_that_cannot_be_opened() {
    let config = alerter("store.yaml", "127.0.0.1:0", "/nowhere/alerter.db");
    expect_error(&["alerter", "--config", &config], 3, &["/nowhere/alerter.db", "folder"]);
}

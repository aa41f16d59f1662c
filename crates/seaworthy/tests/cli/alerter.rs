//! The alerter as a process: disks that are full or read-only, an address that is taken.

use std::io::Write;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::seaworthy::{end, expect_error};
use crate::service::{Running, ask, free_port, until};

/// Says loudly that a test was skipped, and why: not through the macros, whose output a test that passes does not show.
fn skip(test: &str, why: &str) {
    drop(writeln!(std::io::stderr(), "SKIPPED {test}: {why}"));
}

/// A folder with an alerter's configuration; its journal lies in the folder `disk` there.
struct Folder {
    path: PathBuf,
    api: SocketAddr,
    health: SocketAddr,
}

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let (api, health) = (free_port(), free_port());
        drop(std::fs::remove_dir_all(&path));
        std::fs::create_dir_all(path.join("disk")).expect("the tests' folder can be written");
        let config = format!(
            "apiVersion: config.seaworthy.dev/v1alpha1\nkind: AlerterConfig\nalertmanagerConfig: alertmanager.yml\n\
             listen: {{api: '{api}', metrics: '{health}'}}\nstore: {{path: disk/alerter.db}}\n"
        );
        let receivers = "route: {receiver: nobody}\nreceivers: [{name: nobody}]\n";
        for (file, text) in [("alerter.yaml", config.as_str()), ("alertmanager.yml", receivers)] {
            std::fs::write(path.join(file), text).expect("the tests' folder can be written");
        }
        Self { path, api, health }
    }

    fn config(&self) -> String {
        self.path.join("alerter.yaml").display().to_string()
    }

    /// The command that runs the alerter in a mount namespace of its own, which ends with it, on a disk of one megabyte
    /// made by `mount` with these options.
    fn on_small_disk(&self, options: &str) -> Command {
        let script = r#"mount -t tmpfs -o "size=1m,$1" tmpfs "$2" && exec "$3" alerter --config "$4""#;
        let mut unshare = Command::new("unshare");
        unshare
            .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh", options])
            .arg(self.path.join("disk"))
            .arg(env!("CARGO_BIN_EXE_seaworthy"))
            .arg(self.config())
            .stdin(Stdio::null());
        unshare
    }
}

/// Whether this machine lets us mount, which is said if not.
fn may_mount(test: &str) -> bool {
    let tried = Command::new("unshare").args(["--mount", "--propagation", "private", "true"]).output();
    let may = tried.is_ok_and(|output| output.status.success());
    if !may {
        skip(test, "needs root, for a mount namespace of its own");
    }
    may
}

fn alert(name: &str, text: &str) -> String {
    format!(r#"[{{"labels":{{"alertname":"{name}"}},"annotations":{{"text":"{text}"}}}}]"#)
}

#[test]
fn an_address_that_is_taken_is_named_with_its_key() {
    let folder = Folder::new("taken-port");
    let taken = TcpListener::bind(folder.api).expect("it was free a moment ago");
    let address = taken.local_addr().expect("it listens").to_string();
    expect_error(&["alerter", "--config", &folder.config()], 3, &["listen.api", &address, "in use"]);
}

#[test]
fn a_disk_that_is_read_only_ends_it_with_what_to_do() {
    let test = "a_disk_that_is_read_only_ends_it_with_what_to_do";
    if !may_mount(test) {
        return;
    }
    let ended = end(&mut Folder::new("read-only-disk").on_small_disk("ro"));
    assert_eq!(ended.code, 3, "{ended:?}");
    for words in ["alerter.db", "cannot be opened", "must exist and be ours to write"] {
        assert!(ended.err.contains(words), "{words:?} is not in {}", ended.err);
    }
    assert!(!ended.err.contains("panicked"), "{}", ended.err);
}

#[test]
fn a_disk_that_fills_up_is_said_to_everybody_and_nothing_is_lost() {
    let test = "a_disk_that_fills_up_is_said_to_everybody_and_nothing_is_lost";
    if !may_mount(test) {
        return;
    }
    let folder = Folder::new("full-disk");
    let child = folder.on_small_disk("rw").stderr(Stdio::null()).stdout(Stdio::null()).spawn();
    let running = Running(child.expect("unshare starts"));
    let post = |body: &str| ask(folder.api, "POST", "/api/v2/alerts", body);
    until(200, || post(&alert("Accepted", "")));

    // Seen from here, the disk of its namespace lies under its entry in /proc.
    let disk = folder.path.join("disk");
    let disk = disk.strip_prefix("/").expect("an absolute path");
    let filler = Path::new("/proc").join(running.0.id().to_string()).join("root").join(disk).join("filler");
    std::fs::write(&filler, vec![0; 2 << 20]).expect_err("more than there is room for");
    let said = until(503, || post(&alert("Refused", &"x".repeat(200_000))));
    assert!(said.contains("is full: make room"), "{said}");
    let said = until(503, || ask(folder.health, "GET", "/readyz", ""));
    assert!(said.contains("is full"), "{said}");
    let alerts = until(200, || ask(folder.api, "GET", "/api/v2/alerts", ""));
    assert!(alerts.contains("Accepted") && !alerts.contains("Refused"), "{alerts}");

    std::fs::remove_file(filler).expect("it is ours");
    until(200, || ask(folder.health, "GET", "/readyz", ""));
    until(200, || post(&alert("Later", "")));
}

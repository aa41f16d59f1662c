//! Mail, to a real SMTP server (aiosmtpd, where Python has it).

mod common;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;

use common::{Alerter, Folder, eventually, skip};

/// An aiosmtpd that prints what it takes.
struct Smtpd {
    child: Child,
    port: u16,
    lines: mpsc::Receiver<String>,
}

const PROGRAM: &str = "
import asyncio, sys
from aiosmtpd.controller import Controller
class Handler:
    async def handle_RCPT(self, server, session, envelope, address, options):
        if address.startswith('nobody@'):
            return '550 5.1.1 no such mailbox'
        envelope.rcpt_tos.append(address)
        return '250 OK'
    async def handle_DATA(self, server, session, envelope):
        print('MAIL', envelope.mail_from, *envelope.rcpt_tos)
        for line in envelope.content.decode().splitlines():
            print(line)
        print('END', flush=True)
        return '250 taken'
controller = Controller(Handler(), hostname='127.0.0.1', port=int(sys.argv[1]))
controller.start()
print('READY', flush=True)
asyncio.new_event_loop().run_forever()
";

impl Smtpd {
    /// `None`, said loudly, where it is not installed.
    fn start(test: &str) -> Option<Self> {
        let installed = Command::new("python3").args(["-c", "import aiosmtpd"]).output();
        if !installed.is_ok_and(|output| output.status.success()) {
            skip(test, "aiosmtpd is not installed (Debian: python3-aiosmtpd, or pip install aiosmtpd)");
            return None;
        }
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut child = Command::new("python3")
            .args(["-c", PROGRAM, &port.to_string()])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let (sender, lines) = mpsc::channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                if sender.send(line).is_err() {
                    return;
                }
            }
        });
        assert_eq!(lines.recv().unwrap(), "READY");
        Some(Self { child, port, lines })
    }

    /// The lines of the next mail, if it has come.
    fn mail(&self, so_far: &mut Vec<String>) -> Option<Vec<String>> {
        while let Ok(line) = self.lines.try_recv() {
            if line == "END" {
                return Some(std::mem::take(so_far));
            }
            so_far.push(line);
        }
        None
    }
}

impl Drop for Smtpd {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

fn folder(port: u16, to: &str, more: &str) -> Folder {
    Folder::new(&format!(
        "
global: {{smtp_smarthost: '127.0.0.1:{port}', smtp_from: 'alerter@example.org'{more}}}
route: {{receiver: mail, group_by: [alertname], group_wait: 50ms, group_interval: 200ms}}
receivers: [{{name: mail, email_configs: [{{to: '{to}', send_resolved: true}}]}}]
"
    ))
}

#[tokio::test]
async fn a_mail_arrives_in_both_forms_and_its_end_in_the_same_thread() {
    let Some(smtpd) = Smtpd::start("a_mail_arrives_in_both_forms_and_its_end_in_the_same_thread") else {
        return;
    };
    let folder = folder(smtpd.port, "ada@example.org, bob@example.org", ", smtp_require_tls: false");
    let alerter = Alerter::start(folder.options()).await;
    alerter.fire("Down", "a").await;
    let mut lines = Vec::new();
    let first = eventually("a mail", async || smtpd.mail(&mut lines)).await;
    assert_eq!(first[0], "MAIL alerter@example.org ada@example.org bob@example.org");
    let value = |mail: &[String], name: &str| -> String {
        mail.iter().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap().to_owned()
    };
    assert_eq!(value(&first, "Subject"), "[FIRING:1] Down (a)");
    for part in ["text/plain", "text/html"] {
        assert!(first.iter().any(|line| line.contains(part)), "{part}");
    }
    alerter.resolve("Down", "a").await;
    let second = eventually("its end", async || smtpd.mail(&mut lines)).await;
    assert!(value(&second, "Subject").starts_with("[RESOLVED] Down"));
    assert_eq!(value(&first, "References"), value(&second, "References"));
    assert_ne!(value(&first, "Message-ID"), value(&second, "Message-ID"));
    alerter.stop().await;
}

#[tokio::test]
async fn a_mailbox_that_does_not_exist_is_a_dead_letter_and_a_server_without_tls_is_retried() {
    let test = "a_mailbox_that_does_not_exist_is_a_dead_letter_and_a_server_without_tls_is_retried";
    let Some(smtpd) = Smtpd::start(test) else { return };
    let dead = folder(smtpd.port, "nobody@example.org", ", smtp_require_tls: false");
    let alerter = Alerter::start(dead.options()).await;
    alerter.fire("Down", "a").await;
    let letters = eventually("a dead letter", async || {
        let letters = alerter.get("/api/v1/dead-letters").await["deadLetters"].clone();
        (!letters.as_array().unwrap().is_empty()).then_some(letters)
    })
    .await;
    assert!(letters[0]["reason"].as_str().unwrap().contains("no such mailbox"), "{letters}");
    alerter.stop().await;
    let plain = folder(smtpd.port, "ada@example.org", "");
    let alerter = Alerter::start(plain.options()).await;
    alerter.fire("Down", "a").await;
    eventually("attempts that find no STARTTLS", async || {
        let failed =
            alerter.metric("alertmanager_notification_requests_failed_total{integration=\"email\"}").await;
        failed.is_some_and(|failed| failed >= 2.0).then_some(())
    })
    .await;
    assert!(smtpd.mail(&mut Vec::new()).is_none(), "nothing was sent in plain");
    alerter.stop().await;
}

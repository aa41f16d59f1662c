//! A real mail server: Exim, from Debian, in a folder of its own. It takes mail for everybody and
//! delivers it into one maildir.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use crate::bed::run;
use crate::child::Child;
use crate::eventually;
use tokio::net::TcpStream;
use tokio::process::Command;

/// The program, and the user that Debian's package runs it as.
const PROGRAM: &str = "/usr/sbin/exim4";
const USER: &str = "mail";
const PATIENCE: Duration = Duration::from_secs(20);

/// A running mail server.
pub struct MailServer {
    /// Where it listens: `127.0.0.1:25`.
    pub address: String,
    folder: PathBuf,
    _child: Child,
}

impl MailServer {
    /// Whether this machine has one.
    pub fn is_installed() -> bool {
        Path::new(PROGRAM).exists()
    }

    /// Starts one on a free port of loopback.
    pub async fn start(folder: &Path) -> Result<Self> {
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            listener.local_addr()?.port()
        };
        let config = folder.join("exim.conf");
        std::fs::write(&config, configuration(folder, port))?;
        // It writes as its own user; its configuration must stay the administrator's.
        let data = folder.join("data");
        std::fs::create_dir_all(&data)?;
        run(Command::new("chown").arg(USER).arg(&data)).await?;
        let child = Child::start("exim", Path::new(PROGRAM), &folder.join("exim.log"), |command| {
            command.arg("-C").arg(&config).args(["-bdf", "-q10s"]);
        })?;
        let address = format!("127.0.0.1:{port}");
        let mut server = Self { address, folder: folder.to_owned(), _child: child };
        server.wait_for_greeting().await?;
        Ok(server)
    }

    async fn wait_for_greeting(&mut self) -> Result<()> {
        eventually("the mail server answers", PATIENCE, || async {
            TcpStream::connect(&self.address).await.map(drop).context("no answer")
        })
        .await
    }

    /// Every mail that was delivered, whole, in order of arrival.
    pub fn delivered(&self) -> Result<Vec<String>> {
        let Ok(entries) = std::fs::read_dir(self.folder.join("data/mail/new")) else { return Ok(Vec::new()) };
        let mut paths: Vec<PathBuf> = entries.map(|entry| Ok(entry?.path())).collect::<Result<_>>()?;
        // A maildir's names begin with the time of delivery.
        paths.sort();
        let mails: Result<Vec<String>> =
            paths.iter().map(|path| Ok(std::fs::read_to_string(path)?)).collect();
        mails
    }

    /// Waits for the first mail that contains `text`.
    pub async fn mail_with(&self, text: &str) -> Result<String> {
        eventually(&format!("a mail with {text:?}"), PATIENCE, || async {
            let mails = self.delivered()?;
            let found = mails.iter().find(|mail| mail.contains(text)).cloned();
            ensure!(found.is_some(), "{} mails without it", mails.len());
            found.context("just checked")
        })
        .await
    }
}

/// No TLS, no DNS, no queue for later: a message that was accepted is delivered.
fn configuration(folder: &Path, port: u16) -> String {
    let data = folder.join("data");
    let data = data.display();
    format!(
        "primary_hostname = mail.seaworthy.test
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
spool_directory = {data}/spool
log_file_path = {data}/log/%slog
pid_file_path = {data}/exim.pid
exim_user = {USER}
exim_group = {USER}
tls_advertise_hosts =
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
acl_smtp_rcpt = take
begin acl
take:
  accept
begin routers
everybody:
  driver = accept
  transport = folder
begin transports
folder:
  driver = appendfile
  directory = {data}/mail
  maildir_format
  create_directory
  user = {USER}
  group = {USER}
"
    )
}

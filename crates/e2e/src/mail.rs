//! A real mail server: Exim, from Debian, in a folder of its own. It takes mail for everybody but
//! [`NOBODY`] and delivers it into one maildir.

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

/// A mailbox that does not exist.
pub const NOBODY: &str = "nobody@seaworthy.test";
/// Who may send, where one has to log in.
pub const SENDER: &str = "seaworthy";

/// What a mail server demands of those who send.
#[derive(Clone, Debug)]
pub enum Demands {
    /// Nothing, and it offers no encryption either.
    Nothing,
    /// Encryption, and to log in as [`SENDER`].
    Login {
        /// The folder with its certificate and key, `tls.crt` and `tls.key`.
        identity: PathBuf,
        /// The sender's password.
        password: String,
    },
}

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

    /// Starts one on a free port of loopback. `folder` is its own: what an earlier run left there goes.
    pub async fn start(folder: &Path, demands: &Demands) -> Result<Self> {
        if folder.exists() {
            std::fs::remove_dir_all(folder).with_context(|| format!("empty {}", folder.display()))?;
        }
        std::fs::create_dir_all(folder).with_context(|| format!("make {}", folder.display()))?;
        let port = {
            let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
            listener.local_addr()?.port()
        };
        let config = folder.join("exim.conf");
        std::fs::write(&config, configuration(folder, port, demands))?;
        // It writes as its own user; its configuration must stay the administrator's.
        let data = folder.join("data");
        std::fs::create_dir_all(&data)?;
        if let Demands::Login { identity, .. } = demands {
            for file in ["tls.crt", "tls.key"] {
                std::fs::copy(identity.join(file), data.join(file)).context("its certificate")?;
            }
        }
        run(Command::new("chown").arg("-R").arg(USER).arg(&data)).await?;
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

    /// Waits for the first mail to somebody.
    pub async fn mail_to(&self, address: &str) -> Result<String> {
        self.mail_with(&format!("To: {address}")).await
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

/// No DNS, no queue for later: a message that was accepted is delivered.
fn configuration(folder: &Path, port: u16, demands: &Demands) -> String {
    let data = folder.join("data");
    let data = data.display();
    let (tls, rule, authenticators) = match demands {
        Demands::Nothing => ("tls_advertise_hosts =".to_owned(), "", String::new()),
        Demands::Login { password, .. } => (
            format!(
                "tls_advertise_hosts = *\ntls_certificate = {data}/tls.crt\ntls_privatekey = {data}/tls.key"
            ),
            "  deny message = 530 5.7.0 log in first\n       !authenticated = *\n",
            login(password),
        ),
    };
    let nobody = NOBODY.split('@').next().unwrap_or(NOBODY);
    format!(
        "primary_hostname = mail.seaworthy.test
daemon_smtp_ports = {port}
local_interfaces = 127.0.0.1
spool_directory = {data}/spool
log_file_path = {data}/log/%slog
pid_file_path = {data}/exim.pid
exim_user = {USER}
exim_group = {USER}
{tls}
host_lookup =
rfc1413_query_timeout = 0s
keep_environment =
acl_smtp_rcpt = take
begin acl
take:
{rule}  deny message = 550 5.1.1 no such mailbox
       local_parts = {nobody}
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
{authenticators}"
    )
}

/// One may log in only once the connection is encrypted.
fn login(password: &str) -> String {
    format!(
        "begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = ${{if and {{{{eq{{$auth2}}{{{SENDER}}}}}{{eq{{$auth3}}{{{password}}}}}}}}}
  server_set_id = $auth2
  server_advertise_condition = ${{if def:tls_in_cipher}}
"
    )
}

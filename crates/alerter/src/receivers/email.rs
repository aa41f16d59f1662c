//! Mail: text and HTML in one message, tied into a thread per group of alerts.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::SignedDuration;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Mailboxes, Message, MultiPart};
use lettre::transport::smtp::Error as SmtpError;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, CertificateStore, TlsParameters};
use lettre::transport::smtp::extension::ClientId;
use sha2::{Digest, Sha256};

use super::{Built, Channel, Failure, Kind, Outside, each, truncate, unrendered};
use crate::configuration::http::{TlsConfig, either};
use crate::configuration::{Context, Source, file};
use crate::notification::Notification;
use crate::templates::Text;

pub(super) const KIND: Kind = Kind {
    name: "email",
    key: "email_configs",
    build: |receiver, context| each(&receiver.email_configs, |config| check(config, context)),
};

/// The longest subject, in characters; what mail programs show is far shorter.
const SUBJECT_MAX: usize = 500;

/// Headers that are made here and cannot be set.
const OURS: [&str; 6] =
    ["message-id", "date", "content-type", "content-transfer-encoding", "mime-version", "references"];

#[derive(Debug)]
struct Email {
    server: Server,
    from: Text,
    to: Text,
    subject: Text,
    text: Text,
    html: Text,
    headers: BTreeMap<String, Text>,
    daily: bool,
}

/// A mail server and how to speak to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// Its name, which its certificate must have unless another is given.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// How we introduce ourselves.
    pub hello: String,
    /// How the connection is secured.
    pub security: Security,
    /// Who we are; nobody where it is not given.
    pub login: Option<(String, Source)>,
    /// The authorities to trust instead of the well-known ones.
    pub ca_file: Option<PathBuf>,
    /// The name its certificate must have.
    pub server_name: Option<String>,
    /// Whether any certificate will do.
    pub any_certificate: bool,
}

/// How a connection is secured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Security {
    /// Not at all.
    None,
    /// After a greeting in plain; without it nothing is sent.
    StartTls,
    /// From the first byte.
    Implicit,
}

fn check(config: &file::Email, context: &Context<'_>) -> Result<Built, String> {
    Ok(Built {
        send_resolved: config.send_resolved.unwrap_or(false),
        timeout: context.timeout,
        pace: SignedDuration::ZERO,
        channel: Arc::new(email(config, context)?),
    })
}

fn email(config: &file::Email, context: &Context<'_>) -> Result<Email, String> {
    let global = context.global;
    if config.to.is_empty() {
        return Err("no `to`: whom is the mail for?".to_owned());
    }
    let from = config.from.as_deref().or(global.smtp_from.as_deref());
    let from = from.ok_or("no `from`, and no smtp_from under global")?;
    let text = |key: &str, source: &str| context.library.text(key, source).map_err(|error| error.to_string());
    let subject = header(config, "subject").unwrap_or("{{ template \"email.default.subject\" . }}");
    let body = config.text.as_deref().filter(|text| !text.is_empty());
    let html = config.html.as_deref().unwrap_or("{{ template \"email.default.html\" . }}");
    Ok(Email {
        server: server(config, context)?,
        from: text("from", from)?,
        to: text("to", &config.to)?,
        subject: text("subject", subject)?,
        text: text("text", body.unwrap_or("{{ template \"email.default.text\" . }}"))?,
        html: context.library.html("html", html).map_err(|error| error.to_string())?,
        headers: headers(config, context)?,
        daily: config.threading.as_ref().is_some_and(|threading| threading.thread_by_date == "daily"),
    })
}

fn header<'a>(config: &'a file::Email, name: &str) -> Option<&'a str> {
    config.headers.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
}

fn headers(config: &file::Email, context: &Context<'_>) -> Result<BTreeMap<String, Text>, String> {
    let mut headers: BTreeMap<String, Text> = BTreeMap::new();
    for (name, value) in &config.headers {
        if name.eq_ignore_ascii_case("subject") {
            continue;
        }
        if OURS.iter().any(|ours| name.eq_ignore_ascii_case(ours)) {
            return Err(format!("headers: {name} is made by the alerter and cannot be set"));
        }
        HeaderName::new_from_ascii(name.clone()).map_err(|_| format!("headers: {name:?} is no header"))?;
        if headers.keys().any(|known| known.eq_ignore_ascii_case(name)) {
            return Err(format!("headers: {name} stands there twice"));
        }
        let text = context.library.text(name, value).map_err(|error| error.to_string())?;
        headers.insert(name.clone(), text);
    }
    Ok(headers)
}

fn server(config: &file::Email, context: &Context<'_>) -> Result<Server, String> {
    let global = context.global;
    let smarthost = config.smarthost.as_deref().or(global.smtp_smarthost.as_deref());
    let smarthost = smarthost.ok_or("no smarthost, and no smtp_smarthost under global")?;
    let (host, port) = smarthost
        .rsplit_once(':')
        .and_then(|(host, port)| Some((host.trim_matches(['[', ']']), port.parse::<u16>().ok()?)))
        .filter(|(host, _)| !host.is_empty())
        .ok_or_else(|| format!("smarthost {smarthost:?} is not like mail.example:587"))?;
    let implicit = config.force_implicit_tls.or(global.smtp_force_implicit_tls).unwrap_or(port == 465);
    let require = config.require_tls.or(global.smtp_require_tls).unwrap_or(true);
    let security = match (implicit, require) {
        (true, _) => Security::Implicit,
        (false, true) => Security::StartTls,
        (false, false) => Security::None,
    };
    let tls = config.tls_config.as_ref().or(global.smtp_tls_config.as_ref());
    let tls = tls.cloned().unwrap_or_default();
    TlsConfig::check_mail(&tls)?;
    Ok(Server {
        host: host.to_owned(),
        port,
        hello: config.hello.clone().or(global.smtp_hello.clone()).unwrap_or_else(|| "localhost".into()),
        security,
        login: login(config, context)?,
        ca_file: tls.ca_file.map(|path| context.path(&path)),
        server_name: tls.server_name,
        any_certificate: tls.insecure_skip_verify.unwrap_or(false),
    })
}

fn login(config: &file::Email, context: &Context<'_>) -> Result<Option<(String, Source)>, String> {
    let global = context.global;
    let any_secret = [&config.auth_secret, &global.smtp_auth_secret].iter().any(|secret| secret.is_some())
        || config.auth_secret_file.is_some()
        || global.smtp_auth_secret_file.is_some();
    if any_secret {
        return Err("auth_secret (CRAM-MD5) is not supported: use auth_password over TLS".to_owned());
    }
    if config.auth_identity.as_ref().or(global.smtp_auth_identity.as_ref()).is_some_and(|id| !id.is_empty()) {
        return Err("auth_identity is not supported: remove it".to_owned());
    }
    let own = either("auth_password", config.auth_password.as_ref(), config.auth_password_file.as_ref())?;
    let password = match own {
        Some(own) => Some(own),
        None => either(
            "smtp_auth_password",
            global.smtp_auth_password.as_ref(),
            global.smtp_auth_password_file.as_ref(),
        )?,
    };
    let user = config.auth_username.clone().or(global.smtp_auth_username.clone());
    match (user.filter(|user| !user.is_empty()), password) {
        (Some(user), Some(password)) => Ok(Some((user, context.source(password)))),
        (Some(user), None) => Err(format!("auth_username {user:?} has no auth_password beside it")),
        (None, _) => Ok(None),
    }
}

impl Email {
    fn compose(&self, message: &Notification) -> Result<Message, Failure> {
        let render = |text: &Text| text.render(message).map_err(|error| unrendered(&error));
        let line = |text: &Text| render(text).map(|text| one_line(&text));
        let wrong = |what: &'static str| {
            move |reason: String| Failure::Permanent { reason: format!("{what}: {reason}") }
        };
        let from: Mailbox = line(&self.from)?
            .parse()
            .map_err(|error: lettre::address::AddressError| wrong("`from`")(error.to_string()))?;
        let to: Mailboxes = line(&self.to)?
            .parse()
            .map_err(|error: lettre::address::AddressError| wrong("`to`")(error.to_string()))?;
        let receivers = to.iter().map(|mailbox| mailbox.email.clone()).collect();
        let envelope = Envelope::new(Some(from.email.clone()), receivers)
            .map_err(|error| wrong("`to`")(error.to_string()))?;
        let domain = from.email.domain().to_owned();
        let thread = self.thread(message, &domain);
        let mut builder = Message::builder()
            .envelope(envelope)
            .from(from)
            .date(SystemTime::from(message.at))
            .subject(truncate(&line(&self.subject)?, SUBJECT_MAX))
            .message_id(Some(format!("<{}@{domain}>", digest(&message.id))))
            .references(thread.clone())
            .in_reply_to(thread);
        if !self.headers.keys().any(|name| name.eq_ignore_ascii_case("to")) {
            builder = to.into_iter().fold(builder, lettre::message::MessageBuilder::to);
        }
        for (name, text) in &self.headers {
            let header = HeaderName::new_from_ascii(name.clone())
                .map_err(|error| wrong("headers")(error.to_string()))?;
            builder = builder.raw_header(HeaderValue::new(header, line(text)?));
        }
        builder
            .multipart(MultiPart::alternative_plain_html(render(&self.text)?, render(&self.html)?))
            .map_err(|error| wrong("the mail")(error.to_string()))
    }

    /// What all mails about one group refer to, on one day where that is asked for.
    fn thread(&self, message: &Notification, domain: &str) -> String {
        let day = if self.daily { message.at.strftime("-%Y-%m-%d").to_string() } else { String::new() };
        format!("<group-{}{day}@{domain}>", digest(&message.group_key))
    }
}

fn digest(text: &str) -> String {
    let whole = Sha256::digest(text);
    let half: [u8; 16] = std::array::from_fn(|index| whole[index]);
    format!("{:032x}", u128::from_be_bytes(half))
}

/// A header is one line, whatever a label holds.
fn one_line(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

#[async_trait]
impl Channel for Email {
    async fn deliver(
        &self,
        message: &Notification,
        outside: &dyn Outside,
        deadline: Duration,
    ) -> Result<(), Failure> {
        outside.mail(&self.server, &self.compose(message)?, deadline).await
    }
}

/// Hands a mail to a server over a connection of its own.
pub(super) async fn submit(
    outside: &dyn Outside,
    server: &Server,
    mail: &Message,
    deadline: Duration,
) -> Result<(), Failure> {
    let late = |phase: &str| format!("{}:{} {phase} within {deadline:?}", server.host, server.port);
    let opening = tokio::time::timeout(deadline, open(outside, server, deadline));
    let mut connection = opening.await.map_err(|_| Failure::Refused {
        reason: late("could not be greeted and logged in to"),
        retry_after: None,
    })??;
    let bytes = mail.formatted();
    let sending = tokio::time::timeout(deadline, connection.send(mail.envelope(), &bytes));
    let sent = match sending.await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(failure(server, &error, true)),
        Err(_) => Err(Failure::Unknown { reason: late("did not answer to the mail") }),
    };
    // The mail is delivered or not by now; a server that is slow to say good-bye changes nothing.
    drop(tokio::time::timeout(Duration::from_secs(1), connection.quit()).await);
    sent
}

async fn open(
    outside: &dyn Outside,
    server: &Server,
    deadline: Duration,
) -> Result<AsyncSmtpConnection, Failure> {
    let hello = ClientId::Domain(server.hello.clone());
    let address = (server.host.as_str(), server.port);
    let implicit = match server.security {
        Security::Implicit => Some(tls(server).await?),
        Security::None | Security::StartTls => None,
    };
    let refused = |error: SmtpError| failure(server, &error, false);
    let mut connection = AsyncSmtpConnection::connect_tokio1(address, Some(deadline), &hello, implicit, None)
        .await
        .map_err(refused)?;
    if server.security == Security::StartTls {
        if !connection.can_starttls() {
            let reason = format!(
                "require_tls is true (the default), but {}:{} does not offer STARTTLS",
                server.host, server.port
            );
            return Err(Failure::Refused { reason, retry_after: None });
        }
        connection.starttls(tls(server).await?, &hello).await.map_err(refused)?;
    }
    if let Some((user, password)) = &server.login {
        if server.security == Security::None && !is_local(&server.host) {
            let reason = "a password is not sent over a connection without TLS: set require_tls".to_owned();
            return Err(Failure::Permanent { reason });
        }
        let password = outside.secret(password).await?;
        let credentials = Credentials::new(user.clone(), password.expose().to_owned());
        connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(refused)?;
    }
    Ok(connection)
}

fn is_local(host: &str) -> bool {
    host == "localhost" || host.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}

async fn tls(server: &Server) -> Result<TlsParameters, Failure> {
    let refused = |reason: String| Failure::Refused { reason, retry_after: None };
    let name = server.server_name.clone().unwrap_or_else(|| server.host.clone());
    let mut builder = TlsParameters::builder(name).dangerous_accept_invalid_certs(server.any_certificate);
    if let Some(path) = &server.ca_file {
        let pem = tokio::fs::read(path)
            .await
            .map_err(|error| refused(format!("ca_file {} cannot be read: {error}", path.display())))?;
        builder = builder.certificate_store(CertificateStore::None).add_root_certificate(
            Certificate::from_pem(&pem)
                .map_err(|error| refused(format!("ca_file {}: {error}", path.display())))?,
        );
    }
    builder.build_rustls().map_err(|error| refused(error.to_string()))
}

/// `sending`: whether the mail was on its way when it happened. Before that, a server that refuses for good has judged
/// us and not the mail: the mail waits for a password or an allow-list to be put right.
fn failure(server: &Server, error: &SmtpError, sending: bool) -> Failure {
    let reason = format!("{}:{}: {error}", server.host, server.port);
    if sending && error.is_permanent() {
        Failure::Permanent { reason }
    } else if !sending || error.is_transient() || error.is_client() {
        Failure::Refused { reason, retry_after: None }
    } else {
        Failure::Unknown { reason }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::notification::testing::notification;
    use crate::templates::Library;

    fn compose(yaml: &str, message: &Notification) -> Result<String, String> {
        let config: file::Email = serde_saphyr::from_str(yaml).unwrap();
        let (library, global) = (Library::new(&[]).unwrap(), file::Global::default());
        let context = Context {
            global: &global,
            library: &library,
            timeout: Duration::from_secs(1),
            folder: std::path::Path::new("/"),
        };
        let email = email(&config, &context)?;
        let mail = email.compose(message).map_err(|failure| failure.to_string())?;
        Ok(String::from_utf8(mail.formatted()).unwrap())
    }

    const BASE: &str =
        "smarthost: 'mail:25', to: 'ops@example.org, Ada <ada@example.org>', from: alerter@example.org";

    #[test]
    fn a_mail_has_both_forms_and_belongs_to_its_thread() {
        let first = compose(&format!("{{{BASE}}}"), &notification()).unwrap();
        let second =
            compose(&format!("{{{BASE}}}"), &Notification { id: "2".into(), ..notification() }).unwrap();
        let value = |mail: &str, name: &str| -> String {
            mail.lines().find_map(|line| line.strip_prefix(&format!("{name}: "))).unwrap().to_owned()
        };
        for part in ["text/plain", "text/html", "multipart/alternative", "Subject: [FIRING:2] Down"] {
            assert!(first.contains(part), "{part}: {first}");
        }
        assert_eq!(value(&first, "References"), value(&second, "References"));
        assert_ne!(value(&first, "Message-ID"), value(&second, "Message-ID"));
        assert_eq!(value(&first, "Date"), "Thu, 01 Jan 2026 00:00:00 +0000");
    }

    #[test]
    fn labels_cannot_add_headers() {
        let mut message = notification();
        message.group_labels.insert("alertname".into(), "x\r\nBcc: evil@example.org".into());
        let mail = compose(
            &format!("{{{BASE}, headers: {{Subject: '{{{{ .GroupLabels.alertname }}}}', X-Group: '{{{{ .GroupLabels.alertname }}}}'}}}}"),
            &message,
        )
        .unwrap();
        let head = mail.split("\r\n\r\n").next().unwrap();
        assert!(!head.lines().any(|line| line.starts_with("Bcc")), "{head}");
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (yaml, expected) in [
            ("{to: a@b.c, from: x@y.z, smarthost: 'nowhere'}", "is not like mail.example:587"),
            ("{to: a@b.c, from: x@y.z, smarthost: 'm:25', headers: {Date: x}}", "Date is made by"),
            ("{to: not an address, from: x@y.z, smarthost: 'm:25'}", "`to`"),
            ("{to: a@b.c, from: x@y.z, smarthost: 'm:25', auth_username: u}", "no auth_password"),
        ] {
            let error = compose(yaml, &notification()).unwrap_err();
            assert!(error.contains(expected), "{yaml}: {error}");
        }
    }

    #[test]
    fn the_port_decides_on_tls_unless_told_otherwise() {
        let security = |rest: &str| {
            let config: file::Email = serde_saphyr::from_str(&format!("{{to: a@b.c, {rest}}}")).unwrap();
            let (library, global) = (Library::new(&[]).unwrap(), file::Global::default());
            let folder = std::path::Path::new("/");
            let context =
                Context { global: &global, library: &library, timeout: Duration::from_secs(1), folder };
            server(&config, &context).unwrap().security
        };
        assert_eq!(security("smarthost: 'm:465'"), Security::Implicit);
        assert_eq!(security("smarthost: 'm:587'"), Security::StartTls);
        assert_eq!(security("smarthost: 'm:25', require_tls: false"), Security::None);
        assert_eq!(security("smarthost: 'm:465', force_implicit_tls: false"), Security::StartTls);
    }
}

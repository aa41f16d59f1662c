//! `http_config`: how a receiver is reached. What is not supported is refused, not ignored.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::{Secret, Source};

/// As in Prometheus's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// User and password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub basic_auth: Option<BasicAuth>,
    /// A header of another kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub authorization: Option<Authorization>,
    /// The older way to say `authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token: Option<Secret>,
    /// The older way to say `authorization`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bearer_token_file: Option<PathBuf>,
    /// Whom to trust.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
    /// Read and not needed: messages are posted, and a redirected POST is not followed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub follow_redirects: Option<bool>,
    /// Read and not needed: receivers are spoken to in HTTP/1.1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub enable_http2: Option<bool>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub oauth2: Option<serde_json::Value>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_url: Option<String>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub no_proxy: Option<String>,
    /// Not supported when true.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_from_environment: Option<bool>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub proxy_connect_header: Option<serde_json::Value>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub http_headers: Option<serde_json::Value>,
}

/// User and password.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BasicAuth {
    /// The user.
    pub username: String,
    /// The password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<Secret>,
    /// A file with the password.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password_file: Option<PathBuf>,
}

/// An `Authorization` header.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Authorization {
    /// Its first word; `Bearer` where it is not given.
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub scheme: String,
    /// What follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials: Option<Secret>,
    /// A file with what follows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub credentials_file: Option<PathBuf>,
}

/// Whom to trust, and who we are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// A file with the authorities to trust, instead of the system's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ca: Option<String>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert: Option<String>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cert_file: Option<PathBuf>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<Secret>,
    /// Not supported.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key_file: Option<PathBuf>,
    /// The name the peer's certificate must have.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub server_name: Option<String>,
    /// Not supported when true for HTTP; for mail, certificates are not checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub insecure_skip_verify: Option<bool>,
    /// Read and not needed: 1.2 and 1.3 are spoken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_version: Option<String>,
    /// Read and not needed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_version: Option<String>,
}

/// How a request is authorised.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Credentials {
    /// `Basic`, of user and password.
    Basic {
        /// The user.
        username: String,
        /// The password.
        password: Source,
    },
    /// A word and a secret.
    Header {
        /// The word: `Bearer`.
        scheme: String,
        /// The secret.
        secret: Source,
    },
}

/// How a receiver is reached, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Http {
    /// How requests are authorised.
    pub credentials: Option<Credentials>,
    /// The file with the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
}

/// One of a value and a file; `Err` if both are given.
pub fn either(name: &str, value: Option<&Secret>, file: Option<&PathBuf>) -> Result<Option<Source>, String> {
    match (value, file) {
        (Some(_), Some(_)) => Err(format!("at most one of {name} and {name}_file can be given")),
        (Some(value), None) => Ok(Some(Source::Inline(value.clone()))),
        (None, Some(file)) => Ok(Some(Source::File(file.clone()))),
        (None, None) => Ok(None),
    }
}

impl HttpConfig {
    /// Checks it; the error names the key.
    pub fn check(&self) -> Result<Http, String> {
        let unsupported = [
            ("oauth2", self.oauth2.is_some()),
            ("proxy_url", self.proxy_url.is_some()),
            ("proxy_from_environment", self.proxy_from_environment == Some(true)),
            ("proxy_connect_header", self.proxy_connect_header.is_some()),
            ("http_headers", self.http_headers.is_some()),
        ];
        if let Some((key, _)) = unsupported.iter().find(|(_, given)| *given) {
            return Err(format!("http_config.{key} is not supported yet: remove it"));
        }
        let ca_file = match &self.tls_config {
            Some(tls) => tls.check_http()?,
            None => None,
        };
        Ok(Http { credentials: self.credentials()?, ca_file })
    }

    fn credentials(&self) -> Result<Option<Credentials>, String> {
        let bearer = either("bearer_token", self.bearer_token.as_ref(), self.bearer_token_file.as_ref())?
            .map(|secret| Credentials::Header { scheme: "Bearer".into(), secret });
        let header = self.authorization.as_ref().map(Authorization::check).transpose()?;
        let basic = self.basic_auth.as_ref().map(BasicAuth::check).transpose()?;
        let mut given = [bearer, header, basic].into_iter().flatten();
        match (given.next(), given.next()) {
            (_, Some(_)) => {
                Err("at most one of basic_auth, authorization and bearer_token can be given".to_owned())
            }
            (one, None) => Ok(one),
        }
    }
}

impl Authorization {
    fn check(&self) -> Result<Credentials, String> {
        let scheme = if self.scheme.is_empty() { "Bearer" } else { self.scheme.trim() };
        if scheme.eq_ignore_ascii_case("basic") {
            return Err("authorization of type basic: use basic_auth instead".to_owned());
        }
        let secret = either("credentials", self.credentials.as_ref(), self.credentials_file.as_ref())?;
        let secret = secret.ok_or("authorization has neither credentials nor credentials_file")?;
        Ok(Credentials::Header { scheme: scheme.to_owned(), secret })
    }
}

impl BasicAuth {
    fn check(&self) -> Result<Credentials, String> {
        let password = either("password", self.password.as_ref(), self.password_file.as_ref())?;
        let password = password.unwrap_or_else(|| Source::Inline(Secret::new("")));
        Ok(Credentials::Basic { username: self.username.clone(), password })
    }
}

impl TlsConfig {
    fn refuse(&self, also: &[(&str, bool)]) -> Result<(), String> {
        let unsupported = [
            ("ca", self.ca.is_some()),
            ("cert", self.cert.is_some()),
            ("cert_file", self.cert_file.is_some()),
            ("key", self.key.is_some()),
            ("key_file", self.key_file.is_some()),
        ];
        match unsupported.iter().chain(also).find(|(_, given)| *given) {
            Some((key, _)) => {
                Err(format!("tls_config.{key} is not supported yet: use ca_file to trust a peer"))
            }
            None => Ok(()),
        }
    }

    fn check_http(&self) -> Result<Option<PathBuf>, String> {
        self.refuse(&[
            ("server_name", self.server_name.is_some()),
            ("insecure_skip_verify", self.insecure_skip_verify == Some(true)),
        ])?;
        Ok(self.ca_file.clone())
    }

    /// Checks what stands in a mail receiver.
    pub fn check_mail(&self) -> Result<(), String> {
        self.refuse(&[])
    }
}

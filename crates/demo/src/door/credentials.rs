//! How the two sides know each other: a CA with a certificate for each door, a token for clients of the API
//! server, and a certificate for those of services. All of it is made anew for each door.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use net::certs::{Authority, Issued};
use net::secret::Secret;
use net::tls::{self, Identity};
use rand::TryRng;
use rand::rngs::SysRng;
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use subtle::ConstantTimeEq;

use super::Error;
use super::inside::Service;

/// How long certificates last: longer than anybody watches.
const VALIDITY: Duration = Duration::from_hours(30 * 24);
/// The bytes of a token: nobody guesses 256 bits.
const TOKEN_BYTES: usize = 32;

/// What doors are opened with.
pub(super) struct Credentials {
    now: Timestamp,
    authority: Authority,
    operator: Issued,
    token: Token,
}

impl Credentials {
    pub(super) fn new(now: Timestamp) -> Result<Self, Error> {
        let authority = Authority::new(now, VALIDITY)?;
        let operator = authority.issue(&Identity::operator(), &BTreeSet::new(), now, VALIDITY)?;
        Ok(Self { now, authority, operator, token: Token::draw()? })
    }

    /// The CA's certificate, as PEM.
    pub(super) fn authority(&self) -> &str {
        self.authority.cert()
    }

    pub(super) fn token(&self) -> &Token {
        &self.token
    }

    /// What a person shows to services.
    pub(super) fn operator(&self) -> &Issued {
        &self.operator
    }

    /// The API server's side of TLS. Its clients show a token.
    pub(super) fn api(&self) -> Result<Arc<ServerConfig>, Error> {
        let identity = Identity::new("demo").unwrap_or_else(|_| Identity::operator());
        self.server(&identity, WebPkiClientVerifier::no_client_auth())
    }

    /// A service's side of TLS. Its clients show a certificate.
    pub(super) fn service(&self, service: Service) -> Result<Arc<ServerConfig>, Error> {
        let mut roots = RootCertStore::empty();
        roots.add(certificate(self.authority.cert())?)?;
        let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), tls::provider());
        let verifier = verifier.build().map_err(|error| rustls::Error::General(error.to_string()))?;
        self.server(&service.identity(), verifier)
    }

    /// HTTP/2, and HTTP/1.1 for those who ask for an upgrade.
    fn server(
        &self,
        identity: &Identity,
        clients: Arc<dyn ClientCertVerifier>,
    ) -> Result<Arc<ServerConfig>, Error> {
        let hosts = BTreeSet::from(["127.0.0.1".to_owned(), "localhost".to_owned()]);
        let issued = self.authority.issue(identity, &hosts, self.now, VALIDITY)?;
        let key = PrivateKeyDer::from_pem_slice(issued.key.expose().as_bytes()).map_err(unreadable)?;
        let mut config = ServerConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()?
            .with_client_cert_verifier(clients)
            .with_single_cert(vec![certificate(&issued.cert)?], key)?;
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn certificate(pem: &str) -> Result<CertificateDer<'static>, rustls::Error> {
    CertificateDer::from_pem_slice(pem.as_bytes()).map_err(unreadable)
}

#[expect(clippy::needless_pass_by_value, reason = "the form of map_err")]
fn unreadable(error: rustls_pki_types::pem::Error) -> rustls::Error {
    rustls::Error::General(error.to_string())
}

/// What a client shows.
#[derive(Clone)]
pub(super) struct Token(Secret<String>);

impl Token {
    fn draw() -> Result<Self, Error> {
        let mut bytes = [0; TOKEN_BYTES];
        SysRng.try_fill_bytes(&mut bytes).map_err(|_| Error::NoRandomness)?;
        Ok(Self(Secret::new(hex::encode(bytes))))
    }

    /// For the kubeconfig, the one place that tells it.
    pub(super) fn expose(&self) -> &str {
        self.0.expose()
    }

    /// Whether an `Authorization` header shows it. How long that takes says nothing of how much of it
    /// was right.
    pub(super) fn is_shown_by(&self, header: &[u8]) -> bool {
        let shown = header.strip_prefix(b"Bearer ");
        shown.is_some_and(|shown| shown.ct_eq(self.0.expose().as_bytes()).into())
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

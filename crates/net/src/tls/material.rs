//! Certificate, key and CA: read, checked against each other, and made into configurations.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use environment::Environment;
use jiff::Timestamp;
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::server::{NoServerSessionStorage, ParsedCertificate, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::{Certificate, Error, Fault, Identity, InjectedTime};

/// Where certificate, key and CA are. They may be replaced at any time, one after the other.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Files {
    /// The CA, or several, that peers must have been issued by: PEM.
    pub ca: PathBuf,
    /// Our certificate, followed by intermediates where there are any: PEM.
    pub cert: PathBuf,
    /// The certificate's private key: PEM.
    pub key: PathBuf,
}

impl Files {
    /// The names that `seaworthy certs`, cert-manager and Kubernetes TLS secrets use, in one folder.
    pub fn in_folder(folder: &Path) -> Self {
        Self { ca: folder.join("ca.crt"), cert: folder.join("tls.crt"), key: folder.join("tls.key") }
    }

    /// Reads all three. They are small, and read once every few seconds.
    pub(crate) async fn read(&self) -> Result<Contents, Error> {
        let read = async |what, path: &PathBuf| {
            let unreadable = |source| Error::Unreadable { what, path: path.clone(), source };
            tokio::fs::read(path).await.map_err(unreadable)
        };
        Ok(Contents {
            ca: read("CA", &self.ca).await?,
            cert: read("certificate", &self.cert).await?,
            key: read("private key", &self.key).await?,
        })
    }
}

/// What the files held at one time.
#[derive(PartialEq, Eq)]
pub(crate) struct Contents {
    pub(crate) ca: Vec<u8>,
    cert: Vec<u8>,
    key: Vec<u8>,
}

/// What is in use.
pub(crate) struct Material {
    pub(crate) identity: Option<Identity>,
    pub(crate) not_after: Timestamp,
    pub(crate) client: Arc<ClientConfig>,
    pub(crate) server_mutual: Arc<ServerConfig>,
    pub(crate) server_plain: Arc<ServerConfig>,
}

impl Material {
    /// Everything that a peer would find wrong with us is found here first, with the file's name.
    pub(crate) fn build(
        environment: &Environment,
        files: &Files,
        contents: &Contents,
    ) -> Result<Self, Error> {
        let chain = certificates("certificate", &files.cert, &contents.cert)?;
        let roots = roots(&files.ca, &contents.ca)?;
        let pair = Arc::new(key_pair(files, &chain, contents)?);
        let own = Certificate::parse(&chain[0]).map_err(|reason| Error::Malformed {
            what: "certificate",
            path: files.cert.clone(),
            reason,
        })?;
        check_dates(files, &own, environment.now())?;
        check_issuer(files, &chain, &roots, environment.now())?;
        let build = Build { environment, files, roots: Arc::new(roots), pair };
        Ok(Self {
            identity: Identity::among(&own.dns_names).ok(),
            not_after: own.not_after,
            client: Arc::new(build.client()?),
            server_mutual: Arc::new(build.server_mutual()?),
            server_plain: Arc::new(build.server_plain()?),
        })
    }
}

fn certificates(what: &'static str, path: &Path, pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let malformed = |reason| Error::Malformed { what, path: path.to_owned(), reason };
    let found: Vec<_> = CertificateDer::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| malformed(error.to_string()))?;
    if found.is_empty() { Err(malformed("no CERTIFICATE block".to_owned())) } else { Ok(found) }
}

/// The CAs in a PEM file.
pub(crate) fn roots(path: &Path, pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in certificates("CA", path, pem)? {
        roots.add(certificate).map_err(|error| Error::Malformed {
            what: "CA",
            path: path.to_owned(),
            reason: error.to_string(),
        })?;
    }
    Ok(roots)
}

fn key_pair(
    files: &Files,
    chain: &[CertificateDer<'static>],
    contents: &Contents,
) -> Result<CertifiedKey, Error> {
    // The decoder's words describe the form, never the content.
    let malformed = |reason| Error::Malformed { what: "private key", path: files.key.clone(), reason };
    let key = PrivateKeyDer::from_pem_slice(&contents.key).map_err(|error| malformed(error.to_string()))?;
    CertifiedKey::from_der(chain.to_vec(), key, &super::provider()).map_err(|error| match error {
        rustls::Error::InconsistentKeys(_) => {
            Error::KeyMismatch { cert: files.cert.clone(), key: files.key.clone() }
        }
        rustls::Error::InvalidCertificate(_) => {
            Error::Malformed { what: "certificate", path: files.cert.clone(), reason: error.to_string() }
        }
        other => malformed(other.to_string()),
    })
}

fn check_dates(files: &Files, own: &Certificate, now: Timestamp) -> Result<(), Error> {
    let path = files.cert.clone();
    if own.not_after < now {
        return Err(Error::Expired { path, not_after: own.not_after, now });
    }
    if now < own.not_before {
        return Err(Error::NotYetValid { path, not_before: own.not_before, now });
    }
    Ok(())
}

fn check_issuer(
    files: &Files,
    chain: &[CertificateDer<'static>],
    roots: &RootCertStore,
    now: Timestamp,
) -> Result<(), Error> {
    verify(chain, roots, now).map_err(|error| match Fault::from(&error) {
        Fault::UnknownIssuer => Error::WrongCa { cert: files.cert.clone(), ca: files.ca.clone() },
        _ => Error::Unusable { path: files.cert.clone(), reason: error.to_string() },
    })
}

/// Whether the chain leads to one of the roots.
fn verify(
    chain: &[CertificateDer<'static>],
    roots: &RootCertStore,
    now: Timestamp,
) -> Result<(), rustls::Error> {
    let leaf = ParsedCertificate::try_from(&chain[0])?;
    let algorithms = super::provider().signature_verification_algorithms.all;
    verify_server_cert_signed_by_trust_anchor(&leaf, roots, &chain[1..], super::unix_time(now), algorithms)
}

/// Whether one of the CAs in the PEM text `ca` has issued the certificate, as far as its signature
/// and dates go.
pub(crate) fn is_issued_by(certificate: &CertificateDer<'static>, ca: &str, now: Timestamp) -> bool {
    roots(Path::new("ca.crt"), ca.as_bytes())
        .is_ok_and(|roots| verify(std::slice::from_ref(certificate), &roots, now).is_ok())
}

fn server_protocols() -> Vec<Vec<u8>> {
    vec![b"h2".to_vec(), b"http/1.1".to_vec()]
}

struct Build<'a> {
    environment: &'a Environment,
    files: &'a Files,
    roots: Arc<RootCertStore>,
    pair: Arc<CertifiedKey>,
}

impl Build<'_> {
    fn time(&self) -> Arc<InjectedTime> {
        Arc::new(InjectedTime(self.environment.clone()))
    }

    fn resolver(&self) -> Arc<SingleCertAndKey> {
        Arc::new(SingleCertAndKey::from(Arc::clone(&self.pair)))
    }

    fn unusable(&self, error: impl std::fmt::Display) -> Error {
        Error::Unusable { path: self.files.cert.clone(), reason: error.to_string() }
    }

    /// TLS 1.3 alone: both ends are ours.
    fn client(&self) -> Result<ClientConfig, Error> {
        let mut config = ClientConfig::builder_with_details(super::provider(), self.time())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| self.unusable(error))?
            .with_root_certificates(Arc::clone(&self.roots))
            .with_client_cert_resolver(self.resolver());
        // HTTP/1.1 alone: a connection that has died holds up one request, not all of them.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    fn server_mutual(&self) -> Result<ServerConfig, Error> {
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&self.roots), super::provider())
                .build()
                .map_err(|error| self.unusable(error))?;
        let mut config = ServerConfig::builder_with_details(super::provider(), self.time())
            .with_protocol_versions(&[&rustls::version::TLS13])
            .map_err(|error| self.unusable(error))?
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(self.resolver());
        config.alpn_protocols = server_protocols();
        // No resumption: every connection is judged by today's certificates and CAs.
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        Ok(config)
    }

    /// For callers that are not ours: TLS 1.2 too.
    fn server_plain(&self) -> Result<ServerConfig, Error> {
        let mut config = ServerConfig::builder_with_details(super::provider(), self.time())
            .with_safe_default_protocol_versions()
            .map_err(|error| self.unusable(error))?
            .with_no_client_auth()
            .with_cert_resolver(self.resolver());
        config.alpn_protocols = server_protocols();
        Ok(config)
    }
}

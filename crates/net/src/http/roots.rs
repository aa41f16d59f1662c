//! Whom to trust outside.

use std::path::PathBuf;
use std::sync::Arc;

use environment::Environment;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::{ClientConfig, DigitallySignedStruct, SignatureScheme};
use rustls_pki_types::{CertificateDer, ServerName, UnixTime};

use crate::tls::{self, InjectedTime};

/// Whom to trust outside.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Roots {
    /// The CAs that the system trusts. Where it has none, plain http goes on working and https
    /// says what is missing.
    System,
    /// The CAs in a PEM file, and no others.
    File(PathBuf),
}

impl Roots {
    pub(super) async fn load(self, environment: &Environment) -> Result<Arc<ClientConfig>, tls::Error> {
        let time = Arc::new(InjectedTime(environment.clone()));
        let builder = ClientConfig::builder_with_details(tls::provider(), time)
            .with_safe_default_protocol_versions()
            .expect("the provider has cipher suites for them");
        let mut config = match self {
            Self::File(path) => builder.with_root_certificates(tls::roots(&path).await?),
            Self::System => builder.dangerous().with_custom_certificate_verifier(system()),
        }
        .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

fn system() -> Arc<dyn ServerCertVerifier> {
    match rustls_platform_verifier::Verifier::new(tls::provider()) {
        Ok(verifier) => Arc::new(verifier),
        Err(error) => {
            tracing::warn!(%error, "this machine has no trusted CAs: https to the outside will fail");
            Arc::new(Nobody)
        }
    }
}

/// Trusts nobody, and says why.
#[derive(Debug)]
struct Nobody;

impl Nobody {
    fn reason() -> rustls::Error {
        rustls::Error::General(
            "this machine has no trusted CAs: install ca-certificates, set SSL_CERT_FILE, or name a CA \
             file for this peer"
                .to_owned(),
        )
    }
}

impl ServerCertVerifier for Nobody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Err(Self::reason())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(Self::reason())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        Err(Self::reason())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        tls::provider().signature_verification_algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::time::Duration;

    use environment::ManualClock;
    use rustls_pki_types::pem::PemObject;
    use tokio_rustls::{TlsAcceptor, TlsConnector};

    use super::*;
    use crate::certs::Authority;
    use crate::tls::{Fault, Identity};

    #[tokio::test]
    async fn without_cas_https_says_what_is_missing() {
        let (now, day) = (ManualClock::EPOCH, Duration::from_hours(24));
        let issued = Authority::new(now, day)
            .unwrap()
            .issue(&Identity::alerter(), &BTreeSet::new(), now, day)
            .unwrap();
        let server = rustls::ServerConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(
                vec![PemObject::from_pem_slice(issued.cert.as_bytes()).unwrap()],
                PemObject::from_pem_slice(issued.key.expose().as_bytes()).unwrap(),
            )
            .unwrap();
        let client = ClientConfig::builder_with_provider(tls::provider())
            .with_safe_default_protocol_versions()
            .unwrap()
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Nobody))
            .with_no_client_auth();
        let (near, far) = tokio::io::duplex(64 * 1024);
        let name = ServerName::try_from("alerter.seaworthy").unwrap();
        let (accepted, connected) = tokio::join!(
            TlsAcceptor::from(Arc::new(server)).accept(far),
            TlsConnector::from(Arc::new(client)).connect(name, near),
        );
        accepted.expect_err("it is not trusted");
        let error = connected.expect_err("nobody is trusted");
        let fault = Fault::from(error.get_ref().unwrap().downcast_ref::<rustls::Error>().unwrap());
        assert!(fault.to_string().contains("install ca-certificates"), "{fault}");
    }
}

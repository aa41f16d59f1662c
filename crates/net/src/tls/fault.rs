//! Why a handshake failed, in words that help the person who has to mend it.

use rustls::{AlertDescription, CertificateError};

/// What went wrong between two TLS peers, as the client sees it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// Its certificate comes from a CA that we do not trust.
    #[error(
        "its certificate is not signed by a CA we trust: wrong ca.crt here, or a foreign certificate there"
    )]
    UnknownIssuer,
    /// Its certificate is over.
    #[error("its certificate has expired: renew it there")]
    Expired,
    /// Its certificate has not begun.
    #[error("its certificate is not valid yet: compare the clocks")]
    NotYetValid,
    /// It is somebody else.
    #[error(
        "its certificate is for {presented}, not for {expected}: wrong address, or wrong certificate there"
    )]
    NameMismatch {
        /// The name we asked for.
        expected: String,
        /// The names it has.
        presented: String,
    },
    /// It wants a certificate from us and has got none.
    #[error("it asks for a client certificate: configure certificate, key and CA")]
    OursMissing,
    /// It does not accept our certificate.
    #[error(
        "it refuses our certificate ({alert}): compare ca.crt there with the CA that issued ours, and the dates"
    )]
    OursRefused {
        /// The alert it sent.
        alert: String,
    },
    /// It does not speak TLS.
    #[error("it does not speak tls on that port: is it the plain http one?")]
    NotTls,
    /// Something else.
    #[error("{0}")]
    Other(String),
}

impl From<&rustls::Error> for Fault {
    fn from(error: &rustls::Error) -> Self {
        match error {
            rustls::Error::InvalidCertificate(certificate) => of_certificate(certificate),
            rustls::Error::AlertReceived(alert) => of_alert(*alert),
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            rustls::Error::General(reason) => Self::Other(reason.clone()),
            other => Self::Other(other.to_string()),
        }
    }
}

fn of_certificate(error: &CertificateError) -> Fault {
    match error {
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Fault::UnknownIssuer,
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Fault::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Fault::NotYetValid,
        CertificateError::NotValidForNameContext { expected, presented } => Fault::NameMismatch {
            expected: expected.to_str().into_owned(),
            presented: presented.iter().map(|name| bare(name)).collect::<Vec<_>>().join(", "),
        },
        other => Fault::Other(other.to_string()),
    }
}

/// rustls writes `DnsName("localhost")`.
fn bare(name: &str) -> &str {
    name.split('"').nth(1).unwrap_or(name)
}

fn of_alert(alert: AlertDescription) -> Fault {
    match alert {
        AlertDescription::CertificateRequired => Fault::OursMissing,
        AlertDescription::UnknownCA
        | AlertDescription::BadCertificate
        | AlertDescription::CertificateUnknown
        | AlertDescription::CertificateExpired
        | AlertDescription::CertificateRevoked
        | AlertDescription::UnsupportedCertificate
        | AlertDescription::DecryptError
        | AlertDescription::AccessDenied => Fault::OursRefused { alert: format!("{alert:?}") },
        other => Fault::Other(format!("it ended the handshake with {other:?}")),
    }
}

//! Making an authority, and signing with it.

use std::collections::BTreeSet;
use std::time::Duration;

use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer,
    KeyPair, KeyUsagePurpose,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject;

use crate::secret::Secret;
use crate::tls::{Certificate, Identity};

/// Certificates begin this much earlier than they are made, for peers whose clocks are behind.
const BACKDATED: Duration = Duration::from_mins(5);

/// What can go wrong in issuing.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A host that is neither a DNS name nor an address.
    #[error("{host:?} can be no name in a certificate: give a host name or an IP address")]
    Host {
        /// As it was given.
        host: String,
    },
    /// A certificate or key of the authority that cannot be read.
    #[error("the authority cannot be used: {reason}")]
    Authority {
        /// What is wrong with it.
        reason: String,
    },
    /// The authority's own time is over, or nearly.
    #[error("the authority ends at {not_after}: nothing useful can be signed with it; begin a new one")]
    AuthorityOver {
        /// The end of its validity.
        not_after: Timestamp,
    },
    /// The cryptography refused.
    #[error("the certificate cannot be made: {0}")]
    Crypto(String),
}

impl From<rcgen::Error> for Error {
    fn from(error: rcgen::Error) -> Self {
        Self::Crypto(error.to_string())
    }
}

/// A certificate and its key, as PEM.
#[derive(Debug, Clone)]
pub struct Issued {
    /// The certificate.
    pub cert: String,
    /// Its private key.
    pub key: Secret<String>,
    /// The end of its validity.
    pub not_after: Timestamp,
}

/// A CA with its private key.
pub struct Authority {
    cert: String,
    key: Secret<String>,
    not_after: Timestamp,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    /// A new CA, self-signed, that may sign identities but no further CAs.
    pub fn new(now: Timestamp, validity: Duration) -> Result<Self, Error> {
        let mut params = CertificateParams::default();
        params.distinguished_name = name("Seaworthy CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        set_validity(&mut params, now, now + validity);
        let key = KeyPair::generate()?;
        let cert = params.self_signed(&key)?.pem();
        Self::from_pem(&cert, &Secret::new(key.serialize_pem()))
    }

    /// The CA in these PEM texts.
    pub fn from_pem(cert: &str, key: &Secret<String>) -> Result<Self, Error> {
        let unusable = |reason: String| Error::Authority { reason };
        let der = CertificateDer::from_pem_slice(cert.as_bytes())
            .map_err(|error| unusable(format!("its certificate: {error}")))?;
        let parsed =
            Certificate::parse(&der).map_err(|reason| unusable(format!("its certificate: {reason}")))?;
        if !parsed.is_ca {
            return Err(unusable("its certificate is not one of a CA".to_owned()));
        }
        let pair = KeyPair::from_pem(key.expose()).map_err(|error| unusable(format!("its key: {error}")))?;
        if rcgen::PublicKeyData::subject_public_key_info(&pair) != parsed.public_key {
            return Err(unusable("its key does not belong to its certificate".to_owned()));
        }
        let issuer = Issuer::from_ca_cert_der(&der, pair)?;
        Ok(Self { cert: cert.to_owned(), key: key.clone(), not_after: parsed.not_after, issuer })
    }

    /// The CA's certificate, as PEM.
    pub fn cert(&self) -> &str {
        &self.cert
    }

    /// The CA's private key, as PEM.
    pub fn key(&self) -> &Secret<String> {
        &self.key
    }

    /// The end of the CA's validity.
    pub fn not_after(&self) -> Timestamp {
        self.not_after
    }

    /// Issues a certificate, with a key of its own, that names `identity` and may also be reached
    /// at `hosts` (names or addresses; for clients that are not ours and check the URL's host). It
    /// lasts for `validity`, but not longer than the CA.
    pub fn issue(
        &self,
        identity: &Identity,
        hosts: &BTreeSet<String>,
        now: Timestamp,
        validity: Duration,
    ) -> Result<Issued, Error> {
        let not_after = whole_second(self.not_after.min(now + validity));
        if not_after <= now {
            return Err(Error::AuthorityOver { not_after: self.not_after });
        }
        let mut params = CertificateParams::default();
        params.distinguished_name = name(&identity.dns_name());
        for host in std::iter::once(&identity.dns_name()).chain(hosts) {
            let san = CertificateParams::new([host.clone()])
                .map_err(|_| Error::Host { host: host.clone() })?
                .subject_alt_names;
            params.subject_alt_names.extend(san);
        }
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        set_validity(&mut params, now, not_after);
        // A new key each time, so that a renewal also ends the use of a key that leaked. The serial
        // number is rcgen's default, 20 bytes hashed from that key, and so never repeats either.
        let key = KeyPair::generate()?;
        let cert = params.signed_by(&key, &self.issuer)?.pem();
        Ok(Issued { cert, key: Secret::new(key.serialize_pem()), not_after })
    }
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority").field("not_after", &self.not_after).finish_non_exhaustive()
    }
}

fn name(common: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common);
    name.push(DnType::OrganizationName, "Seaworthy");
    name
}

/// Certificates know no fractions.
fn whole_second(time: Timestamp) -> Timestamp {
    Timestamp::from_second(time.as_second()).unwrap_or(time)
}

fn set_validity(params: &mut CertificateParams, now: Timestamp, not_after: Timestamp) {
    let epoch = rcgen::date_time_ymd(1970, 1, 1);
    // rcgen's calendar, reached from its epoch.
    let at = |time: Timestamp| epoch + Duration::from_secs(u64::try_from(time.as_second()).unwrap_or(0));
    params.not_before = at(now - BACKDATED);
    params.not_after = at(not_after);
}

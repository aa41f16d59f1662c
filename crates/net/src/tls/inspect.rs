//! What a certificate says about itself.

use std::net::IpAddr;

use jiff::Timestamp;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};

/// The parts of a certificate that decisions and messages need.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Certificate {
    pub(crate) dns_names: Vec<String>,
    pub(crate) addresses: Vec<IpAddr>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    pub(crate) is_ca: bool,
    /// DER of the public key, to see whether a private key belongs to it.
    pub(crate) public_key: Vec<u8>,
}

impl Certificate {
    /// Reads DER; the error is in plain words.
    pub(crate) fn parse(der: &[u8]) -> Result<Self, String> {
        let (_, parsed) = X509Certificate::from_der(der).map_err(|error| error.to_string())?;
        let mut certificate = Self {
            dns_names: Vec::new(),
            addresses: Vec::new(),
            not_before: timestamp(parsed.validity().not_before.timestamp())?,
            not_after: timestamp(parsed.validity().not_after.timestamp())?,
            is_ca: parsed.is_ca(),
            public_key: parsed.public_key().raw.to_vec(),
        };
        let names = parsed.subject_alternative_name().map_err(|error| error.to_string())?;
        for name in names.iter().flat_map(|extension| &extension.value.general_names) {
            match name {
                GeneralName::DNSName(name) => certificate.dns_names.push((*name).to_owned()),
                GeneralName::IPAddress(bytes) => certificate.addresses.extend(address(bytes)),
                _ => {}
            }
        }
        Ok(certificate)
    }
}

fn timestamp(seconds: i64) -> Result<Timestamp, String> {
    Timestamp::from_second(seconds).map_err(|error| error.to_string())
}

fn address(bytes: &[u8]) -> Option<IpAddr> {
    match bytes.len() {
        4 => <[u8; 4]>::try_from(bytes).ok().map(IpAddr::from),
        16 => <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::sync::LazyLock;
    use std::time::Duration;

    use environment::ManualClock;
    use proptest::prelude::*;
    use rustls_pki_types::CertificateDer;
    use rustls_pki_types::pem::PemObject;

    use super::*;
    use crate::certs::Authority;
    use crate::tls::Identity;

    static CERTIFICATE: LazyLock<Vec<u8>> = LazyLock::new(|| {
        let (now, day) = (ManualClock::EPOCH, Duration::from_hours(24));
        let authority = Authority::new(now, 2 * day).unwrap();
        let hosts = BTreeSet::from(["localhost".to_owned(), "::1".to_owned()]);
        let issued = authority.issue(&Identity::healer(), &hosts, now, day).unwrap();
        CertificateDer::from_pem_slice(issued.cert.as_bytes()).unwrap().to_vec()
    });

    #[test]
    fn what_was_issued_is_what_is_read() {
        let read = Certificate::parse(&CERTIFICATE).unwrap();
        assert_eq!(read.dns_names, ["healer.seaworthy", "localhost"]);
        assert_eq!(read.addresses, [IpAddr::from(std::net::Ipv6Addr::LOCALHOST)]);
        assert_eq!(read.not_before.to_string(), "2025-12-31T23:55:00Z");
        assert_eq!(read.not_after.to_string(), "2026-01-02T00:00:00Z");
        assert!(!read.is_ca);
    }

    proptest! {
        #[test]
        fn garbage_is_refused_in_peace(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
            prop_assert!(Identity::of_certificate(&bytes).is_err());
        }

        #[test]
        fn a_certificate_with_a_byte_changed_is_read_or_refused(at: prop::sample::Index, byte: u8) {
            let mut der = CERTIFICATE.clone();
            *at.get_mut(&mut der) = byte;
            // The signature, which is checked before, tells them apart; this must only not panic.
            let _ = Identity::of_certificate(&der);
        }
    }
}

//! Who a peer is.

use std::sync::Arc;

use super::inspect::Certificate;

/// The domain under which services have their names: `monitor.seaworthy`. Not a name that DNS
/// knows; nothing resolves it.
pub const DOMAIN: &str = "seaworthy";

/// The longest service name. A DNS label holds 63; ours are words.
const SERVICE_LENGTH_MAX: usize = 40;

/// A service (or an operator) as its certificate names it. A server hands it to handlers as an
/// axum `Extension<Identity>`.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Identity {
    service: Arc<str>,
}

/// Why there is no identity to be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum IdentityError {
    /// Not usable as a name.
    #[error("{0:?} cannot name a service: use 1 to 40 of a-z, 0-9 and -, with no - at either end")]
    Name(String),
    /// Not a certificate that can be read.
    #[error("the certificate cannot be read: {0}")]
    Unreadable(String),
    /// A certificate of something else.
    #[error("the certificate names no service of ours: it has {names:?}, and none is like alerter.seaworthy")]
    Missing {
        /// The DNS names it has.
        names: Vec<String>,
    },
    /// A certificate that could speak for more than one.
    #[error("the certificate names several services ({names:?}): issue one for each")]
    Ambiguous {
        /// The names in question.
        names: Vec<String>,
    },
}

impl Identity {
    /// The identity of a service: `Identity::new("monitor")`.
    pub fn new(service: &str) -> Result<Self, IdentityError> {
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let fits = (1..=SERVICE_LENGTH_MAX).contains(&service.len())
            && service.bytes().all(plain)
            && !service.starts_with('-')
            && !service.ends_with('-');
        if fits { Ok(Self { service: service.into() }) } else { Err(IdentityError::Name(service.to_owned())) }
    }

    /// The monitor's.
    pub fn monitor() -> Self {
        Self { service: "monitor".into() }
    }

    /// The healer's.
    pub fn healer() -> Self {
        Self { service: "healer".into() }
    }

    /// The alerter's.
    pub fn alerter() -> Self {
        Self { service: "alerter".into() }
    }

    /// That of a person at the command line.
    pub fn operator() -> Self {
        Self { service: "operator".into() }
    }

    /// The service's name: `monitor`.
    pub fn service(&self) -> &str {
        &self.service
    }

    /// As it stands in the certificate: `monitor.seaworthy`.
    pub fn dns_name(&self) -> String {
        format!("{}.{DOMAIN}", self.service)
    }

    /// Reads who a certificate (DER) was issued to. Says nothing about whether it is to be
    /// trusted; the handshake did that before.
    pub fn of_certificate(der: &[u8]) -> Result<Self, IdentityError> {
        let certificate = Certificate::parse(der).map_err(IdentityError::Unreadable)?;
        Self::among(&certificate.dns_names)
    }

    pub(crate) fn among(names: &[String]) -> Result<Self, IdentityError> {
        let mut services: Vec<&str> =
            names.iter().filter_map(|name| name.strip_suffix(DOMAIN)?.strip_suffix('.')).collect();
        services.sort_unstable();
        services.dedup();
        match services.as_slice() {
            [] => Err(IdentityError::Missing { names: names.to_vec() }),
            [service] => Self::new(service),
            several => {
                Err(IdentityError::Ambiguous { names: several.iter().map(ToString::to_string).collect() })
            }
        }
    }
}

impl std::fmt::Display for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.service)
    }
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Identity({})", self.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_a_certificate() {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect::<Vec<_>>();
        for (names, expected) in [
            (&["alerter.seaworthy", "localhost"][..], Some("alerter")),
            (&["localhost", "alerter-0.alerter.ns.svc", "alerter.seaworthy"], Some("alerter")),
            (&["healer.seaworthy", "healer.seaworthy"], Some("healer")),
            (&["localhost"], None),
            (&[], None),
            (&["alerter.seaworthy", "monitor.seaworthy"], None),
            (&["seaworthy"], None),
            (&[".seaworthy"], None),
            (&["*.seaworthy"], None),
            (&["a.b.seaworthy"], None),
            (&["alerter.seaworthy.example"], None),
            (&["alerterseaworthy"], None),
            (&["Alerter.seaworthy"], None),
        ] {
            let found = Identity::among(&owned(names)).ok();
            assert_eq!(found.as_ref().map(Identity::service), expected, "{names:?}");
        }
    }
}

//! Services that share a process need nobody to introduce them: where no certificates are configured, they are made, and
//! each service is told where the others listen.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use alerter::Options;
use environment::Environment;
use model::config::alerter::AlerterTls;
use model::config::healer::{self, HealerConfig};
use model::config::monitor::{self, MonitorConfig};
use net::certs;

use crate::exit::Failure;

/// How often certificates are looked at. They are renewed when a third of their months is left, so that a whole month of
/// looks may fail.
const EVERY: Duration = Duration::from_hours(12);

/// Makes identities beside the alerter's store and fills in who is where. Where any service has certificates of its
/// own, whoever configured them says the rest, too.
pub(super) fn provide(
    environment: &Environment,
    monitor: &mut MonitorConfig,
    healer: &mut HealerConfig,
    alerter: &mut Options,
) -> Result<(), Failure> {
    if monitor.tls.is_some() || healer.tls.is_some() || alerter.config.tls.is_some() {
        return Ok(());
    }
    let store = std::path::absolute(alerter.folder.join(&alerter.config.store.path))?;
    let options = certs::Options::new(store.with_file_name("tls"));
    certs::write_tree(&options, environment.now())?;
    tracing::info!(folder = %options.folder.display(), "no tls is configured: the services have identities of our making");
    let [ca, cert, key] = files(&options.folder, "monitor");
    monitor.tls = Some(monitor::TlsFiles { ca, cert, key });
    let [ca, cert, key] = files(&options.folder, "healer");
    healer.tls = Some(healer::TlsFiles { ca, cert, key });
    let [ca, cert, key] = files(&options.folder, "alerter");
    alerter.config.tls = Some(AlerterTls { ca, cert, key });
    let (to_alerter, to_healer) = (url(alerter.config.listen.internal), url(healer.listen.api));
    for (endpoints, url) in [
        (&mut monitor.alerters, &to_alerter),
        (&mut monitor.healers, &to_healer),
        (&mut healer.alerters, &to_alerter),
    ] {
        if endpoints.is_empty() {
            endpoints.push(url.clone());
        }
    }
    environment.spawn("renewal of identities", renew(environment.clone(), options));
    Ok(())
}

fn files(folder: &Path, service: &str) -> [PathBuf; 3] {
    ["ca.crt", "tls.crt", "tls.key"].map(|file| folder.join(service).join(file))
}

/// Where a service in the same process is reached that listens there.
fn url(listen: SocketAddr) -> String {
    let ip = if listen.ip().is_unspecified() { IpAddr::V4(Ipv4Addr::LOCALHOST) } else { listen.ip() };
    format!("https://{}", SocketAddr::new(ip, listen.port()))
}

/// The services read their files again when they change.
async fn renew(environment: Environment, options: certs::Options) {
    loop {
        tokio::time::sleep(EVERY).await;
        if let Err(error) = certs::write_tree(&options, environment.now()) {
            tracing::error!(%error, "certificates are not renewed; trying again in 12 hours");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::url;

    #[test]
    fn who_listens_everywhere_is_reached_at_home() {
        for (listen, expected) in [
            ("0.0.0.0:8443", "https://127.0.0.1:8443"),
            ("[::]:8443", "https://127.0.0.1:8443"),
            ("10.0.0.1:1", "https://10.0.0.1:1"),
            ("[::1]:1", "https://[::1]:1"),
        ] {
            assert_eq!(url(listen.parse().expect("an address")), expected);
        }
    }
}

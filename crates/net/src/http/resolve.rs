//! Names to addresses, with a memory for when the resolver is away.
//!
//! A page about a broken cluster DNS has to leave while it is broken: what a name meant when it
//! was last resolved is tried when it cannot be resolved now, or not soon.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::BoxFuture;

/// How long a name that was resolved before may take: a resolver that is well answers in
/// milliseconds, and what is left of the time to connect goes to connecting.
const PATIENCE: Duration = Duration::from_millis(1500);

/// How long a name that was never resolved may take: the resolver library's own five seconds are
/// all of the time there is to connect, and "it was DNS" is worth knowing.
const PATIENCE_FIRST: Duration = Duration::from_secs(3);

/// So many names are remembered. Peers and receivers are tens.
const NAMES_MAX: usize = 256;

/// Asks the machine's resolver. Replaced in tests.
type Lookup = Arc<dyn Fn(String) -> BoxFuture<io::Result<Vec<IpAddr>>> + Send + Sync>;

/// Resolves names, and remembers. Cheap to clone; clones remember together.
#[derive(Clone)]
pub(crate) struct Resolver {
    lookup: Lookup,
    last_good: Arc<Mutex<BTreeMap<String, Vec<IpAddr>>>>,
}

impl Resolver {
    /// Over the machine's resolver.
    pub(crate) fn system() -> Self {
        Self::over(Arc::new(|host| {
            Box::pin(async move {
                let addresses = tokio::net::lookup_host((host, 0)).await?;
                Ok(addresses.map(|address| address.ip()).collect())
            })
        }))
    }

    fn over(lookup: Lookup) -> Self {
        Self { lookup, last_good: Arc::default() }
    }

    /// The addresses of `host`, in the resolver's order; the former ones when it fails.
    pub(crate) async fn resolve(&self, host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
        let addresses = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => self.by_name(host).await?,
        };
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, port)).collect())
    }

    async fn by_name(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        let former = self.memory().get(host).cloned();
        let patience = if former.is_some() { PATIENCE } else { PATIENCE_FIRST };
        match (self.ask(host, patience).await, former) {
            (Ok(found), _) => {
                self.remember(host, &found);
                Ok(found)
            }
            (Err(error), Some(former)) => {
                tracing::warn!(host, %error, "a name cannot be resolved; its former addresses are used");
                Ok(former)
            }
            (Err(error), None) => Err(error),
        }
    }

    async fn ask(&self, host: &str, patience: Duration) -> io::Result<Vec<IpAddr>> {
        let late = |_| io::Error::other(format!("no answer from the resolver within {patience:?}"));
        let found = tokio::time::timeout(patience, (self.lookup)(host.to_owned())).await.map_err(late)??;
        if found.is_empty() { Err(io::Error::other("it has no address")) } else { Ok(found) }
    }

    fn remember(&self, host: &str, addresses: &[IpAddr]) {
        let mut memory = self.memory();
        if memory.len() < NAMES_MAX || memory.contains_key(host) {
            memory.insert(host.to_owned(), addresses.to_vec());
        }
    }

    fn memory(&self) -> MutexGuard<'_, BTreeMap<String, Vec<IpAddr>>> {
        self.last_good.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;

    use super::*;

    /// What a resolver does, one after the other; then it hangs.
    #[derive(Clone)]
    enum Turn {
        Says(&'static [&'static str]),
        Fails,
    }

    fn scripted(turns: &[Turn]) -> Resolver {
        let turns: Mutex<VecDeque<Turn>> = Mutex::new(turns.iter().cloned().collect());
        Resolver::over(Arc::new(move |_| {
            let turn = turns.lock().unwrap().pop_front();
            Box::pin(async move {
                match turn {
                    Some(Turn::Says(texts)) => Ok(texts.iter().map(|text| text.parse().unwrap()).collect()),
                    Some(Turn::Fails) => Err(io::Error::other("the resolver is away")),
                    None => std::future::pending().await,
                }
            })
        }))
    }

    async fn ask(resolver: &Resolver) -> Result<Vec<String>, String> {
        let found = resolver.resolve("hooks.example", 443).await;
        found.map(|all| all.iter().map(ToString::to_string).collect()).map_err(|error| error.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn former_addresses_serve_while_the_resolver_is_away() {
        let resolver = scripted(&[
            Turn::Says(&["192.0.2.1", "2001:db8::1"]),
            Turn::Fails,
            Turn::Says(&[]),
            Turn::Says(&["192.0.2.2"]),
            Turn::Fails,
        ]);
        let first = Ok(vec!["192.0.2.1:443".to_owned(), "[2001:db8::1]:443".to_owned()]);
        let second = Ok(vec!["192.0.2.2:443".to_owned()]);
        for expected in [&first, &first, &first, &second, &second, &second] {
            assert_eq!(&ask(&resolver).await, expected);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_name_never_resolved_has_no_former_addresses() {
        let resolver = scripted(&[Turn::Fails, Turn::Says(&[])]);
        assert_eq!(ask(&resolver).await, Err("the resolver is away".to_owned()));
        assert_eq!(ask(&resolver).await, Err("it has no address".to_owned()));
        assert_eq!(ask(&resolver).await, Err("no answer from the resolver within 3s".to_owned()));
    }

    #[tokio::test]
    async fn addresses_need_no_resolver() {
        let resolver = scripted(&[Turn::Fails]);
        for (host, expected) in [("192.0.2.7", "192.0.2.7:1"), ("2001:db8::7", "[2001:db8::7]:1")] {
            let found = resolver.resolve(host, 1).await.unwrap();
            assert_eq!(found, [expected.parse().unwrap()]);
        }
    }
}

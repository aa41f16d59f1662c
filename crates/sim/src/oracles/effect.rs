//! Requests that change what is not Seaworthy's own.

use serde_json::Value;

use crate::seen::Request;

/// What an effect does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verb {
    /// Asks for an eviction.
    Evict,
    /// Deletes.
    Delete,
    /// Changes in place.
    Change,
    /// Creates.
    Create,
}

/// A request that changes, or would have changed, somebody else's object.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Effect<'a> {
    /// The request.
    pub request: &'a Request,
    /// What it does.
    pub verb: Verb,
    /// `pods`.
    pub plural: &'a str,
    /// The object's namespace; empty for kinds without.
    pub namespace: &'a str,
    /// The object's name.
    pub name: &'a str,
}

/// Groups and kinds that a service writes for itself: bookkeeping.
const BOOKS: [&str; 4] = [
    "/apis/seaworthy.dev/",
    "/apis/coordination.k8s.io/",
    "/apis/events.k8s.io/",
    "/apis/authorization.k8s.io/",
];

impl<'a> Effect<'a> {
    /// What a request of a healer does to others' objects; `None` if nothing.
    pub fn of(request: &'a Request) -> Option<Self> {
        let is_read = matches!(request.method.as_str(), "GET" | "HEAD");
        if is_read
            || !request.by.starts_with("healer")
            || BOOKS.iter().any(|book| request.path.starts_with(book))
        {
            return None;
        }
        let mut parts = request.path.trim_matches('/').split('/').peekable();
        // `api/v1` or `apis/group/v1`.
        let skipped = if parts.next()? == "api" { 1 } else { 2 };
        let mut parts = parts.skip(skipped).collect::<Vec<_>>();
        let mut namespace = "";
        if parts.len() > 2 && parts[0] == "namespaces" {
            namespace = parts[1];
            parts.drain(..2);
        }
        let plural = *parts.first()?;
        if plural == "events" {
            return None;
        }
        let (name, sub) =
            (parts.get(1).copied().unwrap_or_default(), parts.get(2).copied().unwrap_or_default());
        let verb = match (request.method.as_str(), sub) {
            ("POST", "eviction") => Verb::Evict,
            ("DELETE", _) => Verb::Delete,
            ("POST", _) if name.is_empty() => Verb::Create,
            _ => Verb::Change,
        };
        Some(Self { request, verb, plural, namespace, name })
    }

    /// The effect in a request that was granted.
    pub fn granted(request: &'a Request) -> Option<Self> {
        request.is_granted().then(|| Self::of(request)).flatten()
    }

    /// The attempt it is sent for, as `remediation/number`: it stands in the User-Agent.
    pub fn attempt(&self) -> Option<(&'a str, u64)> {
        let (_, rest) = self.request.agent.split_once('(')?;
        let (id, _) = rest.split_once(')')?;
        // A mark that only keeps earlier requests from landing says so.
        let id = id.strip_suffix("/fence").unwrap_or(id);
        let (remediation, number) = id.rsplit_once('/')?;
        Some((remediation, number.parse().ok()?))
    }

    /// The UID that it is for.
    pub fn uid(&self) -> &'a str {
        let body = &self.request.body;
        let place = match self.verb {
            Verb::Evict => &body["deleteOptions"]["preconditions"]["uid"],
            Verb::Delete => &body["preconditions"]["uid"],
            Verb::Change | Verb::Create => &body["metadata"]["uid"],
        };
        place.as_str().unwrap_or_default()
    }

    /// The version that it is for.
    pub fn version(&self) -> &'a str {
        self.request.body["metadata"]["resourceVersion"].as_str().unwrap_or_default()
    }

    /// The taints that it leaves on a node, if it says so.
    pub fn taints(&self) -> Option<&'a Vec<Value>> {
        self.request.body["spec"]["taints"].as_array().filter(|_| self.plural == "nodes")
    }

    /// Whether it restarts a workload's pods.
    pub fn is_restart(&self) -> bool {
        self.verb == Verb::Change && !self.request.body["spec"]["template"].is_null()
    }

    /// Whether it puts a node into quarantine, or takes it out, or neither.
    pub fn quarantines(&self) -> Option<bool> {
        self.taints().map(|taints| taints.iter().any(|taint| taint["key"] == "seaworthy.dev/quarantine"))
    }

    /// Whether it takes something away from whoever uses the cluster.
    pub fn is_destructive(&self) -> bool {
        match self.verb {
            Verb::Evict | Verb::Delete => true,
            Verb::Change => self.is_restart() || self.quarantines() == Some(true),
            Verb::Create => false,
        }
    }
}

impl std::fmt::Display for Effect<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { request, verb, plural, namespace, name } = self;
        let attempt =
            self.attempt().map_or("no attempt".to_owned(), |(name, number)| format!("{name}/{number}"));
        write!(f, "{verb:?} {plural}/{namespace}/{name} by {} ({attempt})", request.by)
    }
}

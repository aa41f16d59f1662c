//! `/livez` and `/readyz`: whether to restart us, and whether to send us anything.
//!
//! Live is who answers at all: a dependency that is away is no reason to be restarted. Ready is who
//! has all of its conditions: the first list of every kind, a journal that can be written. Holding
//! the lease is none of them, or a rolling update would wait for a standby for ever.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::Router;
use axum::http::StatusCode;
use axum::routing::get;

/// The conditions of one service. Cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Health {
    /// Name to what is missing; `None` when nothing is.
    conditions: Arc<Mutex<BTreeMap<&'static str, Option<String>>>>,
}

impl Health {
    /// One more condition of being ready, not met for now because of `reason`.
    pub fn condition(&self, name: &'static str, reason: &str) -> Condition {
        self.lock().insert(name, Some(reason.to_owned()));
        Condition { name, health: self.clone() }
    }

    /// What is missing: `name: reason`, in the order of names. Ready when empty.
    pub fn missing(&self) -> Vec<String> {
        let conditions = self.lock();
        conditions
            .iter()
            .filter_map(|(name, missing)| missing.as_ref().map(|reason| format!("{name}: {reason}")))
            .collect()
    }

    /// `GET /livez` and `GET /readyz`.
    pub fn router(&self) -> Router {
        let health = self.clone();
        Router::new()
            .route("/livez", get(async || "ok\n"))
            .route("/readyz", get(move || std::future::ready(health.readyz())))
    }

    fn readyz(&self) -> (StatusCode, String) {
        match self.missing().as_slice() {
            [] => (StatusCode::OK, "ok\n".to_owned()),
            missing => (StatusCode::SERVICE_UNAVAILABLE, missing.join("\n") + "\n"),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<&'static str, Option<String>>> {
        self.conditions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One condition, in the hands of what knows about it.
#[derive(Debug, Clone)]
pub struct Condition {
    name: &'static str,
    health: Health,
}

impl Condition {
    /// It is met.
    pub fn met(&self) {
        self.health.lock().insert(self.name, None);
    }

    /// It is not (any more), for this reason.
    pub fn missing(&self, reason: impl Into<String>) {
        self.health.lock().insert(self.name, Some(reason.into()));
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;

    use super::*;
    use crate::http::Client;

    #[tokio::test]
    async fn ready_is_who_has_all_of_its_conditions() {
        let health = Health::default();
        let ask = async |path: &str| {
            let request = http::Request::get(path).body(Bytes::new()).expect("a request");
            let answer = Client::to_router(health.router(), None).send(request, Duration::MAX).await;
            let answer = answer.expect("a router answers");
            (answer.status().as_u16(), String::from_utf8_lossy(answer.body()).into_owned())
        };
        assert_eq!(ask("/readyz").await, (200, "ok\n".to_owned()));
        let world = health.condition("world", "nodes are being listed");
        let journal = health.condition("journal", "not opened yet");
        let all = "journal: not opened yet\nworld: nodes are being listed\n";
        assert_eq!(ask("/readyz").await, (503, all.to_owned()));
        journal.met();
        world.met();
        assert_eq!(ask("/readyz").await, (200, "ok\n".to_owned()));
        journal.missing("no space left on the disk");
        assert_eq!(ask("/readyz").await, (503, "journal: no space left on the disk\n".to_owned()));
        assert_eq!(ask("/livez").await, (200, "ok\n".to_owned()));
    }
}

//! Tells the witness of what reaches the API server, in the order in which it is served.

use serde_json::Value;

use super::witness::Witness;
use crate::api::{Exchange, Observer, Outcome, Told};
use crate::seen::{Request, What};

impl Observer for Witness {
    fn exchange(&self, exchange: &Exchange) {
        self.see(What::Request(request(exchange)));
    }

    fn told(&self, told: &Told) {
        Self::told(self, told);
    }

    fn heard(&self, peer: &str, path: &str) {
        self.hear(peer, path);
    }
}

fn request(exchange: &Exchange) -> Request {
    let pairs = exchange.query.iter().map(|(name, value)| format!("{name}={value}"));
    let (served, refusal) = match &exchange.outcome {
        Outcome::NotArrived => (None, Value::Null),
        Outcome::Answered { code, .. } if *code < 300 => (Some(*code), Value::Null),
        Outcome::Answered { code, body, .. } => (Some(*code), read(body)),
    };
    Request {
        by: exchange.peer.clone(),
        sent: exchange.sent,
        method: exchange.method.clone(),
        path: exchange.path.clone(),
        query: pairs.collect::<Vec<_>>().join("&"),
        agent: exchange.agent.clone(),
        body: read(&exchange.body),
        served,
        refusal,
        was_told: exchange.is_heard,
    }
}

/// `Null` where there is nothing to read.
fn read(body: &[u8]) -> Value {
    serde_json::from_slice(body).unwrap_or_default()
}

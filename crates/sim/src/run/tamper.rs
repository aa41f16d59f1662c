//! What a service with a deliberate defect sends to the API server in the place of what it meant
//! to.

use bytes::Bytes;
use environment::Environment;
use http::{Request, Response, header};
use http_body_util::BodyExt;
use kube::client::Body;
use serde_json::Value;

use super::defect::{Call, Defect};
use crate::api::Server;
use crate::oracles::Effect;
use crate::seen;

/// A client of a service to the API server, honest without a defect that says otherwise.
pub(super) fn client(
    server: &Server,
    environment: &Environment,
    service: &str,
    user: &str,
    defect: Option<&'static Defect>,
) -> kube::Client {
    let honest = server.client_of(service, user);
    let Some(defect) = defect.filter(|defect| defect.is_of_requests()) else { return honest };
    let (environment, service) = (environment.clone(), service.to_owned());
    let tamperer = Tamperer { honest, environment, service, defect };
    let service = tower::service_fn(move |request| tamperer.clone().send(request));
    kube::Client::new(service, "default")
}

/// Stands between a service and its client, and lays hands on what it writes.
#[derive(Clone)]
struct Tamperer {
    honest: kube::Client,
    /// Sends what the service does not know of.
    environment: Environment,
    service: String,
    defect: &'static Defect,
}

impl Tamperer {
    async fn send(self, request: Request<Body>) -> Result<Response<Body>, Error> {
        let (head, body) = request.into_parts();
        let request = Request::from_parts(head, body.collect().await?.to_bytes());
        let is_effect = Effect::of(&self.read(&request)).is_some();
        let request = tamper(request, self.defect, is_effect);
        if is_effect && self.defect.sends_twice() {
            self.send_unasked(request.clone());
        }
        Ok(self.honest.send(request.map(Body::from)).await?)
    }

    fn send_unasked(&self, request: Request<Bytes>) {
        let honest = self.honest.clone();
        self.environment.spawn("once more", async move {
            // Nobody waits for the answer.
            let _ = honest.send(request.map(Body::from)).await;
        });
    }

    /// The request as those who watch will see it.
    fn read(&self, request: &Request<Bytes>) -> seen::Request {
        let agent = request.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        seen::Request {
            by: self.service.clone(),
            sent: self.environment.monotonic(),
            method: request.method().clone(),
            path: request.uri().path().to_owned(),
            query: String::new(),
            agent: agent.unwrap_or_default().to_owned(),
            body: serde_json::from_slice(request.body()).unwrap_or_default(),
            served: None,
            refusal: Value::Null,
            was_told: false,
        }
    }
}

type Error = Box<dyn std::error::Error + Send + Sync>;

fn tamper(request: Request<Bytes>, defect: &Defect, is_effect: bool) -> Request<Bytes> {
    let mut call = Call {
        method: request.method().clone(),
        path: request.uri().path().to_owned(),
        body: serde_json::from_slice(request.body()).unwrap_or_default(),
    };
    if !defect.tamper(&mut call, is_effect) {
        return request;
    }
    let (mut head, _) = request.into_parts();
    let query = head.uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    // Both are made of what a request had.
    head.uri = format!("{}{query}", call.path).parse().unwrap_or_default();
    head.method = call.method;
    Request::from_parts(head, Bytes::from(call.body.to_string()))
}

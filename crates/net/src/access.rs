//! Who may call what.

use std::sync::Arc;

use axum::Router;
use axum::extract::Request;
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};

use crate::problem::Problem;
use crate::tls::Identity;

/// Lets only these services call the routes of `router` (those it has so far). Everybody else,
/// also a caller without an identity, gets 403 and is told which would do.
pub fn only<S>(router: Router<S>, services: &[&str]) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let services: Arc<[String]> = services.iter().map(ToString::to_string).collect();
    router.route_layer(middleware::from_fn(move |request: Request, next: Next| {
        check(Arc::clone(&services), request, next)
    }))
}

async fn check(services: Arc<[String]>, request: Request, next: Next) -> Response {
    let wanted = services.join(" or ");
    let refusal = match request.extensions().get::<Identity>() {
        Some(caller) if services.iter().any(|service| service == caller.service()) => {
            return next.run(request).await;
        }
        Some(caller) => format!("this is for {wanted}; the caller's certificate names {caller}"),
        None => format!("this is for {wanted}; the caller showed no certificate (is this the mTLS port?)"),
    };
    tracing::warn!(path = request.uri().path(), refusal, "a call was refused");
    Problem::forbidden(refusal).into_response()
}

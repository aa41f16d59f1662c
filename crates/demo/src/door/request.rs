//! What of a request goes on inside: method, place, body, and of the head what is read there.

use axum::body::Bytes;
use http::{HeaderMap, HeaderName, Method, Request, Uri};

/// A request for the inside, with these of its headers.
pub(super) fn passed_on(
    method: Method,
    uri: Uri,
    headers: &HeaderMap,
    names: &[HeaderName],
    body: Bytes,
) -> Request<Bytes> {
    let mut request = Request::new(body);
    *request.method_mut() = method;
    *request.uri_mut() = uri;
    for name in names {
        if let Some(value) = headers.get(name) {
            request.headers_mut().insert(name, value.clone());
        }
    }
    request
}

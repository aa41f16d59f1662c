//! A peer's address together with the way to it.

use std::time::Duration;

use base64::Engine;
use bytes::Bytes;
use http::{HeaderValue, Method, Request, Response, Uri, header};
use url::Url;

use super::{Client, Error};

/// Scheme, host and port of a URL: what may be shown.
pub(crate) fn origin(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or("http");
    let host = uri.host().unwrap_or("?");
    match uri.port() {
        Some(port) => format!("{scheme}://{host}:{port}"),
        None => format!("{scheme}://{host}"),
    }
}

/// Where a peer is, and a client that gets there. Cheap to clone.
///
/// Credentials in the URL are taken out of it and sent as basic authentication. Debug and Display
/// show scheme, host and port alone.
#[derive(Clone)]
pub struct Endpoint {
    base: Url,
    authorization: Option<HeaderValue>,
    client: Client,
}

/// Why a text is no address of a peer. Says nothing of the text itself, which may hold secrets.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EndpointError {
    /// Not a URL.
    #[error("not a url: {0}; write it like https://alerter-0.alerter:8443")]
    Url(url::ParseError),
    /// A URL of something else.
    #[error("scheme {0:?} is not spoken: use http or https")]
    Scheme(String),
    /// A query or fragment, to which no path can be added.
    #[error("the url of a peer has no query and no fragment")]
    Query,
}

impl Endpoint {
    /// Reads a peer's base URL; paths given later are put behind its own.
    pub fn new(url: &str, client: Client) -> Result<Self, EndpointError> {
        let mut base = Url::parse(url).map_err(EndpointError::Url)?;
        if !matches!(base.scheme(), "http" | "https") {
            return Err(EndpointError::Scheme(base.scheme().to_owned()));
        }
        if base.query().is_some() || base.fragment().is_some() {
            return Err(EndpointError::Query);
        }
        let authorization = basic(&base);
        // Cannot fail: only URLs that have no host refuse these, and http URLs have one.
        let _ = base.set_username("");
        let _ = base.set_password(None);
        Ok(Self { base, authorization, client })
    }

    /// Scheme, host and port.
    pub fn origin(&self) -> String {
        self.base.origin().ascii_serialization()
    }

    /// Sends `body` as JSON to `path` (begins with a slash) under the base URL.
    pub async fn post_json(
        &self,
        path: &str,
        body: Bytes,
        deadline: Duration,
    ) -> Result<Response<Bytes>, Error> {
        self.send(Method::POST, path, body, deadline).await
    }

    /// Fetches `path`, which begins with a slash and may have a query.
    pub async fn get(&self, path: &str, deadline: Duration) -> Result<Response<Bytes>, Error> {
        self.send(Method::GET, path, Bytes::new(), deadline).await
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Bytes,
        deadline: Duration,
    ) -> Result<Response<Bytes>, Error> {
        let base = self.base.as_str().trim_end_matches('/');
        let mut request = Request::builder().method(method).uri(format!("{base}{path}"));
        if !body.is_empty() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        if let Some(authorization) = &self.authorization {
            request = request.header(header::AUTHORIZATION, authorization);
        }
        let request = request
            .body(body)
            .map_err(|error| Error::Request { peer: self.origin(), reason: error.to_string() })?;
        self.client.send(request, deadline).await
    }
}

fn basic(url: &Url) -> Option<HeaderValue> {
    if url.username().is_empty() && url.password().is_none() {
        return None;
    }
    let pair = format!("{}:{}", decoded(url.username()), decoded(url.password().unwrap_or_default()));
    let encoded = base64::engine::general_purpose::STANDARD.encode(pair);
    let mut value = HeaderValue::from_str(&format!("Basic {encoded}")).ok()?;
    value.set_sensitive(true);
    Some(value)
}

/// User names and passwords stand percent-encoded in URLs.
fn decoded(text: &str) -> String {
    // A query value is percent-encoded the same way but for `+` and `&`, which are escaped first.
    let query = format!("v={}", text.replace('+', "%2B").replace('&', "%26"));
    url::form_urlencoded::parse(query.as_bytes()).map(|(_, value)| value.into_owned()).collect()
}

impl std::fmt::Display for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.origin())
    }
}

impl std::fmt::Debug for Endpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Endpoint({})", self.origin())
    }
}

//! Requests to loopback: what a person does with curl.

use anyhow::{Context, Result};
use axum::body::Bytes;
use axum::http::{Method, Request, Response, header};
use http_body_util::{BodyExt, Full};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpStream;

/// Sends one request to `http://address/path` and reads the whole answer.
pub async fn send(
    method: Method,
    address: &str,
    path: &str,
    body: Option<&Value>,
) -> Result<Response<Bytes>> {
    let stream = TcpStream::connect(address).await.with_context(|| format!("connect to {address}"))?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::HOST, address)
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(body.map(|body| Bytes::from(body.to_string())).unwrap_or_default()))?;
    let exchange = async move {
        let (head, body) = sender.send_request(request).await?.into_parts();
        let body = body.collect().await?.to_bytes();
        anyhow::Ok(Response::from_parts(head, body))
    };
    // The connection is driven here, and ends when the exchange has dropped its sender.
    let (answer, _) = futures::future::join(exchange, connection).await;
    answer.with_context(|| format!("ask http://{address}{path}"))
}

/// Fetches a path; any status but 200 is an error with what was said.
pub async fn get(address: &str, path: &str) -> Result<Bytes> {
    let answer = send(Method::GET, address, path, None).await?;
    anyhow::ensure!(
        answer.status().as_u16() == 200,
        "http://{address}{path} answers {}: {}",
        answer.status(),
        String::from_utf8_lossy(answer.body())
    );
    Ok(answer.into_body())
}

/// Fetches a JSON document.
pub async fn get_json(address: &str, path: &str) -> Result<Value> {
    Ok(serde_json::from_slice(&get(address, path).await?)?)
}

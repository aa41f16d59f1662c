//! One request and its answer: a deadline, a bound on the body, and an error that says whether
//! the request can have reached the server.

use std::error::Error as StdError;
use std::io;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Method, Request, StatusCode, header};
use http_body_util::{BodyExt, Limited};
use kube::client::Body;

use crate::refusal::{Refusal, cut};

/// Largest answer read as a whole. One object is at most etcd's 1.5 MiB, several times that as
/// JSON; pages of lists have a bound of their own.
pub(crate) const ANSWER_MAX: usize = 16 << 20;

/// How this program names itself to the server: it stands in the audit log.
pub(crate) const USER_AGENT: &str = concat!("seaworthy/", env!("CARGO_PKG_VERSION"));

/// Longest text of somebody else's error that is passed on, in bytes.
const PROBLEM_MAX: usize = 500;

/// Why there was no good answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// The server answered, and it was a no.
    #[error("{0}")]
    Refused(Refusal),
    /// No connection came about, so the request was surely not sent.
    #[error("{0}")]
    NotSent(Problem),
    /// The request may have arrived, the answer did not.
    #[error("{0}")]
    Lost(Problem),
}

/// What went wrong on the way to the API server.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Nobody listens at the address, or no route leads there.
    #[error("the API server cannot be reached ({0}); is the address right, and is the server up?")]
    Unreachable(String),
    /// The server's name has no address.
    #[error("the API server's name cannot be resolved ({0}); is it spelled right, and does DNS work?")]
    Dns(String),
    /// The two could not agree to trust each other.
    #[error("no TLS connection to the API server ({0}); does the configured certificate authority match?")]
    Tls(String),
    /// The credentials could not be prepared: a plug-in, a token file.
    #[error("no credentials for the API server: {0}")]
    Credentials(String),
    /// No answer within the time given.
    #[error("the API server did not answer within {0:?}")]
    TimedOut(Duration),
    /// More than the bound came back.
    #[error("the API server's answer was larger than {0} bytes")]
    TooLarge(usize),
    /// The connection broke, or something between did.
    #[error("the connection to the API server broke: {0}")]
    Broken(String),
    /// What came back was not what was asked for.
    #[error("the API server's answer could not be understood: {0}")]
    Garbled(String),
}

/// Sends `request` once and reads the whole answer, all within `deadline`.
pub(crate) async fn call(
    client: &kube::Client,
    request: Request<Body>,
    deadline: Duration,
) -> Result<Bytes, Failure> {
    let exchange = async {
        let (status, headers, body) = open(client, request).await?;
        let body = Limited::new(body, ANSWER_MAX).collect().await.map_err(|error| read_problem(&*error))?;
        let body = body.to_bytes();
        if status.is_success() {
            Ok(body)
        } else {
            Err(Failure::Refused(Refusal::read(status, &headers, &body)))
        }
    };
    tokio::time::timeout(deadline, exchange).await.unwrap_or(Err(Failure::Lost(Problem::TimedOut(deadline))))
}

/// Sends `request` once and returns when the answer's head has come. Without a deadline: for
/// watches, which set their own.
pub(crate) async fn open(
    client: &kube::Client,
    request: Request<Body>,
) -> Result<(StatusCode, HeaderMap, Body), Failure> {
    let response = client.send(request).await.map_err(|error| send_problem(&error))?;
    let (head, body) = response.into_parts();
    Ok((head.status, head.headers, body))
}

/// Reads the body of a "no", within `deadline`; what cannot be read is left out.
pub(crate) async fn read_refusal(
    status: StatusCode,
    headers: &HeaderMap,
    body: Body,
    deadline: Duration,
) -> Refusal {
    let body = tokio::time::timeout(deadline, Limited::new(body, ANSWER_MAX).collect()).await;
    let body = body.ok().and_then(Result::ok).map(http_body_util::Collected::to_bytes).unwrap_or_default();
    Refusal::read(status, headers, &body)
}

/// A request with a JSON body, or none.
pub(crate) fn request(method: Method, uri: &str, content_type: &str, body: Vec<u8>) -> Request<Body> {
    let mut request = Request::new(Body::from(body));
    *request.method_mut() = method;
    // Our paths are built from names the API server gave or that were checked; should one not be
    // a URI after all, the server refuses the root instead of us panicking.
    *request.uri_mut() = uri.parse().unwrap_or_default();
    let headers = request.headers_mut();
    headers.insert(header::ACCEPT, header::HeaderValue::from_static("application/json"));
    headers.insert(header::USER_AGENT, header::HeaderValue::from_static(USER_AGENT));
    if let Ok(content_type) = header::HeaderValue::from_str(content_type)
        && !content_type.is_empty()
    {
        headers.insert(header::CONTENT_TYPE, content_type);
    }
    request
}

/// A request without a body.
pub(crate) fn get(uri: &str) -> Request<Body> {
    request(Method::GET, uri, "", Vec::new())
}

/// Adds `name=value` pairs to a path.
pub(crate) fn with_query<'a>(path: &str, pairs: impl IntoIterator<Item = (&'a str, &'a str)>) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    query.extend_pairs(pairs);
    format!("{path}?{}", query.finish())
}

/// Sorts an error of sending into whether the request can have left.
pub(crate) fn send_problem(error: &kube::Error) -> Failure {
    let chain = || causes(error);
    if let Some(auth) = chain().find_map(|cause| cause.downcast_ref::<kube::client::AuthError>()) {
        return Failure::NotSent(Problem::Credentials(describe_auth(auth)));
    }
    let never_connected = chain()
        .filter_map(|cause| cause.downcast_ref::<hyper_util::client::legacy::Error>())
        .any(hyper_util::client::legacy::Error::is_connect);
    let problem = problem(error);
    if never_connected { Failure::NotSent(problem) } else { Failure::Lost(problem) }
}

/// Sorts an error of reading an answer's body.
pub(crate) fn read_problem(error: &(dyn StdError + Send + Sync + 'static)) -> Failure {
    Failure::Lost(if causes(error).any(<dyn StdError + 'static>::is::<http_body_util::LengthLimitError>) {
        Problem::TooLarge(ANSWER_MAX)
    } else {
        problem(error)
    })
}

fn problem(error: &(dyn StdError + 'static)) -> Problem {
    if let Some(tls) = causes(error).find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
        return Problem::Tls(tls.to_string());
    }
    let deepest = causes(error).last().map(ToString::to_string).unwrap_or_default();
    let text = cut(&deepest, PROBLEM_MAX).to_owned();
    // The resolver's error has no type of its own, only this text in the chain.
    if causes(error).any(|cause| cause.to_string().contains("dns error")) {
        return Problem::Dns(text);
    }
    let io = causes(error).find_map(|cause| cause.downcast_ref::<io::Error>());
    match io.map(io::Error::kind) {
        Some(
            io::ErrorKind::ConnectionRefused
            | io::ErrorKind::HostUnreachable
            | io::ErrorKind::NetworkUnreachable
            | io::ErrorKind::AddrNotAvailable
            | io::ErrorKind::TimedOut,
        ) => Problem::Unreachable(text),
        _ => Problem::Broken(text),
    }
}

/// An error, its cause, the cause's cause, and so on; also what an `io::Error` wraps.
fn causes<'a>(error: &'a (dyn StdError + 'static)) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        wrapped.map(|wrapped| wrapped as &(dyn StdError + 'static)).or_else(|| error.source())
    })
    // A chain that leads back to itself is somebody's bug, not a reason to hang.
    .take(32)
}

/// What an authentication plug-in did wrong, without what it printed: that may be a token.
pub(crate) fn describe_auth(error: &kube::client::AuthError) -> String {
    use kube::client::AuthError;
    match error {
        // Its command line has the environment that the kubeconfig gives it in front.
        AuthError::AuthExecRun { out, .. } => {
            format!("the credentials plug-in failed ({}); run it by hand to see why", out.status)
        }
        AuthError::AuthExecParse(_) => {
            "the credentials plug-in's answer is not an ExecCredential; run it by hand to see what it prints"
                .to_owned()
        }
        AuthError::ReadTokenFile(error, path) => {
            format!("the token file {} cannot be read: {error}", path.display())
        }
        AuthError::InvalidBasicAuth(_) | AuthError::InvalidBearerToken(_) => {
            "the token or password in the kubeconfig has characters that no header may have".to_owned()
        }
        AuthError::ParseTokenKey(_) => "the token key of the kubeconfig's provider is not valid".to_owned(),
        other => cut(&other.to_string(), PROBLEM_MAX).to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_plugins_output_never_appears_in_the_error() {
        let out = std::process::Output {
            status: std::process::ExitStatus::default(),
            stdout: b"token: s3cret".to_vec(),
            stderr: b"s3cret".to_vec(),
        };
        let error =
            kube::client::AuthError::AuthExecRun { cmd: "KEY=s3cret aws".to_owned(), out: Box::new(out) };
        let text = describe_auth(&error);
        assert!(text.contains("plug-in") && !text.contains("s3cret"), "{text}");
    }

    #[test]
    fn queries_are_escaped() {
        let uri = with_query("/api/v1/pods", [("labelSelector", "a=b,c in (d)"), ("limit", "5")]);
        assert_eq!(uri, "/api/v1/pods?labelSelector=a%3Db%2Cc+in+%28d%29&limit=5");
    }
}

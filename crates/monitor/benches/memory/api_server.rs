//! An API server that streams one large list of pods, and nothing of any other kind.

use std::convert::Infallible;

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use http::{Request, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use kube::client::Body;

use crate::pod::Template;

/// A client of it. Pods are written while they are read, so that they never are all in memory.
pub(crate) fn client(pods: usize) -> kube::Client {
    let service = tower::service_fn(move |request: Request<Body>| {
        let uri = request.uri();
        let is_list = uri.query().is_some_and(|query| query.contains("sendInitialEvents"));
        let pods = if is_list && uri.path() == "/api/v1/pods" { pods } else { 0 };
        let body = StreamBody::new(lines(pods, is_list).map(|line| Ok::<_, Infallible>(Frame::data(line))));
        async move { Ok::<_, Infallible>(Response::new(body)) }
    });
    kube::Client::new(service, "default")
}

/// A list, its end, and then silence.
fn lines(pods: usize, is_list: bool) -> impl Stream<Item = Bytes> {
    let template = Template::read();
    let listed = (0..pods).map(move |number| {
        let last = number + 1 == pods;
        let pod = if last { template.failing(number) } else { template.pod(number) };
        Bytes::from(format!("{{\"type\":\"ADDED\",\"object\":{pod}}}\n"))
    });
    let end = is_list.then(|| {
        Bytes::from_static(
            b"{\"type\":\"BOOKMARK\",\"object\":{\"metadata\":{\"resourceVersion\":\"9000000000000\",\
              \"annotations\":{\"k8s.io/initial-events-end\":\"true\"}}}}\n",
        )
    });
    stream::iter(listed.chain(end)).chain(stream::pending())
}

//! How a request gets into the world, and its answer out of it.

use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use environment::Environment;
use futures::stream;
use http::{Request, Response};
use http_body_util::BodyExt;
use kube::client::Body as KubeBody;
use tokio::sync::{mpsc, oneshot};

use super::calendar;
use super::inside::Inside;
use crate::pace::{Pace, Waiting};

/// Pieces of an answer that may wait to be taken: what is said meanwhile waits in the world.
const PIECES: usize = 16;

/// How long a piece may wait, in the world's time, before who does not take it is given up: what happens
/// meanwhile is kept for each watch, and must come to an end.
pub(super) const STALLED_MAX: Duration = Duration::from_mins(10);

/// Why a request has no answer.
type Failure = Box<dyn std::error::Error + Send + Sync>;
/// A piece of an answer, or why it breaks off.
type Piece = Result<Bytes, Failure>;
/// The head of an answer, and its pieces as they come.
pub(super) type Answer = Result<Response<mpsc::Receiver<Piece>>, Failure>;

/// The world as its door sees it.
#[derive(Clone)]
pub(super) struct World {
    enter: Arc<dyn Fn(Request<KubeBody>, oneshot::Sender<Answer>) + Send + Sync>,
}

impl World {
    pub(super) fn new<W: Inside>(pace: Pace<W>) -> Self {
        let enter = move |request, reply| {
            let waiting = pace.waiting();
            pace.errand(move |world| {
                let environment = world.environment();
                let carried = carry(environment.clone(), world.api(), request, reply, waiting);
                environment.spawn("request from outside", carried);
            });
        };
        Self { enter: Arc::new(enter) }
    }

    /// What the world answers; nothing once it has ended. A world that stands still moves on until the
    /// answer begins.
    pub(super) async fn ask(&self, request: Request<Bytes>) -> Option<Result<Response<Body>, Failure>> {
        let (reply, answer) = oneshot::channel();
        (self.enter)(request.map(KubeBody::from), reply);
        let answer = answer.await.ok()?;
        Some(answer.map(|response| response.map(body)))
    }
}

/// The pieces as the body of an answer. Once it is dropped, the world says no more.
fn body(pieces: mpsc::Receiver<Piece>) -> Body {
    let next = async |mut pieces: mpsc::Receiver<Piece>| Some((pieces.recv().await?, pieces));
    Body::from_stream(stream::unfold(pieces, next))
}

/// Inside of the world: sends a request, and what comes back, for as long as somebody wants it.
///
/// That the answer is waited for ends here, in the world's own thread, with the moment at which it
/// begins: by the time that another thread has heard of it, a world that moves on would be far ahead.
pub(super) async fn carry(
    environment: Environment,
    client: kube::Client,
    request: Request<KubeBody>,
    mut reply: oneshot::Sender<Answer>,
    waiting: Waiting,
) {
    let answer = tokio::select! {
        biased;
        () = reply.closed() => return,
        answer = client.send(request) => answer,
    };
    drop(waiting);
    let (head, body) = match answer {
        Ok(response) => calendar::dated(response, environment.now()).into_parts(),
        // Nobody waits for it any more, or is told.
        Err(error) => return drop(reply.send(Err(error.into()))),
    };
    let (pieces, taken) = mpsc::channel(PIECES);
    if reply.send(Ok(Response::from_parts(head, taken))).is_err() {
        return;
    }
    let mut body = pin!(body);
    loop {
        let piece = tokio::select! {
            biased;
            () = pieces.closed() => return,
            piece = next_piece(body.as_mut()) => piece,
        };
        let Some(piece) = piece else { return };
        let taken = tokio::time::timeout(STALLED_MAX, pieces.send(piece)).await;
        if !matches!(taken, Ok(Ok(()))) {
            return;
        }
    }
}

async fn next_piece(mut body: Pin<&mut KubeBody>) -> Option<Piece> {
    loop {
        match body.frame().await? {
            Ok(frame) => {
                // Trailers are not for HTTP/1.1, and nobody here sends any.
                if let Ok(data) = frame.into_data() {
                    return Some(Ok(data));
                }
            }
            Err(error) => return Some(Err(error.into())),
        }
    }
}

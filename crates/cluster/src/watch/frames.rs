//! A watch's body cut into its lines, as they come.

use std::time::Duration;

use bytes::Bytes;
use http_body::Body;
use http_body_util::BodyExt;

use crate::transport::{self, Failure, Problem};

/// Longest line accepted. An object is at most etcd's 1.5 MiB, some times that once it is JSON.
const FRAME_MAX: usize = 16 << 20;

/// How much of a buffer is kept after an unusually long line, in bytes.
const CARRY_KEPT: usize = 64 << 10;

/// The lines of a body. One line at a time is held, besides the piece of the body that the
/// connection delivered last.
pub(crate) struct Frames<B> {
    body: B,
    /// What the connection delivered last and was not taken yet.
    piece: Bytes,
    /// The beginning of a line whose end has not come yet, or a whole line that came in pieces.
    carry: Vec<u8>,
    /// A whole line that lay within one piece: the usual case, and no copy.
    line: Bytes,
    /// Whether `carry` was handed out as a line and is to be cleared.
    carry_done: bool,
}

/// What a body gave.
pub(crate) enum Next<'a> {
    /// A line, without its end.
    Line(&'a [u8]),
    /// The body ended in order. The beginning of a line that never ended is no line.
    End,
}

impl<B> Frames<B>
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync + 'static> + Unpin,
{
    pub(crate) fn new(body: B) -> Self {
        Self { body, piece: Bytes::new(), carry: Vec::new(), line: Bytes::new(), carry_done: false }
    }

    /// The next line, and how many bytes the connection delivered for it. `silence` is how long
    /// nothing may come before the connection counts as dead.
    pub(crate) async fn next(&mut self, silence: Duration, received: &mut u64) -> Result<Next<'_>, Failure> {
        self.forget_line();
        loop {
            if let Some(end) = memchr::memchr(b'\n', &self.piece) {
                let line = self.piece.split_to(end + 1);
                if self.carry.is_empty() {
                    self.line = line;
                    return Ok(Next::Line(&self.line[..end]));
                }
                self.carry.extend_from_slice(&line[..end]);
                self.carry_done = true;
                return Ok(Next::Line(&self.carry));
            }
            self.carry.extend_from_slice(&self.piece);
            self.piece = Bytes::new();
            if self.carry.len() > FRAME_MAX {
                return Err(Failure::Lost(Problem::TooLarge(FRAME_MAX)));
            }
            match tokio::time::timeout(silence, self.body.frame()).await {
                Err(_) => return Err(Failure::Lost(Problem::TimedOut(silence))),
                Ok(None) => return Ok(Next::End),
                Ok(Some(Err(error))) => return Err(transport::read_problem(&error)),
                // Trailers say nothing that matters.
                Ok(Some(Ok(frame))) => self.piece = frame.into_data().unwrap_or_default(),
            }
            *received += self.piece.len() as u64;
        }
    }

    fn forget_line(&mut self) {
        self.line = Bytes::new();
        if self.carry_done {
            self.carry_done = false;
            self.carry.clear();
            self.carry.shrink_to(CARRY_KEPT);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// A body that arrives in the given pieces.
    fn body(pieces: Vec<Vec<u8>>) -> impl Body<Data = Bytes, Error = std::convert::Infallible> + Unpin {
        let frames = pieces.into_iter().map(|piece| Ok(http_body::Frame::data(Bytes::from(piece))));
        http_body_util::StreamBody::new(futures::stream::iter(frames))
    }

    async fn lines(pieces: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let mut frames = Frames::new(body(pieces));
        let mut lines = Vec::new();
        let mut received = 0;
        while let Ok(Next::Line(line)) = frames.next(Duration::from_secs(1), &mut received).await {
            lines.push(line.to_vec());
        }
        lines
    }

    proptest! {
        #[test]
        fn lines_do_not_depend_on_how_the_body_was_cut(
            lines_in in prop::collection::vec("[a-z]{0,20}", 0..20),
            cuts in prop::collection::vec(1usize..30, 0..60),
        ) {
            let whole: Vec<u8> = lines_in.iter().flat_map(|line| format!("{line}\n").into_bytes()).collect();
            let (mut pieces, mut rest) = (Vec::new(), whole.as_slice());
            for cut in cuts {
                let (piece, after) = rest.split_at(cut.min(rest.len()));
                pieces.push(piece.to_vec());
                rest = after;
            }
            pieces.push(rest.to_vec());
            let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
            let got = runtime.block_on(lines(pieces));
            prop_assert_eq!(got, lines_in.into_iter().map(String::into_bytes).collect::<Vec<_>>());
        }
    }

    #[tokio::test]
    async fn a_line_without_an_end_is_no_line() {
        assert_eq!(lines(vec![b"whole\nhal".to_vec()]).await, [b"whole".to_vec()]);
    }

    #[tokio::test]
    async fn a_line_that_never_ends_is_an_error_before_it_fills_the_memory() {
        let mut frames = Frames::new(body(vec![vec![b'x'; 1 << 20]; 20]));
        let mut received = 0;
        let error = frames.next(Duration::from_secs(1), &mut received).await.err();
        assert_eq!(error, Some(Failure::Lost(Problem::TooLarge(FRAME_MAX))));
    }
}

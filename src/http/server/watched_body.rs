//! A body that reports how it ended when it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, SizeHint};

/// How far a body was read before it was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// To its end.
    Whole,
    /// To an error: nothing more comes.
    Broken,
    /// Not to its end: more may come.
    Unread,
}

/// An observer of the end of a body.
pub(crate) trait OnBodyEnd {
    /// Receives how the body ended. Called once, when the body is dropped.
    fn body_ended(&self, end: BodyEnd);
}

/// A body with an observer of its end.
#[derive(Debug)]
pub(crate) struct WatchedBody<B, O: OnBodyEnd> {
    body: B,
    end: BodyEnd,
    observer: O,
}

/// Returns how far a body is read. A chunked one does not show its end: it is polled once
/// more after the last chunk.
fn end_of(body: &impl Body) -> BodyEnd {
    if body.is_end_stream() { BodyEnd::Whole } else { BodyEnd::Unread }
}

impl<B: Body, O: OnBodyEnd> WatchedBody<B, O> {
    pub(crate) fn new(body: B, observer: O) -> Self {
        Self { end: end_of(&body), body, observer }
    }
}

impl<B: Body + Unpin, O: OnBodyEnd + Unpin> Body for WatchedBody<B, O> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.end = match &frame {
            None => BodyEnd::Whole,
            Some(Err(_)) => BodyEnd::Broken,
            Some(Ok(_)) => end_of(&self.body),
        };
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl<B, O: OnBodyEnd> Drop for WatchedBody<B, O> {
    fn drop(&mut self) {
        self.observer.body_ended(self.end);
    }
}

//! A body that says how it ended, once it is dropped.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use hyper::body::{Body, Frame, SizeHint};

/// How far a body was read before it was dropped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum BodyEnd {
    /// To its end.
    Whole,
    /// To an error: there is no more of it.
    Broken,
    /// Not to its end: more of it may come.
    Unread,
}

/// Observes how a body ended.
pub(crate) trait OnBodyEnd {
    /// Called once, when the body is dropped.
    fn body_ended(&self, end: BodyEnd);
}

/// A body that tells its observer how it ended.
#[derive(Debug)]
pub(crate) struct WatchedBody<B, O: OnBodyEnd> {
    body: B,
    end: BodyEnd,
    observer: O,
}

/// Returns whether a body is known to hold no more. One of chunks cannot tell: after the
/// last it is asked once more.
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

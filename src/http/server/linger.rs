//! Lingering close: makes sure that a sender can read an answer that was given before its
//! body was read.
//!
//! Many senders write the whole body before they read an answer. Closing a socket with
//! unread bytes resets the connection, and the answer is lost. So the writing side is closed
//! first, and what still arrives is dropped for a while.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use hyper::body::Body;
use tokio::io::{AsyncRead, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Instant, Sleep, sleep_until};
use warp::http::header::{CONNECTION, HeaderValue};
use warp::reply::Response;

use crate::http::server::watched_body::{BodyEnd, OnBodyEnd, WatchedBody};

/// Maximum size of what is dropped, in bytes: twice the largest body that is accepted.
const DROPPED_BYTES: usize = 128 << 20;

/// How long a sender may stay silent before the connection is closed.
const SILENCE: Duration = Duration::from_secs(2);

/// Size of one read, in bytes.
const CHUNK_BYTES: usize = 16 << 10;

/// Whether the body of a connection's last request was left unread.
#[derive(Debug, Clone, Default)]
pub(crate) struct Unread(Arc<AtomicBool>);

impl Unread {
    pub(crate) fn get(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    /// Announces in the answer that the connection ends with it, if the body is unread.
    pub(crate) fn close(&self, mut response: Response) -> Response {
        if self.get() {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }

    /// Watches the body of the next request.
    pub(crate) fn watch<B: Body>(&self, body: B) -> WatchedBody<B, Self> {
        self.0.store(false, Ordering::Relaxed);
        WatchedBody::new(body, self.clone())
    }
}

impl OnBodyEnd for Unread {
    fn body_ended(&self, end: BodyEnd) {
        if end == BodyEnd::Unread {
            self.0.store(true, Ordering::Relaxed);
        }
    }
}

/// Reads and drops what arrives until the sender closes, falls silent, or exceeds the limits
/// of bytes and time.
#[derive(Debug)]
pub(crate) struct Linger {
    left: usize,
    until: Instant,
    timer: Pin<Box<Sleep>>,
}

impl Linger {
    /// Lingers for at most this long.
    pub(crate) fn new(at_most: Duration) -> Self {
        let until = Instant::now() + at_most;
        let timer = Box::pin(sleep_until(until.min(Instant::now() + SILENCE)));
        Self { left: DROPPED_BYTES, until, timer }
    }

    pub(crate) fn poll(&mut self, cx: &mut Context<'_>, stream: &mut TcpStream) -> Poll<()> {
        while self.left > 0 && self.timer.as_mut().poll(cx).is_pending() {
            let mut chunk = [0; CHUNK_BYTES];
            let mut buffer = ReadBuf::new(&mut chunk);
            let read = ready!(Pin::new(&mut *stream).poll_read(cx, &mut buffer));
            let read = read.map_or(0, |()| buffer.filled().len());
            if read == 0 {
                break;
            }
            self.left = self.left.saturating_sub(read);
            self.timer.as_mut().reset(self.until.min(Instant::now() + SILENCE));
        }
        Poll::Ready(())
    }
}

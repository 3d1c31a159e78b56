//! The bytes of a connection. hyper answers what is not HTTP by itself, with an empty 400,
//! 414 or 431; here such an answer becomes a problem like every other, with an id.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::{Sleep, sleep};
use warp::http::StatusCode;

use crate::http::app::App;
use crate::http::respond::problem::Problem;
use crate::http::server::exchange::Exchange;
use crate::http::server::linger::{Linger, Unread};
use crate::http::server::patience::Patience;

/// Every byte that hyper writes when it refuses a request by itself, except for the status
/// and the date.
const BARE: [&[u8]; 3] =
    [b"HTTP/1.1 4", b"\r\nconnection: close\r\ncontent-length: 0\r\ndate: ", b"\r\n\r\n"];

/// The id in the answer to a request that hyper refused, if it refused one.
pub(crate) type Refusal = Arc<OnceLock<String>>;

/// A connection.
#[derive(Debug)]
pub(crate) struct Stream {
    inner: TcpStream,
    app: Arc<App>,
    refusal: Refusal,
    /// What is left to write in place of hyper's own answer, and the length of that answer.
    instead: Option<(Vec<u8>, usize)>,
    /// The deadline by which the client must read something, while it reads nothing.
    stalled: Option<Pin<Box<Sleep>>>,
    unread: Unread,
    /// Set once nothing more is written, while the client may still be sending.
    linger: Option<Linger>,
    exchange: Exchange,
    patience: Patience,
}

impl Stream {
    pub(crate) fn new(
        inner: TcpStream,
        app: Arc<App>,
        unread: Unread,
        exchange: Exchange,
    ) -> (Self, Refusal) {
        let refusal = Refusal::default();
        let stream = Self {
            inner,
            patience: Patience::new(&app),
            app,
            exchange,
            refusal: Arc::clone(&refusal),
            instead: None,
            stalled: None,
            unread,
            linger: None,
        };
        (stream, refusal)
    }

    /// Cuts a connection whose client reads nothing for long: whatever waits for it would
    /// wait for ever.
    fn unless_stalled<T>(
        &mut self,
        cx: &mut Context<'_>,
        written: Poll<io::Result<T>>,
    ) -> Poll<io::Result<T>> {
        if written.is_ready() {
            self.stalled = None;
            self.patience.read_on();
            return written;
        }
        let patience = self.app.limits.write_timeout;
        let stalled = self.stalled.get_or_insert_with(|| Box::pin(sleep(patience)));
        ready!(stalled.as_mut().poll(cx));
        Poll::Ready(Err(io::ErrorKind::TimedOut.into()))
    }

    /// Returns the problem that replaces hyper's own answer.
    fn problem(&self, bare: &[u8]) -> Option<Vec<u8>> {
        let status = StatusCode::from_bytes(bare.get(9..12)?).ok()?;
        let id = self.refusal.get_or_init(|| self.app.trace_ids.next());
        let detail = match status {
            StatusCode::URI_TOO_LONG => "the target is too long",
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE => "the head of the request is too large",
            _ => "the request is not valid HTTP/1.1",
        };
        let body = Problem::refused_by_hyper(status, detail).to_json(id);
        let head = format!(
            "HTTP/1.1 {status}\r\nconnection: close\r\ncontent-type: application/problem+json\r\n\
             x-request-id: {id}\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        Some([head.into_bytes(), body].concat())
    }

    /// Writes what is left of a problem; after that, hyper's answer counts as written.
    fn poll_instead(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<usize>> {
        while let Some((left, of_hyper)) = &mut self.instead {
            if left.is_empty() {
                let written = *of_hyper;
                self.instead = None;
                return Poll::Ready(Ok(written));
            }
            let written = ready!(Pin::new(&mut self.inner).poll_write(cx, left))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            left.drain(..written);
        }
        Poll::Ready(Ok(0))
    }

    /// Returns whether these bytes are the whole of hyper's own refusal.
    fn notice(&mut self, bytes: &[u8]) -> bool {
        let [start, middle, end] = BARE;
        if self.instead.is_none()
            && bytes.starts_with(start)
            && bytes.ends_with(end)
            && bytes.len() < 256
            && bytes.windows(middle.len()).any(|window| window == middle)
        {
            self.instead = self.problem(bytes).map(|problem| (problem, bytes.len()));
        }
        self.instead.is_some()
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let Self { inner, app, exchange, patience, stalled, .. } = &mut *self;
        let before = buffer.filled().len();
        let read = Pin::new(inner).poll_read(cx, buffer);
        if read.is_ready() {
            if buffer.filled().len() > before {
                patience.heard(exchange);
            }
            return read;
        }
        if stalled.is_some() {
            return Poll::Pending; // The write time-out applies instead.
        }
        // An idle connection ends as if the client had closed it.
        let is_idle = ready!(patience.poll(cx, app, exchange));
        Poll::Ready(if is_idle { Ok(()) } else { Err(io::ErrorKind::TimedOut.into()) })
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.notice(bytes) {
            return self.poll_instead(cx);
        }
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.unless_stalled(cx, written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if slices.first().is_some_and(|first| self.notice(first)) {
            return self.poll_instead(cx);
        }
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        self.unless_stalled(cx, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { inner, app, exchange, patience, .. } = &mut *self;
        ready!(Pin::new(inner).poll_flush(cx))?;
        // After an answer, hyper does not read the next request until it is woken; so the
        // wait begins here.
        if patience.poll(cx, app, exchange).is_ready() {
            cx.waker().wake_by_ref();
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let Self { inner, app, refusal, unread, linger, exchange, .. } = &mut *self;
        if exchange.is_cut() {
            return Poll::Ready(Ok(())); // Dropped, the connection is reset.
        }
        if linger.is_none() {
            ready!(Pin::new(&mut *inner).poll_shutdown(cx))?;
            exchange.finish();
            if !unread.get() && refusal.get().is_none() {
                return Poll::Ready(Ok(()));
            }
        }
        let linger = linger.get_or_insert_with(|| Linger::new(app.limits.body_timeout));
        linger.poll(cx, inner).map(Ok)
    }
}

impl Drop for Stream {
    /// Resets a connection whose orderly end would make a part of an answer pass for the
    /// whole.
    fn drop(&mut self) {
        if self.exchange.is_unfinished() {
            let reset = self.inner.set_zero_linger();
            reset.unwrap_or_else(|error| tracing::debug!(%error, "cannot reset a connection"));
        }
    }
}

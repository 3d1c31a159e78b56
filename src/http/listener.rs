//! The loop that accepts connections.
//!
//! warp's own server sets no time-out on a request's head and no deadline on a
//! graceful stop, so the loop is hyper-util's, around warp's service.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use futures_util::TryFutureExt;
use futures_util::future::{Either, ready};
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::Semaphore;

use super::app::App;
use super::framing;
use super::linger::Unread;
use super::routes::routes;
use super::stream::{Refusal, Stream};

/// Headers of one request; one more is answered with 431.
const HEADERS_MAX: usize = 100;

/// The greatest head of a request, in bytes; a greater one is answered with 431.
const BUFFER_BYTES: usize = 64 << 10;

/// Connections that may wait for the loop, as far as the system allows. With the
/// usual 128 it resets some of a few hundred senders that come at once.
const BACKLOG: u32 = 4_096;

/// How long to wait when the system has no more file handles.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How a server ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Every request was answered.
    Clean,
    /// The deadline passed with this many connections still open.
    Deadline {
        /// Connections that were cut.
        connections: usize,
    },
}

/// A server that is bound to its address.
#[derive(Debug)]
pub struct Server {
    listener: TcpListener,
    app: Arc<App>,
}

impl Server {
    /// Binds to an address; port 0 picks a free one.
    #[expect(clippy::unused_async, reason = "only within a runtime can it listen")]
    pub async fn bind(address: SocketAddr, app: App) -> io::Result<Self> {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // So that a restart need not wait for the connections of the process before.
        #[cfg(not(windows))]
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let listener = socket.listen(BACKLOG)?;
        Ok(Self { listener, app: Arc::new(app) })
    }

    /// The address it really listens on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` resolves, then lets requests finish within the
    /// deadline.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Shutdown {
        let limits = self.app.limits.clone();
        let places = Arc::new(Semaphore::new(limits.connections));
        let graceful = GracefulShutdown::new();
        let filter = routes(Arc::clone(&self.app));
        let mut http = http1::Builder::new();
        http.timer(TokioTimer::new())
            .header_read_timeout(limits.header_timeout)
            .max_headers(HEADERS_MAX)
            .max_buf_size(BUFFER_BYTES);
        let mut stop = std::pin::pin!(stop);
        loop {
            let accepted = async {
                // Taken before accepting: one connection too many waits in the
                // system's queue instead of costing memory here.
                let place = Arc::clone(&places).acquire_owned().await;
                (place, self.listener.accept().await)
            };
            let (place, stream) = tokio::select! {
                accepted = accepted => accepted,
                () = &mut stop => break,
            };
            match stream {
                Ok((stream, _)) => {
                    // Answers are written whole: waiting to fill a packet only delays.
                    stream
                        .set_nodelay(true)
                        .unwrap_or_else(|error| tracing::debug!(%error, "no TCP_NODELAY"));
                    let app = Arc::clone(&self.app);
                    let warp = TowerToHyperService::new(warp::service(filter.clone()));
                    let unread = Unread::default();
                    let (stream, refusal) =
                        Stream::new(stream, Arc::clone(&self.app), unread.clone());
                    let service = service_fn(move |request: Request<Incoming>| {
                        let request = request.map(|body| unread.watch(body));
                        let unread = unread.clone();
                        match framing::refuse(&app, &request) {
                            Some(refusal) => Either::Left(ready(Ok(refusal))),
                            None => Either::Right(
                                warp.call(request).map_ok(move |answer| unread.close(answer)),
                            ),
                        }
                    });
                    let served =
                        graceful.watch(http.serve_connection(TokioIo::new(stream), service));
                    tokio::spawn(async move {
                        served.await.unwrap_or_else(|error| tell(&error, &refusal));
                        drop(place);
                    });
                }
                Err(error) => {
                    tracing::warn!(%error, "cannot accept a connection");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        self.app.stopping.store(true, Ordering::Relaxed);
        self.app.feed.end();
        finish(graceful, limits.shutdown_timeout).await
    }
}

/// Logs how a connection broke off. What is no HTTP was answered before; else
/// nobody is left to tell.
fn tell(error: &hyper::Error, refusal: &Refusal) {
    if let Some(trace_id) = refusal.get() {
        tracing::info!(code = "invalid_request", trace_id, detail = %error, "request refused");
    } else {
        tracing::debug!(%error, "connection ended");
    }
}

async fn finish(graceful: GracefulShutdown, deadline: Duration) -> Shutdown {
    let connections = graceful.count();
    match tokio::time::timeout(deadline, graceful.shutdown()).await {
        Ok(()) => Shutdown::Clean,
        Err(_) => Shutdown::Deadline { connections },
    }
}

//! The loop that accepts connections.
//!
//! warp's own server has no time-out for a request's head and no deadline for a graceful
//! stop, so this loop runs warp's service on hyper-util.

use std::future::Future;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
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
use tokio::net::{TcpListener, TcpSocket, TcpStream};

use crate::http::app::App;
use crate::http::limits::settings::BUFFER_BYTES;
use crate::http::router::routes;
use crate::http::server::connection::{Refusal, Stream};
use crate::http::server::exchange::Exchange;
use crate::http::server::framing;
use crate::http::server::linger::Unread;

/// Maximum number of connections that wait for the loop, as far as the system allows. With
/// the usual 128, the system resets some of a few hundred senders that connect at once.
const BACKLOG: u32 = 4_096;

/// Maximum size of what the system buffers before it accepts more to send, in bytes.
#[cfg(target_os = "linux")]
const UNSENT_BYTES: u32 = 64 << 10;

/// How long to wait while the system has no more file handles.
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
    /// Binds to the first of these addresses that is available; port 0 picks a free one.
    #[expect(clippy::unused_async, reason = "listening needs a runtime")]
    pub async fn bind(addresses: &[SocketAddr], app: App) -> io::Result<Self> {
        let mut refused = io::Error::new(io::ErrorKind::InvalidInput, "no address to listen on");
        for &address in addresses {
            match listen(address) {
                Ok(listener) => return Ok(Self { listener, app: Arc::new(app) }),
                Err(error) => refused = error,
            }
        }
        Err(refused)
    }

    /// Returns the address that it listens on.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Serves until `stop` resolves, then lets requests finish within the
    /// deadline.
    pub async fn run(self, stop: impl Future<Output = ()>) -> Shutdown {
        let limits = self.app.limits.clone();
        let places = Arc::clone(&self.app.connections);
        let graceful = GracefulShutdown::new();
        let filter = routes(Arc::clone(&self.app));
        let http = http_builder();
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
                    set_up(&stream);
                    let app = Arc::clone(&self.app);
                    let warp = TowerToHyperService::new(warp::service(filter.clone()));
                    let (unread, exchange) = (Unread::default(), Exchange::default());
                    let (stream, refusal) = Stream::new(
                        stream,
                        Arc::clone(&self.app),
                        unread.clone(),
                        exchange.clone(),
                    );
                    let service = service_fn(move |request: Request<Incoming>| {
                        let request = request.map(|body| unread.watch(body));
                        let (unread, exchange) = (unread.clone(), exchange.clone());
                        let asked = exchange.begin(&request);
                        match framing::refuse(&app, &request) {
                            Some(refusal) => {
                                Either::Left(ready(Ok(exchange.answer(asked, refusal))))
                            }
                            None => Either::Right(warp.call(request).map_ok(move |answer| {
                                exchange.answer(asked, unread.close(answer))
                            })),
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
        self.app.stop();
        finish(graceful, limits.shutdown_timeout).await
    }
}

/// Returns how HTTP is spoken. A request may have 100 headers, which is hyper's own limit: for
/// one that is set, hyper clears room for as many headers at each request.
fn http_builder() -> http1::Builder {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        // It would include the time between two requests.
        .header_read_timeout(None)
        .max_buf_size(BUFFER_BYTES);
    http
}

fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    // So that a restart need not wait for the connections of the previous process.
    #[cfg(not(windows))]
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Sets the options of a socket.
fn set_up(stream: &TcpStream) {
    let failed = |error| tracing::debug!(%error, "cannot set the options of a socket");
    set_options(stream).unwrap_or_else(failed);
}

fn set_options(stream: &TcpStream) -> io::Result<()> {
    // Without it the system accepts nothing more until a third of a buffer of megabytes is
    // free, and a slow client seems to read nothing.
    #[cfg(target_os = "linux")]
    socket2::SockRef::from(stream).set_tcp_notsent_lowat(UNSENT_BYTES)?;
    // Answers are written at once: waiting to fill a packet only delays them.
    stream.set_nodelay(true)
}

/// Logs how a connection failed. What is not HTTP has been answered; otherwise nobody is left
/// to inform.
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

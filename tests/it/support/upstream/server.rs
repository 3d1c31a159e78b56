//! The stand-in as a server on the loopback.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::Pin;
use std::sync::Arc;
use std::thread::JoinHandle;

use futures_util::{Stream, StreamExt, stream};
use hyper::body::Bytes;
use hyper::service::{Service, service_fn};
use hyper_util::rt::TokioIo;
use hyper_util::service::TowerToHyperService;
use tokio::sync::oneshot;
use warp::http::{HeaderMap, Method, StatusCode};
use warp::path::FullPath;
use warp::reply::Response;
use warp::{Filter, Reply};

use super::answer::Answer;
use super::request::Request;
use super::settings::Fault;
use super::state::Shared;

/// A server that runs until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    pub(crate) fn start(shared: &Arc<Shared>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        let address = listener.local_addr().unwrap();
        let (stop, stopped) = oneshot::channel();
        let shared = Arc::clone(shared);
        let thread = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.unwrap().block_on(async {
                tokio::select! {
                    () = serve(listener, shared) => {}
                    _ = stopped => {}
                }
            });
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let listener = tokio::net::TcpListener::from_std(listener).unwrap();
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    let filter = warp::method()
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and(warp::body::bytes())
        .then(move |method: Method, path: FullPath, query, headers: HeaderMap, body: Bytes| {
            let request = Request {
                method: method.to_string(),
                path: path.as_str().to_owned(),
                query,
                headers: texts(&headers),
                body: body.to_vec(),
            };
            let (answer, latency) = (shared.answer(request), shared.latency());
            async move {
                if !latency.is_zero() {
                    tokio::time::sleep(latency).await;
                }
                response(answer)
            }
        });
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        stream.set_nodelay(true).ok();
        let warp = TowerToHyperService::new(warp::service(filter.clone()));
        let service = service_fn(move |request| {
            let answered = warp.call(request);
            async move {
                let response = answered.await.map_err(io::Error::other)?;
                let hangs_up = response.extensions().get::<HangUp>().is_some();
                if hangs_up {
                    Err(io::Error::from(io::ErrorKind::ConnectionAborted))
                } else {
                    Ok(response)
                }
            }
        });
        let mut http = hyper::server::conn::http1::Builder::new();
        // A date that is missing is set to be.
        http.auto_date_header(false);
        // A connection that breaks is the client's to notice.
        tokio::spawn(
            async move { http.serve_connection(TokioIo::new(stream), service).await.ok() },
        );
    }
}

/// Marks an answer that is never given: the connection ends.
#[derive(Debug, Clone)]
struct HangUp;

fn texts(headers: &HeaderMap) -> BTreeMap<String, String> {
    let text = |value: &warp::http::HeaderValue| String::from_utf8_lossy(value.as_bytes()).into();
    headers.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
}

fn response(answer: Answer) -> Response {
    let length = answer.body.len();
    let mut response = match answer.fault {
        None | Some(Fault::Closed | Fault::Status(_) | Fault::Garbage) => {
            answer.body.into_response()
        }
        Some(fault) => broken(fault, answer.body).into_response(),
    };
    *response.status_mut() = StatusCode::from_u16(answer.status).unwrap();
    for (name, value) in answer.headers {
        response.headers_mut().insert(name, value.parse().unwrap());
    }
    match answer.fault {
        Some(Fault::Closed) => drop(response.extensions_mut().insert(HangUp)),
        Some(Fault::Cut | Fault::Stalled) => {
            response.headers_mut().insert("content-length", length.into());
        }
        _ => {}
    }
    response
}

/// Gives a body as a fault leaves it.
fn broken(fault: Fault, body: Vec<u8>) -> impl Reply {
    /// What is sent at a time where there is much.
    const CHUNK: usize = 1 << 16;
    let half = body[..body.len() / 2].to_vec();
    let parts: Pin<Box<dyn Stream<Item = io::Result<Vec<u8>>> + Send + Sync>> = match fault {
        Fault::Cut => {
            // What was given is sent while the stream has nothing.
            let end = async {
                tokio::task::yield_now().await;
                Err(io::ErrorKind::ConnectionReset.into())
            };
            Box::pin(stream::iter([Ok(half)]).chain(stream::once(end)))
        }
        Fault::Stalled => Box::pin(stream::iter([Ok(half)]).chain(stream::pending())),
        Fault::Endless => {
            let row = br#"{"id":"6925f1c2a81b20c94d7e0f36","associationId":"endless"},"#;
            let rows = row.repeat(CHUNK / row.len());
            let head = stream::iter([Ok(br#"{"relations":["#.to_vec())]);
            Box::pin(head.chain(stream::repeat_with(move || Ok(rows.clone()))))
        }
        Fault::Padded(spaces) => {
            let all = (0..spaces.div_ceil(CHUNK)).map(|_| Ok(vec![b' '; CHUNK]));
            Box::pin(stream::iter(all.chain([Ok(body)])))
        }
        Fault::Status(_) | Fault::Closed | Fault::Garbage => unreachable!("{fault:?} has a body"),
    };
    warp::reply::stream(parts)
}

//! The progress of a connection with one request and its answer: known to the service that
//! answers, needed by the stream that waits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};

use hyper::body::Body;
use warp::http::{Method, Request, Response, Version};

use crate::http::server::watched_body::{BodyEnd, OnBodyEnd, WatchedBody};

#[derive(Debug, Default)]
struct State {
    /// Number of requests begun, wrapping around.
    requests: AtomicU32,
    /// From the end of a request's head to the end of its answer's body.
    answering: AtomicBool,
    /// Whether an answer is being sent whose end is the end of the connection.
    close_delimited: AtomicBool,
    /// Whether all of that answer was there to be written.
    whole: AtomicBool,
}

/// The state of one connection.
#[derive(Debug, Clone, Default)]
pub(crate) struct Exchange(Arc<State>);

impl Exchange {
    /// Notes that a request has arrived, and returns what answering it depends on.
    pub(crate) fn begin<B>(&self, request: &Request<B>) -> Asked {
        self.0.requests.fetch_add(1, Relaxed);
        self.0.answering.store(true, Relaxed);
        let is_old = request.version() < Version::HTTP_11 && *request.method() != Method::HEAD;
        Asked { is_old }
    }

    /// Watches an answer until its end.
    pub(crate) fn answer<B: Body>(
        &self,
        asked: Asked,
        answer: Response<B>,
    ) -> Response<WatchedBody<B, Self>> {
        // HTTP/1.0 has no chunks.
        if asked.is_old && answer.body().size_hint().exact().is_none() {
            self.0.whole.store(false, Relaxed);
            self.0.close_delimited.store(true, Relaxed);
        }
        answer.map(|body| WatchedBody::new(body, self.clone()))
    }

    /// Returns the number of requests so far, wrapping around.
    pub(crate) fn requests(&self) -> u32 {
        self.0.requests.load(Relaxed)
    }

    pub(crate) fn is_answering(&self) -> bool {
        self.0.answering.load(Relaxed)
    }

    /// Returns whether a client would take a part of an answer for the whole if the
    /// connection were closed in an orderly way, with everything written so far.
    pub(crate) fn is_cut(&self) -> bool {
        self.0.close_delimited.load(Relaxed) && !self.0.whole.load(Relaxed)
    }

    /// Returns whether an answer that ends with the connection is not written yet.
    pub(crate) fn is_unfinished(&self) -> bool {
        self.0.close_delimited.load(Relaxed)
    }

    /// Notes that all of the answer has been written.
    pub(crate) fn finish(&self) {
        self.0.close_delimited.store(false, Relaxed);
    }
}

/// What answering a request depends on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    /// Whether the answer may have to end with the connection.
    is_old: bool,
}

impl OnBodyEnd for Exchange {
    fn body_ended(&self, end: BodyEnd) {
        self.0.whole.store(end == BodyEnd::Whole, Relaxed);
        self.0.answering.store(false, Relaxed);
    }
}

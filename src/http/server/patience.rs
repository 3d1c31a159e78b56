//! How long a connection may stay silent: longer between two requests than within the head
//! of one.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::time::{Instant, Sleep, sleep_until};

use crate::http::app::App;
use crate::http::server::exchange::Exchange;

/// The wait of a connection that has no request to answer.
#[derive(Debug)]
pub(crate) struct Patience {
    /// The number of requests when the wait began.
    requests: u32,
    /// Whether a part of a head has arrived, so that the rest must follow soon. The first
    /// request must arrive soon as a whole.
    head_begun: bool,
    /// When the wait began; `None` while nothing waits.
    since: Option<Instant>,
    /// Set once for many waits: it is moved only when it has fired early.
    timer: Pin<Box<Sleep>>,
}

impl Patience {
    pub(crate) fn new(app: &App) -> Self {
        let now = Instant::now();
        let timer = Box::pin(sleep_until(now + app.limits.header_timeout));
        Self { requests: 0, head_begun: true, since: Some(now), timer }
    }

    /// Notes that bytes have arrived.
    pub(crate) fn heard(&mut self, exchange: &Exchange) {
        self.reset(exchange);
        if !self.head_begun && !exchange.is_answering() {
            self.head_begun = true;
            self.since = None;
        }
    }

    /// Notes that the client reads what it is sent.
    pub(crate) fn read_on(&mut self) {
        if !self.head_begun {
            self.since = None;
        }
    }

    fn reset(&mut self, exchange: &Exchange) {
        let requests = exchange.requests();
        if requests != self.requests {
            (self.requests, self.head_begun, self.since) = (requests, false, None);
        }
    }

    /// Resolves once the connection has been silent for too long: to `true` if it was idle,
    /// to `false` if a head is incomplete.
    pub(crate) fn poll(
        &mut self,
        cx: &mut Context<'_>,
        app: &App,
        exchange: &Exchange,
    ) -> Poll<bool> {
        self.reset(exchange);
        if exchange.is_answering() {
            return Poll::Pending;
        }
        let limits = &app.limits;
        let since = *self.since.get_or_insert_with(Instant::now);
        let idle = !self.head_begun;
        let end = since + if idle { limits.idle_timeout } else { limits.header_timeout };
        // While others wait to be accepted, idle connections are closed sooner.
        let early = since + limits.header_timeout;
        loop {
            let now = Instant::now();
            if now >= end || (idle && now >= early && app.connections.available_permits() == 0) {
                return Poll::Ready(idle);
            }
            let next =
                if now < early { end.min(early) } else { end.min(now + limits.header_timeout) };
            if self.timer.is_elapsed() || self.timer.deadline() > next {
                self.timer.as_mut().reset(next);
            }
            if self.timer.as_mut().poll(cx).is_pending() {
                return Poll::Pending;
            }
        }
    }
}

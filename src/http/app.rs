//! The state that all handlers share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, oneshot, watch};
use warp::http::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::auth::policy::AuthPolicy;
use crate::http::auth::tickets::Tickets;
use crate::http::feed::registry::HubRegistry;
use crate::http::limits::background::Background;
use crate::http::limits::permits::Permits;
use crate::http::limits::receive_budget::ReceiveBudget;
use crate::http::limits::settings::Limits;
use crate::http::metrics::recorder::Metrics;
use crate::http::respond::problem::Problem;
use crate::http::server::trace_ids::TraceIds;
use crate::model::Seq;
use crate::store::{IngestError, Observation, Store, WriteEvent};

/// How long an event is waited for that a query names, and another server may have taken.
const LOOK_FOR: Duration = Duration::from_secs(1);

/// The epoch of the sequence numbers in an answer; in a request, the one that those of the
/// answer, or of the request, must be of.
pub(super) const EPOCH: HeaderName = HeaderName::from_static("relata-epoch");

/// A store and the rules by which it is served.
#[derive(Debug)]
pub struct App {
    pub(super) store: Arc<Store>,
    pub(super) limits: Limits,
    pub(super) policy: Arc<AuthPolicy>,
    pub(super) tickets: Tickets,
    /// Connections that may still be accepted.
    pub(super) connections: Arc<Semaphore>,
    pub(super) exports: Permits,
    pub(super) queries: Permits,
    pub(super) journal_reads: Permits,
    /// Set when a stop is requested: long work ends soon after.
    pub(super) stopping: Arc<AtomicBool>,
    pub(super) imports: Arc<Semaphore>,
    /// Runs work that may take long.
    pub(super) background: Arc<Background>,
    /// Limits what the bodies being received hold.
    pub(super) receiving: Arc<ReceiveBudget>,
    pub(super) feed: Arc<HubRegistry>,
    /// The last event that is visible.
    pub(super) head: watch::Sender<Seq>,
    pub(super) metrics: Metrics,
    /// The epoch of the store, as a header.
    pub(super) epoch: HeaderValue,
    /// Log lines that were dropped, where they are counted.
    pub(super) dropped_log_lines: Option<Arc<AtomicU64>>,
    pub(super) trace_ids: TraceIds,
    /// Whether the sender's own API is served, too.
    pub(super) has_compat: bool,
    /// Keeps `head` up to date until the server is dropped.
    _observation: Observation,
}

impl App {
    /// Refuses a request that is about the seqs of another epoch.
    pub(super) fn check_epoch(&self, headers: &HeaderMap) -> Result<(), Problem> {
        let is_other = headers.get(EPOCH).is_some_and(|epoch| *epoch != self.epoch);
        if is_other { Err(Problem::other_epoch()) } else { Ok(()) }
    }

    /// Serves a store within these limits, to those whom the policy admits.
    pub fn new(store: Arc<Store>, limits: Limits, policy: AuthPolicy) -> Self {
        let wait = limits.question_wait;
        let head = watch::Sender::new(store.head());
        let advanced = head.clone();
        let observation = store.observe(move |event| {
            if let WriteEvent::Visible { upto } = event {
                advanced.send_replace(upto);
            }
        });
        let (policy, background) = (Arc::new(policy), Arc::new(Background::new()));
        let stopping = Arc::new(AtomicBool::new(false));
        let feed = HubRegistry::new(&store, &policy, &background, &stopping, &limits);
        Self {
            metrics: Metrics::of(&store),
            // Its eight digits are always a valid header.
            epoch: HeaderValue::from_str(&store.epochs().current().to_string())
                .unwrap_or(HeaderValue::from_static("00000000")),
            receiving: ReceiveBudget::new(limits.receiving_bytes),
            store,
            tickets: Tickets::default(),
            connections: Arc::new(Semaphore::new(limits.connections)),
            exports: Permits::new("exports", limits.exports, wait),
            queries: Permits::of_cores("queries", limits.questions, wait),
            journal_reads: Permits::of_cores("reads of the journal", limits.journal_reads, wait),
            imports: Arc::new(Semaphore::new(limits.imports)),
            limits,
            policy,
            stopping,
            background,
            feed,
            head,
            dropped_log_lines: None,
            trace_ids: TraceIds::new(),
            has_compat: true,
            _observation: observation,
        }
    }

    /// Serves the sender's own API or not; it does by default.
    #[must_use]
    pub fn compat(mut self, served: bool) -> Self {
        self.has_compat = served;
        self
    }

    /// Exports this count of dropped log lines as a metric.
    #[must_use]
    pub fn dropped_log_lines(mut self, count: Arc<AtomicU64>) -> Self {
        self.dropped_log_lines = Some(count);
        self
    }

    /// Looks for an event that a request names, where other processes write the journal, too:
    /// whoever learned of it from one of them may ask any. Gives up soon: it may not be there.
    pub(super) async fn look_for(&self, seq: Option<Seq>) {
        if let Some(seq) = seq {
            self.is_visible_within(seq, LOOK_FOR).await;
        }
    }

    /// Waits for the writer's answer; for that of a database, which may hang, no longer than a
    /// sender would.
    pub(super) async fn written<T>(
        &self,
        answer: oneshot::Receiver<Result<T, IngestError>>,
    ) -> Result<T, IngestError> {
        let answered = if self.store.is_shared() {
            let within = tokio::time::timeout(self.limits.storage_timeout, answer).await;
            within.map_err(|_| {
                IngestError::unavailable(
                    "the database does not answer; this may be accepted all the same: send it again",
                )
            })?
        } else {
            answer.await
        };
        answered.unwrap_or_else(|_| Err(IngestError::unavailable("the writer has stopped")))
    }

    /// Waits until an event is visible.
    pub(super) async fn wait_for(&self, seq: Seq) -> Result<(), Problem> {
        if self.is_visible_within(seq, self.limits.min_seq_timeout).await {
            return Ok(());
        }
        Err(Problem::not_visible_yet(seq, self.store.head()))
    }

    async fn is_visible_within(&self, seq: Seq, limit: Duration) -> bool {
        if self.store.head() >= seq {
            return true;
        }
        let mut head = self.head.subscribe();
        self.store.look_for(seq);
        let visible = head.wait_for(|head| *head >= seq);
        let waited = tokio::time::timeout(limit, visible).await;
        matches!(waited, Ok(Ok(_))) || self.store.head() >= seq
    }

    /// Ends long work and the change feed: the server is stopping.
    pub(super) fn stop(&self) {
        self.stopping.store(true, Ordering::Relaxed);
        self.feed.end();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_keeps_nothing_of_a_server_that_is_gone() {
        let store = Arc::new(Store::in_memory().unwrap());
        let app = App::new(Arc::clone(&store), Limits::default(), AuthPolicy::off());
        let head = app.head.subscribe();
        drop(app);
        assert!(head.has_changed().is_err(), "no sender of it is left");
    }
}

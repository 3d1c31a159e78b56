//! What every handler works with.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{Semaphore, watch};
use warp::http::HeaderValue;

use crate::http::auth::policy::AuthPolicy;
use crate::http::auth::tickets::Tickets;
use crate::http::feed::catch_up::CatchUps;
use crate::http::feed::stats::Feed;
use crate::http::limits::background::Background;
use crate::http::limits::permits::Permits;
use crate::http::limits::receive_budget::ReceiveBudget;
use crate::http::metrics::recorder::Metrics;
use crate::http::respond::problem::Problem;
use crate::model::Seq;
use crate::store::Store;

/// The limits of the server, with their units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a request's head may take to arrive.
    pub header_timeout: Duration,
    /// How long a connection may stay open between two requests. When all places are
    /// taken, it is `header_timeout`.
    pub idle_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// How much of all bodies together may be held while they arrive and until they are
    /// handed on, in bytes; a body that would hold more is refused. The first 16 KiB of
    /// each do not count.
    pub receiving_bytes: usize,
    /// The greatest body of a webhook, in bytes.
    pub webhook_bytes: usize,
    /// Connections open at once; one more waits.
    pub connections: usize,
    /// How long requests may take to finish once a stop was asked for.
    pub shutdown_timeout: Duration,
    /// Exports that run at once; one more waits. A token, or where there are none a
    /// location, has half of them at most.
    pub exports: usize,
    /// How long an export waits for a reader that takes nothing.
    pub export_stall: Duration,
    /// How long an export may take as a whole.
    pub export_timeout: Duration,
    /// The greatest body of a question, in bytes.
    pub question_bytes: usize,
    /// Links that a question may visit; with more it ends incomplete.
    pub question_links: u64,
    /// How much one answer may hold, in bytes, about; one that would hold more ends
    /// incomplete.
    pub answer_bytes: usize,
    /// How long a question may take; then it ends incomplete.
    pub question_timeout: Duration,
    /// Questions of more than a few thousand links that run at once; one more waits.
    /// A token, or where there are none a location, has half of them at most, and no more
    /// than keep half of the cores busy.
    pub questions: usize,
    /// Readings of the journal that run at once, for history, events and the past; one
    /// more waits. They are shared out as `questions` are.
    pub journal_reads: usize,
    /// How long an export, a question or a reading of the journal waits for others;
    /// then it is refused.
    pub question_wait: Duration,
    /// How long the past of a location may take to build; then what there is of it is
    /// kept, and asking again goes on from there.
    pub past_timeout: Duration,
    /// The greatest body of an import, in bytes.
    pub import_bytes: usize,
    /// The greatest body of an import once it is unpacked, in bytes.
    pub import_unpacked_bytes: u64,
    /// Imports that run at once; one more is refused.
    pub imports: usize,
    /// How long a question waits for the event that it asks for by `minSeq`.
    pub min_seq_timeout: Duration,
    /// How long a connection may take nothing of what it is sent.
    pub write_timeout: Duration,
    /// Readers of changes that are open at once; one more is refused. Each takes one
    /// of the connections.
    pub change_readers: usize,
    /// How much may wait for a slow reader of changes before it is dropped, in bytes.
    pub change_bytes: usize,
    /// How much may wait for all readers of changes together, in bytes; who holds more
    /// than its part is dropped.
    pub change_total_bytes: usize,
    /// Events of one location that may wait to be sent to its readers of changes; with
    /// more of them the journal is read instead.
    pub change_backlog: usize,
    /// How often a reader of changes is sent a sign of life.
    pub heartbeat: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(130),
            body_timeout: Duration::from_secs(10),
            receiving_bytes: 64 << 20,
            webhook_bytes: 256 << 10,
            connections: 4_096,
            shutdown_timeout: Duration::from_secs(5),
            exports: 4,
            export_stall: Duration::from_secs(30),
            export_timeout: Duration::from_secs(1_800),
            question_bytes: 1 << 20,
            question_links: 5_000_000,
            answer_bytes: 16 << 20,
            question_timeout: Duration::from_secs(2),
            questions: 4,
            journal_reads: 4,
            question_wait: Duration::from_secs(5),
            past_timeout: Duration::from_secs(60),
            import_bytes: 64 << 20,
            import_unpacked_bytes: 256 << 20,
            imports: 2,
            min_seq_timeout: Duration::from_secs(5),
            write_timeout: Duration::from_secs(30),
            change_readers: 2_048,
            change_bytes: 4 << 20,
            change_total_bytes: 256 << 20,
            change_backlog: 8_192,
            heartbeat: Duration::from_secs(15),
        }
    }
}

/// A store and how it is served.
#[derive(Debug)]
pub struct App {
    pub(super) store: Arc<Store>,
    pub(super) limits: Limits,
    pub(super) protection: AuthPolicy,
    pub(super) tickets: Tickets,
    /// Connections that may still be accepted.
    pub(super) connections: Arc<Semaphore>,
    pub(super) exports: Permits,
    pub(super) questions: Permits,
    pub(super) journal_reads: Permits,
    /// Set once a stop was asked for: what runs long ends soon.
    pub(super) stopping: AtomicBool,
    pub(super) imports: Arc<Semaphore>,
    /// Runs what may take long.
    pub(super) background: Background,
    /// What bodies hold that are received.
    pub(super) receiving: Arc<ReceiveBudget>,
    /// Readers of changes that are behind.
    pub(super) catch_ups: CatchUps,
    pub(super) feed: Arc<Feed>,
    /// The last event that is visible.
    pub(super) head: watch::Sender<Seq>,
    pub(super) metrics: Metrics,
    /// The epoch of the store, as a header.
    pub(super) epoch: HeaderValue,
    /// Lines of the log that were dropped, where somebody counts them.
    pub(super) dropped_log_lines: Option<Arc<AtomicU64>>,
    traces: TraceIds,
}

impl App {
    /// Serves this store within these limits, to those who may.
    pub fn new(store: Arc<Store>, limits: Limits, protection: AuthPolicy) -> Self {
        let connections = Arc::new(Semaphore::new(limits.connections));
        let wait = limits.question_wait;
        let exports = Permits::new("exports", limits.exports, wait);
        let questions = Permits::of_cores("questions", limits.questions, wait);
        let journal_reads =
            Permits::of_cores("readings of the journal", limits.journal_reads, wait);
        let imports = Arc::new(Semaphore::new(limits.imports));
        let head = watch::Sender::new(store.head());
        let told = head.clone();
        // Of two servers over one store the second sees by asking, once a wait.
        store.listen(move |seq| {
            told.send_replace(seq);
        });
        let feed = Feed::new(limits.change_readers, limits.change_total_bytes, limits.heartbeat);
        Self {
            metrics: Metrics::of(&store),
            // Its eight digits are always a header.
            epoch: HeaderValue::from_str(&store.epochs().current().to_string())
                .unwrap_or(HeaderValue::from_static("00000000")),
            receiving: ReceiveBudget::new(limits.receiving_bytes),
            store,
            limits,
            protection,
            tickets: Tickets::default(),
            connections,
            exports,
            questions,
            journal_reads,
            stopping: AtomicBool::new(false),
            imports,
            background: Background::new(),
            catch_ups: CatchUps::new(),
            feed,
            head,
            dropped_log_lines: None,
            traces: TraceIds::new(),
        }
    }

    /// Has `/metrics` tell how many lines of the log were dropped, which is counted here.
    #[must_use]
    pub fn dropped_log_lines(mut self, count: Arc<AtomicU64>) -> Self {
        self.dropped_log_lines = Some(count);
        self
    }

    /// Waits until an event is visible.
    pub(super) async fn wait_for(&self, seq: Seq) -> Result<(), Problem> {
        if self.store.head() >= seq {
            return Ok(());
        }
        let mut head = self.head.subscribe();
        let visible = head.wait_for(|head| *head >= seq);
        let waited = tokio::time::timeout(self.limits.min_seq_timeout, visible).await;
        match waited {
            Ok(Ok(_)) => Ok(()),
            _ if self.store.head() >= seq => Ok(()),
            _ => Err(Problem::not_visible_yet(seq, self.store.head())),
        }
    }

    /// A new id, by which a log line and an answer are told to belong together.
    pub(super) fn trace_id(&self) -> String {
        self.traces.next()
    }
}

/// Ids that no two requests share, within a process or across restarts.
#[derive(Debug)]
struct TraceIds {
    /// The first 16 digits, the same for all of this process.
    process: String,
    count: AtomicU64,
}

impl TraceIds {
    fn new() -> Self {
        use std::hash::BuildHasher;
        let process = std::hash::RandomState::new().hash_one(std::process::id());
        Self { process: format!("{process:016x}"), count: AtomicU64::new(0) }
    }

    fn next(&self) -> String {
        let count = self.count.fetch_add(1, Ordering::Relaxed);
        format!("{}{count:08x}", self.process)
    }
}

//! What every handler works with.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::protection::Protection;
use crate::store::Store;

/// The limits of the server, with their units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long a request's head may take to arrive, and an idle connection may
    /// stay open.
    pub header_timeout: Duration,
    /// How long a request's body may take to arrive.
    pub body_timeout: Duration,
    /// The greatest body of a webhook, in bytes.
    pub webhook_bytes: usize,
    /// Connections open at once; one more waits.
    pub connections: usize,
    /// How long requests may take to finish once a stop was asked for.
    pub shutdown_timeout: Duration,
    /// Exports that run at once; one more waits.
    pub exports: usize,
    /// How long an export waits for a reader that takes nothing.
    pub export_stall: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            header_timeout: Duration::from_secs(10),
            body_timeout: Duration::from_secs(10),
            webhook_bytes: 256 << 10,
            connections: 4_096,
            shutdown_timeout: Duration::from_secs(10),
            exports: 4,
            export_stall: Duration::from_secs(30),
        }
    }
}

/// A store and how it is served.
#[derive(Debug)]
pub struct App {
    pub(super) store: Arc<Store>,
    pub(super) limits: Limits,
    pub(super) protection: Protection,
    pub(super) exports: Arc<tokio::sync::Semaphore>,
    traces: TraceIds,
}

impl App {
    /// Serves this store within these limits, to those who may.
    pub fn new(store: Arc<Store>, limits: Limits, protection: Protection) -> Self {
        let exports = Arc::new(tokio::sync::Semaphore::new(limits.exports));
        Self { store, limits, protection, exports, traces: TraceIds::new() }
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

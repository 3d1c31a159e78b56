//! The bounded queue in front of the writer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Instant;

use crate::store::delivery::IngestError;
use crate::store::options::Options;
use crate::store::writer::command::Command;
use crate::store::writer::observer::{Backlog, WriteObserver};
use crate::store::writer::write_failure::WriteFailure;
use crate::sync::IgnorePoison;

/// The sender's end. Both the number of deliveries and the bytes of their
/// bodies are bounded.
#[derive(Debug)]
pub(crate) struct Queue {
    jobs: SyncSender<Command>,
    gauge: Arc<Gauge>,
    bytes_max: usize,
}

/// Why nothing can be written.
#[derive(Debug)]
struct Failure {
    reason: String,
    since: Instant,
    /// Whether it may end by itself.
    is_pause: bool,
}

/// What the queue holds now, and whether the writer still takes anything.
#[derive(Debug, Default)]
pub(crate) struct Gauge {
    jobs: AtomicUsize,
    bytes: AtomicUsize,
    is_ready: AtomicBool,
    failure: Mutex<Option<Failure>>,
    pub(crate) pulse: WriteObserver,
}

impl Gauge {
    pub(crate) fn release(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Notes that a job is about to wait.
    fn enter(&self) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the writer has taken a job, or that it never came to wait.
    pub(crate) fn leave(&self) {
        self.jobs.fetch_sub(1, Ordering::Relaxed);
    }

    pub(crate) fn waiting(&self) -> Backlog {
        let (jobs, bytes) = (&self.jobs, &self.bytes);
        Backlog { jobs: jobs.load(Ordering::Relaxed), bytes: bytes.load(Ordering::Relaxed) }
    }

    /// Notes that the writer knows what it has to know of earlier deliveries.
    pub(crate) fn be_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
    }

    pub(crate) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// Notes that nothing can be written any more; the first such reason stays.
    pub(crate) fn fail(&self, reason: String) {
        let mut failure = self.lock_failure();
        if failure.as_ref().is_none_or(|failure| failure.is_pause) {
            *failure = Some(Failure { reason, since: Instant::now(), is_pause: false });
        }
    }

    /// Notes that nothing can be written for now.
    pub(crate) fn pause(&self, reason: String) {
        let since = Instant::now();
        self.lock_failure().get_or_insert(Failure { reason, since, is_pause: true });
    }

    /// Notes that a pause has ended.
    pub(crate) fn resume(&self) {
        self.lock_failure().take_if(|failure| failure.is_pause);
    }

    pub(crate) fn is_paused(&self) -> bool {
        self.lock_failure().as_ref().is_some_and(|failure| failure.is_pause)
    }

    pub(crate) fn failure(&self) -> Option<String> {
        self.lock_failure().as_ref().map(|failure| failure.reason.clone())
    }

    pub(crate) fn write_failure(&self) -> Option<WriteFailure> {
        self.lock_failure().as_ref().map(|failure| WriteFailure {
            reason: failure.reason.clone(),
            lasted: failure.since.elapsed(),
            is_final: !failure.is_pause,
        })
    }

    fn lock_failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().ignore_poison()
    }
}

fn closed() -> IngestError {
    IngestError::Unavailable { reason: "it is closed".to_owned() }
}

impl Queue {
    pub(crate) fn new(options: &Options) -> (Self, Receiver<Command>, Arc<Gauge>) {
        let (jobs, receiver) = sync_channel(options.queue_events.max(1));
        let gauge = Arc::new(Gauge::default());
        let queue = Self { jobs, gauge: Arc::clone(&gauge), bytes_max: options.queue_bytes };
        (queue, receiver, gauge)
    }

    /// Queues a command, or says at once that there is no room.
    pub(crate) fn offer(&self, command: Command) -> Result<(), IngestError> {
        let bytes = command.bytes();
        if self.gauge.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.bytes_max {
            self.gauge.release(bytes);
            return Err(IngestError::Overloaded);
        }
        self.gauge.enter();
        self.jobs.try_send(command).map_err(|error| {
            self.gauge.leave();
            self.gauge.release(bytes);
            match error {
                TrySendError::Full(_) => IngestError::Overloaded,
                TrySendError::Disconnected(_) => closed(),
            }
        })
    }

    /// Queues a command, waiting for room. Bytes do not count: a caller that waits
    /// holds its body anyway.
    pub(crate) fn put(&self, command: Command) -> Result<(), IngestError> {
        self.gauge.bytes.fetch_add(command.bytes(), Ordering::Relaxed);
        self.gauge.enter();
        self.jobs.send(command).map_err(|_| closed())
    }
}

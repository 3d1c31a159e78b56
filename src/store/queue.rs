//! The bounded queue in front of the writer.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use super::pulse::Pulse;
use super::write_recovery::WriteFailure;
use super::writer::Writer;
use super::{Delivery, IngestError, Options, Receipt, Waiting};
use crate::journal::Refused;

/// Told what became of a delivery, on the writer's thread.
pub(super) type Reply = Box<dyn FnOnce(Result<Receipt, IngestError>) + Send>;

/// Told that a refused delivery is kept, on the writer's thread.
pub(super) type Kept = Box<dyn FnOnce(Result<(), IngestError>) + Send>;

/// What else the writer is asked to do, once what came before is committed.
pub(super) type Task = Box<dyn FnOnce(&mut Writer) + Send>;

/// One thing for the writer to do.
pub(super) enum Job {
    Deliver(Box<Pending>),
    Keep(Box<Refused>, Kept),
    Run(Task),
}

impl Job {
    /// Bytes from outside that it holds.
    fn bytes(&self) -> usize {
        match self {
            Self::Deliver(pending) => pending.delivery.body.len(),
            Self::Keep(refused, _) => refused.body.len(),
            Self::Run(_) => 0,
        }
    }
}

/// A delivery that waits for its commit.
pub(super) struct Pending {
    pub(super) delivery: Delivery,
    pub(super) reply: Reply,
}

/// The sender's end. Both the number of deliveries and the bytes of their
/// bodies are bounded.
#[derive(Debug)]
pub(super) struct Queue {
    jobs: SyncSender<Job>,
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
pub(super) struct Gauge {
    jobs: AtomicUsize,
    bytes: AtomicUsize,
    is_ready: AtomicBool,
    failure: Mutex<Option<Failure>>,
    pub(super) pulse: Pulse,
}

impl Gauge {
    pub(super) fn release(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    /// Notes that a job is about to wait.
    fn enter(&self) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
    }

    /// Notes that the writer has taken a job, or that it never came to wait.
    pub(super) fn leave(&self) {
        self.jobs.fetch_sub(1, Ordering::Relaxed);
    }

    pub(super) fn waiting(&self) -> Waiting {
        let (jobs, bytes) = (&self.jobs, &self.bytes);
        Waiting { jobs: jobs.load(Ordering::Relaxed), bytes: bytes.load(Ordering::Relaxed) }
    }

    /// Notes that the writer knows what it has to know of earlier deliveries.
    pub(super) fn be_ready(&self) {
        self.is_ready.store(true, Ordering::Release);
    }

    pub(super) fn is_ready(&self) -> bool {
        self.is_ready.load(Ordering::Acquire)
    }

    /// Notes that nothing can be written any more; the first such reason stays.
    pub(super) fn fail(&self, reason: String) {
        let mut failure = self.lock_failure();
        if failure.as_ref().is_none_or(|failure| failure.is_pause) {
            *failure = Some(Failure { reason, since: Instant::now(), is_pause: false });
        }
    }

    /// Notes that nothing can be written for now.
    pub(super) fn pause(&self, reason: String) {
        let since = Instant::now();
        self.lock_failure().get_or_insert(Failure { reason, since, is_pause: true });
    }

    /// Notes that a pause has ended.
    pub(super) fn resume(&self) {
        self.lock_failure().take_if(|failure| failure.is_pause);
    }

    pub(super) fn is_paused(&self) -> bool {
        self.lock_failure().as_ref().is_some_and(|failure| failure.is_pause)
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.lock_failure().as_ref().map(|failure| failure.reason.clone())
    }

    pub(super) fn write_failure(&self) -> Option<WriteFailure> {
        self.lock_failure().as_ref().map(|failure| WriteFailure {
            reason: failure.reason.clone(),
            lasted: failure.since.elapsed(),
            is_final: !failure.is_pause,
        })
    }

    fn lock_failure(&self) -> MutexGuard<'_, Option<Failure>> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn closed() -> IngestError {
    IngestError::Unavailable { reason: "it is closed".to_owned() }
}

impl Queue {
    pub(super) fn new(options: &Options) -> (Self, Receiver<Job>, Arc<Gauge>) {
        let (jobs, receiver) = sync_channel(options.queue_events.max(1));
        let gauge = Arc::new(Gauge::default());
        let queue = Self { jobs, gauge: Arc::clone(&gauge), bytes_max: options.queue_bytes };
        (queue, receiver, gauge)
    }

    /// Queues a job, or says at once that there is no room.
    pub(super) fn offer(&self, job: Job) -> Result<(), IngestError> {
        let bytes = job.bytes();
        if self.gauge.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.bytes_max {
            self.gauge.release(bytes);
            return Err(IngestError::Overloaded);
        }
        self.gauge.enter();
        self.jobs.try_send(job).map_err(|error| {
            self.gauge.leave();
            self.gauge.release(bytes);
            match error {
                TrySendError::Full(_) => IngestError::Overloaded,
                TrySendError::Disconnected(_) => closed(),
            }
        })
    }

    /// Queues a job, waiting for room. Bytes do not count: a caller that waits
    /// holds its body anyway.
    pub(super) fn put(&self, job: Job) -> Result<(), IngestError> {
        self.gauge.bytes.fetch_add(job.bytes(), Ordering::Relaxed);
        self.gauge.enter();
        self.jobs.send(job).map_err(|_| closed())
    }
}

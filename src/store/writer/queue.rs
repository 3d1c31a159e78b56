//! The bounded queue in front of the writer.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::sync::{Arc, Mutex};

use crate::store::delivery::IngestError;
use crate::store::options::Options;
use crate::store::writer::command::Command;

/// Where threads of the store itself send commands to the writer, while it is open.
pub(crate) type ToWriter = Arc<Mutex<Option<SyncSender<Command>>>>;

/// What waits for the writer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backlog {
    /// Number of deliveries, including refused ones, and of other commands.
    pub jobs: usize,
    /// Bytes of their bodies.
    pub bytes: usize,
}

/// The running size of a [`Backlog`].
#[derive(Debug, Default)]
pub(crate) struct QueueSize {
    jobs: AtomicUsize,
    bytes: AtomicUsize,
}

impl QueueSize {
    /// Counts a command that is about to wait.
    fn add_job(&self) {
        self.jobs.fetch_add(1, Ordering::Relaxed);
    }

    /// Stops counting a command that the writer has taken, or that was not queued.
    pub(crate) fn remove_job(&self) {
        self.jobs.fetch_sub(1, Ordering::Relaxed);
    }

    /// Stops counting bytes of bodies.
    pub(crate) fn release_bytes(&self, bytes: usize) {
        self.bytes.fetch_sub(bytes, Ordering::Relaxed);
    }

    pub(crate) fn backlog(&self) -> Backlog {
        let (jobs, bytes) = (&self.jobs, &self.bytes);
        Backlog { jobs: jobs.load(Ordering::Relaxed), bytes: bytes.load(Ordering::Relaxed) }
    }
}

/// The sender's end. Both the number of deliveries and the bytes of their bodies are
/// bounded.
#[derive(Debug)]
pub(crate) struct Queue {
    commands: SyncSender<Command>,
    size: Arc<QueueSize>,
    bytes_max: usize,
}

fn closed() -> IngestError {
    IngestError::unavailable("it is closed")
}

impl Queue {
    pub(crate) fn new(options: &Options, size: Arc<QueueSize>) -> (Self, Receiver<Command>) {
        let (commands, receiver) = sync_channel(options.queue_events.max(1));
        (Self { commands, size, bytes_max: options.queue_bytes }, receiver)
    }

    /// Returns a sender for what is loaded for the writer, which does not count: what waited
    /// for it counts.
    pub(crate) fn sender(&self) -> SyncSender<Command> {
        self.commands.clone()
    }

    /// Queues a command, or returns an error at once if there is no room.
    pub(crate) fn try_send(&self, command: Command) -> Result<(), IngestError> {
        let bytes = command.bytes();
        if self.size.bytes.fetch_add(bytes, Ordering::Relaxed) + bytes > self.bytes_max {
            self.size.release_bytes(bytes);
            return Err(IngestError::Overloaded);
        }
        self.size.add_job();
        self.commands.try_send(command).map_err(|error| {
            self.size.remove_job();
            self.size.release_bytes(bytes);
            match error {
                TrySendError::Full(_) => IngestError::Overloaded,
                TrySendError::Disconnected(_) => closed(),
            }
        })
    }

    /// Queues a command, waiting for room. Bytes do not count: a caller that waits
    /// holds its body anyway.
    pub(crate) fn send_waiting(&self, command: Command) -> Result<(), IngestError> {
        self.size.bytes.fetch_add(command.bytes(), Ordering::Relaxed);
        self.size.add_job();
        self.commands.send(command).map_err(|_| closed())
    }
}

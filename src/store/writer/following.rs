//! When the writer looks for what other processes have appended to the same journal.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use crate::journal::{Compaction, Position};
use crate::store::writer::command::Command;
use crate::store::writer::queue::ToWriter;
use crate::sync::IgnorePoison;

/// How long to wait before looking again while others are writing.
const PAUSE: Duration = Duration::from_millis(5);

/// The same, once nothing has come for [`BUSY`].
const PAUSE_IDLE: Duration = Duration::from_millis(50);

const BUSY: Duration = Duration::from_secs(1);

/// How often a process that does not save checkpoints tries to become the one that does.
const MAINTAIN_EVERY: Duration = Duration::from_secs(1);

/// For how long a process may not have looked before its answers are too old: the database
/// does not answer then.
const OVERDUE: Duration = Duration::from_secs(10);

/// What all threads know of how the writer follows the others.
#[derive(Debug)]
pub(crate) struct LastLook {
    /// Whether a query waits for what may have come.
    hurry: AtomicBool,
    at: Mutex<Instant>,
    maintains: AtomicBool,
    to_writer: ToWriter,
}

impl LastLook {
    fn new(to_writer: &ToWriter) -> Self {
        Self {
            hurry: AtomicBool::new(false),
            at: Mutex::new(Instant::now()),
            maintains: AtomicBool::new(false),
            to_writer: Arc::clone(to_writer),
        }
    }

    /// Has the writer look now rather than in a few milliseconds.
    pub(crate) fn hurry(&self) {
        if self.hurry.swap(true, Ordering::SeqCst) {
            return;
        }
        if let Some(writer) = &*self.to_writer.lock().ignore_poison() {
            // With a full queue the writer is awake, and looks.
            writer.try_send(Command::Follow).unwrap_or_default();
        }
    }

    /// Returns how long ago the writer looked.
    pub(crate) fn age(&self) -> Duration {
        self.at.lock().ignore_poison().elapsed()
    }

    /// Returns whether that was long ago.
    pub(crate) fn is_overdue(&self) -> bool {
        self.age() > OVERDUE
    }

    /// Returns whether this process saves checkpoints.
    pub(crate) fn maintains(&self) -> bool {
        self.maintains.load(Ordering::Relaxed)
    }
}

/// How far this process has followed the others.
#[derive(Debug)]
pub(crate) struct Following {
    /// The compactions and erasures that are repeated here.
    pub(crate) revision: u64,
    /// The compactions that were repeated last, after the same event: they are read once more
    /// with the next one.
    pub(crate) repeated: HashSet<Compaction>,
    maintain_at: Instant,
    next: Instant,
    news_at: Instant,
    last: Arc<LastLook>,
}

impl Following {
    /// Begins where opening has come.
    pub(crate) fn new(Position { revision, .. }: Position, to_writer: &ToWriter) -> Self {
        let (now, last) = (Instant::now(), Arc::new(LastLook::new(to_writer)));
        let repeated = HashSet::new();
        Self { revision, repeated, maintain_at: now, next: now, news_at: now, last }
    }

    /// Notes a compaction that is done here, too.
    pub(crate) fn note_compaction(&mut self, done: &Compaction) {
        self.repeated.retain(|earlier| earlier.at >= done.at);
        self.repeated.insert(done.clone());
    }

    /// Returns what all threads may know.
    pub(crate) fn last_look(&self) -> Arc<LastLook> {
        Arc::clone(&self.last)
    }

    /// Returns when to look next.
    pub(crate) fn due_in(&self, now: Instant) -> Duration {
        self.next.saturating_duration_since(now)
    }

    /// Notes that all there is has been repeated, and whether that was anything.
    pub(crate) fn note(&mut self, has_news: bool) {
        let now = Instant::now();
        *self.last.at.lock().ignore_poison() = now;
        if has_news {
            self.news_at = now;
        }
        let is_busy = now.duration_since(self.news_at) < BUSY;
        self.next = now + if is_busy { PAUSE } else { PAUSE_IDLE };
    }

    /// Takes back what [`hurry`](LastLook::hurry) has asked for. To be called before looking.
    pub(crate) fn begin(&self) {
        self.last.hurry.store(false, Ordering::SeqCst);
    }

    /// Returns whether this process saves checkpoints, compacts and prunes.
    pub(crate) fn maintains(&self) -> bool {
        self.last.maintains()
    }

    /// Notes whether it does.
    pub(crate) fn set_maintains(&self, maintains: bool) {
        self.last.maintains.store(maintains, Ordering::Relaxed);
    }

    /// Returns whether it is time to try to become the process that saves checkpoints.
    pub(crate) fn tries_to_maintain(&mut self) -> bool {
        let now = Instant::now();
        let is_due = !self.last.maintains() && now >= self.maintain_at;
        if is_due {
            self.maintain_at = now + MAINTAIN_EVERY;
        }
        is_due
    }
}

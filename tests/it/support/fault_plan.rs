//! What goes wrong with a journal, and when.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use crate::support::counting_reader::Reads;

/// How an append fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Before anything is written: no space.
    Full,
    /// Before anything is written, while another process writes as many.
    Taken,
    /// Before anything is written, while another process writes the same.
    Same,
    /// After half of the batch was written and committed.
    Short,
    /// After all of it was written, by the fsync: it may or may not be there
    /// after a crash.
    Sync,
    /// By claiming another head than there is.
    Lie,
    /// By a panic, after all of it was written.
    Panic,
}

/// What goes wrong, and when.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    /// Appends that go well before one fails.
    pub(crate) appends_left: AtomicU64,
    /// Appends that fail before they go well again.
    pub(crate) failures_left: AtomicU64,
    /// Whether checkpoints fail, once all of one is told.
    pub(crate) checkpoints_fail: AtomicBool,
    /// Parts of checkpoints that are saved before all fail, if not 0; one more than that.
    pub(crate) parts_left: AtomicU64,
    /// How long the saving of each row of a checkpoint takes, in microseconds.
    pub(crate) row_delay_us: AtomicU64,
    pub(crate) prunes_fail: AtomicBool,
    pub(crate) letters_fail: AtomicBool,
    /// Whether writing a compaction down fails.
    pub(crate) compactions_fail: AtomicBool,
    /// Whether one that fails was written all the same.
    pub(crate) compactions_last: AtomicBool,
    /// Whether the ids of deliveries cannot be read.
    pub(crate) accepted_fails: AtomicBool,
    /// Entries whose ids are told by `accepted`.
    pub(crate) ids_read: AtomicU64,
    /// Times that ids were to be indexed.
    pub(crate) indexings: AtomicU64,
    /// The entry at which reading panics, or 0.
    pub(crate) panics_at: AtomicU64,
    /// The entry at which reading fails once, or 0.
    pub(crate) read_fails_at: AtomicU64,
    /// Whether attempts to recover fail too.
    pub(crate) is_away: AtomicBool,
    /// Whether the process is dead: it can do nothing any more.
    pub(crate) is_dead: AtomicBool,
    /// Whether the connection is lost, until the journal is recovered.
    pub(crate) is_cut: AtomicBool,
    /// How long it then takes to connect again, in milliseconds.
    pub(crate) cut_ms: AtomicU64,
    /// Whether it dies with the next append that fails.
    pub(crate) dies: AtomicBool,
    /// How long every append takes, in milliseconds.
    pub(crate) delay_ms: AtomicU64,
    /// Whether its log is always being moved.
    pub(crate) is_moving_log: AtomicBool,
    /// What its readers have read.
    pub(crate) reads: Arc<Reads>,
}

/// The plan of the process that saves checkpoints, by its address.
pub(crate) type Saver = Arc<Mutex<Option<usize>>>;

impl Plan {
    /// Cuts the connection of this process: what it holds in the database is free at once, and
    /// it notices when it uses the connection.
    pub(crate) fn cut(self: &Arc<Self>, saver: &Saver) {
        self.is_cut.store(true, Ordering::Relaxed);
        self.stop_saving(saver);
    }

    /// Makes this process the one that saves the checkpoints.
    pub(crate) fn start_saving(self: &Arc<Self>, saver: &Saver) {
        *saver.lock().unwrap() = Some(Arc::as_ptr(self).addr());
    }

    /// Lets another process save the checkpoints.
    pub(crate) fn stop_saving(self: &Arc<Self>, saver: &Saver) {
        saver.lock().unwrap().take_if(|it| *it == Arc::as_ptr(self).addr());
    }
}

//! Moving the pages of the write-ahead log to the main file, on a thread of its own, so that
//! no commit waits for it.

use std::fs::File;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread::{self, JoinHandle};

use rusqlite::hooks::Wal;
use rusqlite::wal::CheckpointMode;
use rusqlite::{Connection, MAIN_DB};

use crate::journal::error::JournalError;
use crate::journal::sqlite::connection;
use crate::sync::IgnorePoison;

/// Number of pages in the log before they are moved. A commit waits while the disk syncs what
/// was moved, so it is few of them: with 1,500, the slowest commits took twice as long.
const PAGES: i32 = 400;

/// Number of pages in the log beyond which commits wait for the thread to keep up.
const PAGES_MAX: i32 = 1_400;

/// A thread that moves pages until it is dropped.
#[derive(Debug)]
pub(super) struct LogMover {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    changed: Condvar,
    /// Whether the log has been moved since the last commit.
    is_moved: AtomicBool,
    /// Held during a move.
    moving: Mutex<()>,
}

#[derive(Debug, Default)]
struct State {
    /// Whether a move is to begin, or has begun.
    is_wanted: bool,
    is_closed: bool,
}

/// Moves all pages, in this mode of SQLite, and returns whether a reader keeps it from that.
pub(super) fn is_held(connection: &Connection, mode: &str) -> Result<bool, rusqlite::Error> {
    let checkpoint = format!("PRAGMA wal_checkpoint({mode})");
    connection.query_row(&checkpoint, [], |row| row.get(0))
}

impl LogMover {
    /// Starts moving the pages that this connection writes.
    ///
    /// Each move also syncs the database `file`, if there is one: SQLite itself syncs it only
    /// once all pages are moved, which is within a commit, and that would wait for all of
    /// them.
    pub(super) fn start(
        connection: &mut Connection,
        path: &Path,
        file: Option<Arc<File>>,
    ) -> Result<Self, JournalError> {
        let own = connection::connect_for_writing(path)?;
        connection::prepare(&own)?;
        let shared = Arc::new(Shared::default());
        let thread = thread::Builder::new().name("relata-log-mover".to_owned());
        let moved = Arc::clone(&shared);
        let thread = thread
            .spawn(move || moved.move_pages(&own, file.as_deref()))
            .map_err(|source| JournalError::File { path: path.into(), source })?;
        let told = Arc::clone(&shared);
        connection.wal_hook(Some(move |log: &mut Wal, pages| {
            told.committed(log, pages);
            Ok(())
        }))?;
        Ok(Self { shared, thread: Some(thread) })
    }

    /// Returns whether pages are being moved, or will be at once.
    pub(super) fn is_moving(&self) -> bool {
        lock(&self.shared.state).is_wanted
    }

    /// Waits for a move that has begun and keeps others from beginning: SQLite does one at
    /// a time and refuses a second.
    pub(super) fn pause(&self) -> MutexGuard<'_, ()> {
        lock(&self.shared.moving)
    }
}

impl Shared {
    /// Requests a move once there are enough pages. Its failure is not one of the commit.
    fn committed(&self, log: &mut Wal, pages: i32) {
        if pages >= PAGES_MAX {
            drop(lock(&self.moving));
        }
        // Few pages are written during a move; once those are moved, too, the next commit
        // writes the log from its start.
        if self.is_moved.swap(false, Ordering::Relaxed) || pages >= PAGES_MAX {
            log.checkpoint().unwrap_or_default();
        } else if pages >= PAGES {
            lock(&self.state).is_wanted = true;
            self.changed.notify_one();
        }
    }

    fn move_pages(&self, connection: &Connection, file: Option<&File>) {
        loop {
            let mut state = lock(&self.state);
            while !state.is_wanted && !state.is_closed {
                state = self.changed.wait(state).ignore_poison();
            }
            if state.is_closed {
                return;
            }
            drop(state);
            let moving = lock(&self.moving);
            let moved = connection.wal_checkpoint_v2(Some(MAIN_DB), CheckpointMode::PASSIVE);
            // SQLite's own sync, on a descriptor of its own, reports a failure again.
            if let Err(reason) = file.map_or(Ok(()), File::sync_data) {
                tracing::warn!(%reason, "the database file cannot be synced");
            }
            drop(moving);
            match moved {
                Ok(_) => self.is_moved.store(true, Ordering::Relaxed),
                // The log is only longer than necessary; the next commit requests it again.
                Err(error) => {
                    let reason = error.to_string();
                    tracing::debug!(reason, "the write-ahead log cannot be moved");
                }
            }
            lock(&self.state).is_wanted = false;
        }
    }
}

impl Drop for LogMover {
    fn drop(&mut self) {
        lock(&self.shared.state).is_closed = true;
        self.shared.changed.notify_one();
        if let Some(thread) = self.thread.take() {
            // It returns nothing, and a panic of it changes nothing.
            thread.join().unwrap_or_default();
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().ignore_poison()
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, Instant};

    use super::*;
    use crate::journal::sqlite::journal::SqliteJournal;

    /// What can wait is written once the log has been moved, so a move has to be seen from
    /// the commit that requests it to its end.
    #[test]
    fn a_move_of_the_log_is_seen() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("relata.db");
        drop(SqliteJournal::open(&path).unwrap());
        let mut connection = connection::connect_for_writing(&path).unwrap();
        connection::prepare(&connection).unwrap();
        connection.execute_batch("CREATE TABLE filler (bytes BLOB)").unwrap();
        let mover = LogMover::start(&mut connection, &path, None).unwrap();
        assert!(!mover.is_moving());
        let paused = mover.pause();
        connection.execute("INSERT INTO filler VALUES (zeroblob(7000000))", []).unwrap();
        assert!(mover.is_moving());
        assert!(std::fs::metadata(&path).unwrap().len() < 1 << 20);
        drop(paused);
        let deadline = Instant::now() + Duration::from_secs(60);
        while mover.is_moving() {
            assert!(Instant::now() < deadline);
            thread::sleep(Duration::from_millis(1));
        }
        assert!(std::fs::metadata(&path).unwrap().len() > 6 << 20);
    }
}

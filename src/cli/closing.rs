//! Closing a store within a limited time.

use std::sync::mpsc::sync_channel;
use std::time::Duration;

use anyhow::Context;
use relata::journal::Database;

/// How long closing may take if the database is a server's. One that is gone is noticed within
/// seconds; one that is stopped never answers, and nothing shows that it will not.
const CLOSE_MAX: Duration = Duration::from_secs(30);

/// Does what closes a store, and returns what came of it. A file is waited for; of a server
/// that does not answer, this says so when the time is up, and the process can end.
///
/// What was acknowledged is in the database whatever happens here: a checkpoint that was not
/// saved makes the next start slower, and no more.
pub(super) fn close_within_limit<T: Send + 'static>(
    db: &Database,
    close: impl FnOnce() -> T + Send + 'static,
) -> anyhow::Result<T> {
    if db.file().is_some() {
        return Ok(close());
    }
    let (sender, closed) = sync_channel(1);
    let thread = std::thread::Builder::new().name("relata-close".to_owned());
    // If nobody waits any more, the process is ending.
    thread.spawn(move || sender.send(close()).unwrap_or_default())?;
    closed.recv_timeout(CLOSE_MAX).with_context(|| {
        format!(
            "{db}: the database server does not answer, so no last checkpoint is saved; the next \
             start replays the events after the one before"
        )
    })
}

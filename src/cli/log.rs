//! The log on standard error, which never makes the process wait.
//!
//! A separate thread writes it. Standard error may be a pipe whose reader is stuck, and
//! whoever writes to it waits: a request that is refused, the writer of the store, finally
//! the whole server. So lines wait in a buffer of limited size, and lines for which there is
//! no room are dropped, counted and reported afterwards.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::time::{Duration, Instant};
use std::{mem, thread};

use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::fmt::MakeWriter;

use crate::config::{LogFormat, wants_color};
use crate::sync::IgnorePoison;

/// Size of the buffer, in bytes.
const BUFFER_BYTES: usize = 1 << 20;

/// How long the end of the process waits for the buffer to be written.
const FLUSH: Duration = Duration::from_secs(1);

/// The log of this process, once it is started.
static LOG: OnceLock<Arc<Log>> = OnceLock::new();

/// Starts logging to standard error.
///
/// A line that cannot be written is lost: by default the subscriber reports it with
/// `eprintln!`, which panics if standard error has failed, and with it the request or the
/// start of the server.
pub(super) fn start(level: LevelFilter, format: LogFormat) -> io::Result<FlushOnDrop> {
    let log = Arc::clone(LOG.get_or_init(Arc::default));
    let writer = Arc::clone(&log);
    thread::Builder::new().name("relata-log".to_owned()).spawn(move || writer.write_on())?;
    std::panic::set_hook(Box::new(|panic| {
        let trace = Backtrace::capture();
        if trace.status() == BacktraceStatus::Captured {
            tracing::error!("{panic}\n{trace}");
        } else {
            tracing::error!("{panic}");
        }
    }));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(io::stderr().is_terminal() && wants_color())
        .log_internal_errors(false)
        .with_writer(Lines(log));
    match format {
        LogFormat::Human => subscriber.init(),
        LogFormat::Json => subscriber.json().flatten_event(true).init(),
    }
    Ok(FlushOnDrop)
}

/// Flushes the log when the process ends, even by a panic.
#[derive(Debug)]
pub(super) struct FlushOnDrop;

impl Drop for FlushOnDrop {
    fn drop(&mut self) {
        flush();
    }
}

/// Returns the number of lines dropped so far.
pub(super) fn dropped_lines() -> Arc<AtomicU64> {
    Arc::clone(&LOG.get_or_init(Arc::default).dropped)
}

/// Waits for the log to be written, but not for long: its reader may be stuck.
pub(super) fn flush() {
    if let Some(log) = LOG.get() {
        log.flush(FLUSH);
    }
}

/// Waits as [`flush`] does, and accepts no more lines: errors caused by the end of the process
/// are not worth one.
pub(super) fn close() {
    if let Some(log) = LOG.get() {
        log.lock().is_closed = true;
    }
    flush();
}

/// Writes a line to standard error, after the log.
pub(super) fn print_error_line(line: &str) {
    let line = format!("{line}\n");
    match LOG.get() {
        Some(log) => {
            log.push(line.as_bytes());
            log.flush(FLUSH);
        }
        // If standard error is closed, the line is lost.
        None => io::stderr().write_all(line.as_bytes()).unwrap_or_default(),
    }
}

/// Lines to be written to standard error.
#[derive(Debug, Default)]
struct Log {
    pending: Mutex<Pending>,
    changed: Condvar,
    /// Number of lines for which there was no room.
    dropped: Arc<AtomicU64>,
}

#[derive(Debug, Default)]
struct Pending {
    lines: Vec<u8>,
    /// Whether lines are being written.
    is_writing: bool,
    /// Whether no more lines are accepted.
    is_closed: bool,
}

impl Log {
    fn lock(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().ignore_poison()
    }

    /// Adds a line if there is room for it.
    fn push(&self, line: &[u8]) {
        let mut pending = self.lock();
        if pending.is_closed {
            return;
        }
        if pending.lines.len() + line.len() > BUFFER_BYTES {
            self.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let was_empty = pending.lines.is_empty();
        pending.lines.extend_from_slice(line);
        drop(pending);
        if was_empty {
            self.changed.notify_all();
        }
    }

    /// Writes lines as they arrive.
    fn write_on(&self) {
        let (mut lines, mut reported) = (Vec::new(), 0);
        loop {
            {
                let mut pending = self.lock();
                pending.is_writing = false;
                self.changed.notify_all();
                while pending.lines.is_empty() {
                    pending = self.changed.wait(pending).ignore_poison();
                }
                mem::swap(&mut pending.lines, &mut lines);
                pending.is_writing = true;
            }
            // A line that cannot be written is lost; the next one is tried.
            io::stderr().write_all(&lines).unwrap_or_default();
            lines.clear();
            let dropped = self.dropped.load(Ordering::Relaxed);
            if dropped > reported {
                let lines = dropped - reported;
                reported = dropped;
                tracing::warn!(lines, "log lines were dropped: they were not read in time");
            }
        }
    }

    fn flush(&self, at_most: Duration) {
        let end = Instant::now() + at_most;
        let mut pending = self.lock();
        while pending.is_writing || !pending.lines.is_empty() {
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            let waited = self.changed.wait_timeout(pending, left);
            pending = waited.ignore_poison().0;
        }
    }
}

/// Passes each line of the subscriber, which writes whole lines, to the log.
#[derive(Debug)]
struct Lines(Arc<Log>);

impl<'a> MakeWriter<'a> for Lines {
    type Writer = &'a Self;

    fn make_writer(&'a self) -> Self::Writer {
        self
    }
}

impl Write for &Lines {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        self.0.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

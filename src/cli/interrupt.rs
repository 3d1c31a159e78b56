//! Removing unfinished files when a signal ends a command.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::{fs, io, thread};

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::log;
use crate::cli::serve::SIGXFSZ;
use crate::sync::IgnorePoison;

/// Maximum number of attempts to remove a folder.
const REMOVALS: u32 = 100;

/// A file or folder that is removed if a signal ends the process.
pub(super) struct Cleanup {
    unfinished: Arc<Mutex<Option<PathBuf>>>,
}

impl Cleanup {
    /// Watches for signals from now on.
    pub(super) fn watch() -> io::Result<Self> {
        let unfinished = Arc::default();
        let runtime = Builder::new_current_thread().enable_io().build()?;
        let signals = {
            let _entered = runtime.enter();
            Signals::watch()?
        };
        let watched = Arc::clone(&unfinished);
        thread::Builder::new().name("relata-signals".to_owned()).spawn(move || {
            let number = runtime.block_on(signals.first());
            // Held until the process has ended: the error of a command whose file is gone must
            // not decide how it ends.
            let unfinished = lock(&watched);
            log::close();
            if let Some(path) = unfinished.as_deref() {
                remove(path);
            }
            std::process::exit(128 + number);
        })?;
        Ok(Self { unfinished })
    }

    /// Creates a file and registers it, without a signal in between.
    pub(super) fn begin_with<T>(
        &mut self,
        create: impl FnOnce() -> io::Result<(T, PathBuf)>,
    ) -> io::Result<T> {
        let mut unfinished = lock(&self.unfinished);
        let (created, path) = create()?;
        *unfinished = Some(path);
        Ok(created)
    }

    /// Finishes the file and unregisters it, without a signal in between.
    pub(super) fn end_with<T>(&self, finish: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut unfinished = lock(&self.unfinished);
        let finished = finish()?;
        *unfinished = None;
        Ok(finished)
    }
}

impl Drop for Cleanup {
    /// Waits for the end of the process if a signal has arrived.
    fn drop(&mut self) {
        drop(lock(&self.unfinished));
    }
}

/// Removes a file or folder. It may be gone already; errors cannot be reported.
fn remove(path: &Path) {
    if !path.is_dir() {
        return fs::remove_file(path).unwrap_or_default();
    }
    // Other threads still write into it: a file may appear while others are removed.
    for _ in 0..REMOVALS {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == io::ErrorKind::DirectoryNotEmpty => {}
            _ => return,
        }
    }
}

fn lock(unfinished: &Mutex<Option<PathBuf>>) -> MutexGuard<'_, Option<PathBuf>> {
    unfinished.lock().ignore_poison()
}

/// The signals that end a process.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
    /// Handled so that a write beyond a limit on file sizes fails instead of ending the process.
    _file_limit: Signal,
}

impl Signals {
    fn watch() -> io::Result<Self> {
        let hangup = SignalKind::hangup();
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
            hangup: if is_ignored(hangup) { None } else { Some(signal(hangup)?) },
            _file_limit: signal(SignalKind::from_raw(SIGXFSZ))?,
        })
    }

    /// Waits for the first signal and returns its number.
    async fn first(mut self) -> i32 {
        let kind = tokio::select! {
            _ = self.interrupt.recv() => SignalKind::interrupt(),
            _ = self.terminate.recv() => SignalKind::terminate(),
            () = received(self.hangup) => SignalKind::hangup(),
        };
        kind.as_raw_value()
    }
}

async fn received(signal: Option<Signal>) {
    match signal {
        Some(mut signal) => drop(signal.recv().await),
        None => std::future::pending().await,
    }
}

/// Returns whether the process was started to outlive a signal, as by `nohup`. Handling the
/// signal would undo that.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // If unknown, the effect of the signal is left unchanged.
    mask.is_none_or(|mask| mask & (1 << (kind.as_raw_value() - 1)) != 0)
}

//! What is removed when a command is told to end.

use std::fs;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use super::log;
use super::serve::SIGXFSZ;

/// A file or folder that a signal to end the process removes.
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
            if let Some(path) = lock(&watched).take() {
                let removed =
                    if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
                // It may be gone already; there is nobody to tell.
                removed.unwrap_or_default();
            }
            log::flush();
            std::process::exit(128 + number);
        })?;
        Ok(Self { unfinished })
    }

    /// Creates a file, with no signal between that and its being known.
    pub(super) fn begin_with<T>(
        &mut self,
        create: impl FnOnce() -> io::Result<(T, PathBuf)>,
    ) -> io::Result<T> {
        let mut unfinished = lock(&self.unfinished);
        let (created, path) = create()?;
        *unfinished = Some(path);
        Ok(created)
    }

    /// Finishes the file, with no signal between that and its being let go.
    pub(super) fn end_with<T>(&self, finish: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        let mut unfinished = lock(&self.unfinished);
        let finished = finish()?;
        *unfinished = None;
        Ok(finished)
    }
}

fn lock(unfinished: &Mutex<Option<PathBuf>>) -> MutexGuard<'_, Option<PathBuf>> {
    unfinished.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The signals that end a process.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    hangup: Option<Signal>,
    /// Taken so that a write past a limit on file sizes is an error of that write.
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

    /// Waits for the first of them, and returns its number.
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

/// Whether the process was started to outlive a signal, as by `nohup`. Watching
/// it would end that.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    // Where it cannot be known, what the signal does is left as it is.
    mask.is_none_or(|mask| mask & (1 << (kind.as_raw_value() - 1)) != 0)
}

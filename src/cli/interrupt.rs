//! What is removed when a command is told to end.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};
use std::{fs, io, thread};

use tokio::runtime::Builder;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::log;
use crate::cli::serve::SIGXFSZ;
use crate::sync::IgnorePoison;

/// How often the removal of a folder is tried.
const REMOVALS: u32 = 100;

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
            // Held until the process has ended: what the command meets when its file is
            // gone must not become its end.
            let unfinished = lock(&watched);
            log::close();
            if let Some(path) = unfinished.as_deref() {
                remove(path);
            }
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

impl Drop for Cleanup {
    /// Waits for a signal's end of the process, if one has come.
    fn drop(&mut self) {
        drop(lock(&self.unfinished));
    }
}

/// Removes a file or folder. It may be gone already, and there is nobody to tell.
fn remove(path: &Path) {
    if !path.is_dir() {
        return fs::remove_file(path).unwrap_or_default();
    }
    // Others still write into it: a file may come while those before it go.
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

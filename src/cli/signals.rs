//! Signals that stop the process.

use std::future::Future;
use std::io::IsTerminal;
use std::process::exit;

use tokio::runtime;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::oneshot;

use crate::cli::log;

/// Waits for a signal to stop.
pub(super) async fn stop(mut terminate: Signal, mut interrupt: Signal) {
    next(&mut terminate, &mut interrupt).await;
}

/// Waits for either signal and returns its number.
async fn next(terminate: &mut Signal, interrupt: &mut Signal) -> i32 {
    tokio::select! {
        _ = terminate.recv() => SignalKind::terminate().as_raw_value(),
        _ = interrupt.recv() => SignalKind::interrupt().as_raw_value(),
    }
}

/// Returns a future that resolves at the first signal to stop, by [`on_stop`].
pub(super) fn watch() -> std::io::Result<impl Future<Output = ()>> {
    let (stop, stopped) = oneshot::channel();
    on_stop(move || stop.send(()).unwrap_or_default())?;
    Ok(async { stopped.await.unwrap_or_default() })
}

/// Calls `stop` at the first signal to stop. The second ends the process at once, however far
/// the stop has come; what was acknowledged is on disk.
///
/// A hang-up stops a server that was started in a terminal. Any other server ignores it: it
/// comes from tools that expect a log file or a configuration to be reopened.
pub(super) fn on_stop(stop: impl FnOnce() + Send + 'static) -> std::io::Result<()> {
    // A separate runtime: the server's ends before the last checkpoint is saved.
    let runtime = runtime::Builder::new_current_thread().enable_io().build()?;
    let guard = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    drop(guard);
    let in_terminal = std::io::stdin().is_terminal();
    std::thread::Builder::new().name("relata-signals".to_owned()).spawn(move || {
        runtime.block_on(async move {
            let terminal_closed = async {
                hang_up.recv().await;
                if !in_terminal {
                    std::future::pending::<()>().await;
                }
            };
            tokio::select! {
                _ = next(&mut terminate, &mut interrupt) => {}
                () = terminal_closed => {}
            }
            stop();
            let signal = next(&mut terminate, &mut interrupt).await;
            tracing::warn!("a second signal: ending at once");
            log::flush();
            exit(128 + signal);
        });
    })?;
    Ok(())
}

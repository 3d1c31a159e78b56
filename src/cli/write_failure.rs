//! Ending a server that cannot write, for its supervisor to restart it.

use std::process::ExitCode;
use std::time::Duration;

use relata::Store;

/// The exit status: `EX_IOERR` of `sysexits.h`. No other failure ends a server with it.
const STATUS: u8 = 74;

/// How long a failure that can end by itself may last: longer than another program holds a
/// lock, or a person needs to make room. A restart loads every graph, and would not help.
const PATIENCE: Duration = Duration::from_secs(60);

/// Interval at which the store is polled.
const EVERY: Duration = Duration::from_millis(100);

/// Waits until a store cannot write, and most likely will not recover without a restart.
pub(super) async fn lasting(store: &Store) {
    while !store.write_failure().is_some_and(|it| is_lasting(it.is_final, it.lasted)) {
        tokio::time::sleep(EVERY).await;
    }
}

fn is_lasting(is_final: bool, lasted: Duration) -> bool {
    is_final || lasted >= PATIENCE
}

/// Closes the store and logs why the server ends.
pub(super) fn leave(store: Store) -> ExitCode {
    let failure = store.write_failure();
    // Saves what can still be saved; that it may be incomplete is known.
    let closed = store.close();
    let reason = failure.map(|failure| failure.reason).or(closed.err().map(|it| it.to_string()));
    exit(&reason.unwrap_or_else(|| "the storage has failed for too long".to_owned()))
}

/// Logs why the server ends whose store cannot even be closed.
pub(super) fn leave_unclosed(error: &anyhow::Error) -> ExitCode {
    exit(&error.to_string())
}

fn exit(reason: &str) -> ExitCode {
    tracing::error!(
        reason,
        status = STATUS,
        "exiting: the store cannot write, and --on-write-failure is exit"
    );
    ExitCode::from(STATUS)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A database browser that holds the file for some seconds must not cost a restart.
    #[test]
    fn only_what_is_final_or_lasts_ends_a_server() {
        for (is_final, seconds, ends) in
            [(true, 0, true), (false, 0, false), (false, 40, false), (false, 60, true)]
        {
            assert_eq!(is_lasting(is_final, Duration::from_secs(seconds)), ends);
        }
    }
}

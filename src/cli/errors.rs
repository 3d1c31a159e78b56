//! Errors on standard error: one line each, with advice.

use std::io;

use relata::OpenError;
use relata::journal::JournalError;

use crate::cli::log;

/// Prints an error to standard error, on one line.
pub(crate) fn print_error(error: &anyhow::Error) {
    if error.chain().any(is_broken_pipe) {
        return; // The reader of the output has stopped reading.
    }
    log::print_error_line(&format!("relata: {}", on_one_line(error)));
}

/// Returns whether an error is a broken pipe, also inside other I/O errors: an `io::Error`
/// does not list the error it wraps among its causes.
fn is_broken_pipe(cause: &(dyn std::error::Error + 'static)) -> bool {
    cause.downcast_ref::<io::Error>().is_some_and(|error| {
        error.kind() == io::ErrorKind::BrokenPipe
            || error.get_ref().is_some_and(|held| is_broken_pipe(held))
    })
}

/// Returns an error, those of its causes that add words, and advice.
fn on_one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain().map(ToString::to_string) {
        if !line.contains(&cause) {
            let joint = if line.is_empty() { "" } else { ": " };
            line.extend([joint, &cause]);
        }
    }
    let advice = error.chain().find_map(|cause| match cause.downcast_ref::<OpenError>() {
        Some(OpenError::Journal(error)) => Some(error.advice()),
        _ => cause.downcast_ref::<JournalError>().map(JournalError::advice),
    });
    line.extend(advice.map(|advice| format!("; {advice}")));
    line.replace('\n', " ")
}

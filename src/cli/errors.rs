//! Errors on standard error: one line each, with advice, and the records to choose from.

use std::io;

use relata::OpenError;
use relata::graph::QueryError;
use relata::journal::JournalError;

use crate::cli::database::SeveralLocations;
use crate::cli::log;
use crate::cli::node_name::Ambiguous;
use crate::cli::text::visible;

/// Prints an error to standard error, on one line, and below it the records that a name may
/// mean.
pub(crate) fn print_error(error: &anyhow::Error) {
    if error.chain().any(is_broken_pipe) {
        return; // The reader of the output has stopped reading.
    }
    log::print_error_line(&format!("relata: {}", visible(&on_one_line(error))));
    let choice = error.chain().find_map(|cause| cause.downcast_ref::<Ambiguous>());
    choice.into_iter().flat_map(Ambiguous::lines).for_each(|line| log::print_error_line(&line));
    let several = error.chain().find_map(|cause| cause.downcast_ref::<SeveralLocations>());
    several.into_iter().flat_map(SeveralLocations::lines).for_each(|it| log::print_error_line(&it));
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
        _ => cause
            .downcast_ref::<JournalError>()
            .map(JournalError::advice)
            .or_else(|| cause.downcast_ref::<QueryError>().and_then(advice)),
    });
    line.extend(advice.map(|advice| format!("; {advice}")));
    line.replace('\n', " ")
}

/// Returns what to do about a query that cannot be answered.
fn advice(error: &QueryError) -> Option<&'static str> {
    matches!(error, QueryError::Unknown(_)).then_some("`relata find` looks for records by name")
}

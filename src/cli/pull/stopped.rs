//! What is said of a pull that was stopped, and how it ends.

use std::process::ExitCode;

use relata::pull::StopReason;

use crate::cli::log;
use crate::cli::text::visible;

/// Exit status of a pull that must be run again.
pub(in crate::cli) const EXIT_AGAIN: u8 = 3;

/// Exit status when the requests of the day are used up: `EX_TEMPFAIL`.
pub(super) const EXIT_QUOTA: u8 = 75;

/// Returns the words for a reason.
pub(super) fn reason_text(stopped: &StopReason) -> String {
    match stopped {
        StopReason::Quota { left } => format!("{left} requests of the day are left"),
        StopReason::MaxRequests => "--max-requests were sent".to_owned(),
        StopReason::Unanswered(why) => format!("no answer: {why}"),
        _ => "as asked".to_owned(),
    }
}

/// Prints to standard error that the command was stopped, and what is missing for that.
/// Returns how it ends.
pub(in crate::cli) fn print_stopped(stopped: &StopReason, missing: &str) -> ExitCode {
    let line = format!("relata: stopped ({}): {missing}", reason_text(stopped));
    log::print_error_line(&visible(&line));
    ExitCode::from(exit_status(stopped))
}

/// Returns the exit status for a reason.
pub(super) fn exit_status(stopped: &StopReason) -> u8 {
    match stopped {
        StopReason::Quota { .. } => EXIT_QUOTA,
        _ => EXIT_AGAIN,
    }
}

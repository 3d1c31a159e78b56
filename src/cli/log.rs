//! The log: where it goes, and what happens when it cannot be written.

use std::io::IsTerminal;

use tracing_subscriber::filter::LevelFilter;

use crate::config::{LogFormat, wants_color};

/// Starts logging to standard error.
///
/// A line that cannot be written is lost: by default the subscriber reports it with
/// `eprintln!`, which panics when standard error is what has failed, and takes the
/// request, or the start of the server, with it.
pub(super) fn start(level: LevelFilter, format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_ansi(std::io::stderr().is_terminal() && wants_color())
        .log_internal_errors(false)
        .with_writer(std::io::stderr);
    match format {
        LogFormat::Human => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

//! `relata copy`.

use std::process::ExitCode;

use anyhow::{Context, anyhow};
use indicatif::{ProgressBar, ProgressStyle};
use relata::journal::{CopyError, Database, JournalError, copy};
use serde_json::json;

use crate::cli::database::ensure_exists;
use crate::cli::destination::Reserved;
use crate::cli::new_database::{create, ensure_new, of_place};
use crate::cli::output::{print_json, print_line, shows_progress};
use crate::config::CopyArgs;

pub(super) fn run(command: &CopyArgs) -> anyhow::Result<ExitCode> {
    let CopyArgs { from, to, json } = command;
    ensure_exists(from)?;
    let bar = progress()?;
    let mut report = |copied, total| {
        bar.set_length(total);
        bar.set_position(copied);
    };
    let last = match to.file() {
        None => copy(from, to, &mut report).map_err(explained)?,
        Some(path) => {
            Reserved::database(from).check(path).with_context(|| to.to_string())?;
            ensure_new(path)?;
            create(path, |temporary| {
                copy(from, &Database::from(temporary), &mut report).map_err(|error| {
                    if error.database == *from {
                        return explained(error);
                    }
                    let error = of_place(error.source, temporary, path);
                    error.unwrap_or_else(|error| anyhow::Error::new(error).context(to.to_string()))
                })
            })?
        }
    };
    bar.finish_and_clear();
    if *json {
        print_json(&json!({ "from": from.to_string(), "to": to.to_string(), "events": last }))?;
    } else {
        print_line(format_args!("{to} includes everything of {from} up to event {last}"))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Returns the error with what to do about it. Its own advice is that of a store that cannot
/// be opened; the one that is copied may well be repaired.
fn explained(error: CopyError) -> anyhow::Error {
    let CopyError { database, source } = error;
    match source {
        JournalError::DamagedCheckpoint { .. } => anyhow!(
            "{database}: {source}; `relata verify --repair` rebuilds it unless old events are \
             pruned: then restore a backup"
        ),
        source => anyhow::Error::new(source).context(database.to_string()),
    }
}

fn progress() -> anyhow::Result<ProgressBar> {
    if !shows_progress() {
        return Ok(ProgressBar::hidden());
    }
    let style = "{bar:40} {human_pos}/{human_len} rows copied {eta}";
    Ok(ProgressBar::new(0).with_style(ProgressStyle::with_template(style)?))
}
